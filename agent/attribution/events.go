package attribution

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrUnknown: no decision of this event id is known here.
	ErrUnknown = errors.New("attribution: unknown event id")
	// ErrGone: the event id is known, but its decision is not in the log any more.
	ErrGone = errors.New("attribution: the record of this decision is not on the node any more")
)

// Options are what the zero value leaves open.
type Options struct {
	Events   time.Duration // how long an event id stays known; default 72 h
	Outcomes time.Duration // how long an outcome's id stays known; default 7 days
	Persons  time.Duration // how long what a person saw and did is remembered; default 30 days
	Sessions time.Duration // and a session or basket; default 24 h
}

// Events are the decisions and outcomes of a node. All methods may be called at
// the same time.
type Events struct {
	// immutable after New
	store    *store.Store
	epoch    [4]byte
	consents *consent.Ledger
	secret   []byte
	tables   tables
	keep     keep
	showings *Showings

	changes [4096]atomic.Uint32 // see Change
}

type tables struct{ events, deferred, told, persons, sessions, households, members *store.Table }

// keep is how long events are known and histories go back, in milliseconds.
type keep struct{ events, persons, sessions int64 }

// New declares the tables; they are empty until the store has recovered. secret is
// that of the pseudonyms.
func New(st *store.Store, consents *consent.Ledger, secret []byte, o Options) *Events {
	or := func(d, otherwise time.Duration) time.Duration {
		if d == 0 {
			return otherwise
		}
		return d
	}
	events := or(o.Events, 72*time.Hour)
	persons, sessions := or(o.Persons, rulebook.PersonWindow), or(o.Sessions, rulebook.SessionWindow)
	epoch := st.Epoch()
	e := &Events{
		store: st, epoch: [4]byte(epoch[:4]), consents: consents, secret: secret,
		tables: tables{
			events:   st.Table(store.State, "events", events),
			deferred: st.Table(store.State, "deferred", events),
			told:     st.Table(store.State, "told", or(o.Outcomes, 7*24*time.Hour)),
			persons:  st.Table(store.State, "persons", persons),
			sessions: st.Table(store.State, "sessions", sessions),

			households: st.Table(store.State, "households", persons),
			members:    st.Table(store.State, "members", persons),
		},
		keep:     keep{events.Milliseconds(), persons.Milliseconds(), sessions.Milliseconds()},
		showings: &Showings{table: st.Table(store.State, "showings", 32*24*time.Hour), series: map[Tallied]*series{}},
	}
	st.Register(store.State, (*deriver)(e))
	return e
}

// SlotKey is the number by which an Entry names a slot.
func SlotKey(slot string) uint32 { return uint32(xxhash.Sum64String(slot)) }

// EventKey is the number by which a row names an event id.
type EventKey [16]byte

// KeyOf is the key of an event's or outcome's id. That of a UUIDv7 begins with its
// time, so that new rows lie side by side, in few pages of their file.
func KeyOf(id string) EventKey {
	var room [256]byte // a longer one costs an allocation
	sum := sha256.Sum256(append(room[:0], id...))
	k := EventKey(sum[:16])
	putTime(k[:6], id)
	return k
}

// putTime writes the time of a UUIDv7, 48 bits, and nothing of another text.
func putTime(dst []byte, id string) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[14] != '7' || id[18] != '-' || id[23] != '-' {
		return
	}
	var digits [12]byte
	copy(digits[copy(digits[:], id[:8]):], id[9:13])
	var at [6]byte
	if _, err := hex.Decode(at[:], digits[:]); err == nil {
		copy(dst, at[:])
	}
}

// Event is what the tables know of a decision.
type Event struct {
	Seq       uint64
	Request   [8]byte // first bytes of the request's digest
	Deferred  bool
	Activated bool // shown: not deferred, or activated since
	Group     bool // the id is of a group; what is told is of its first decision
	gone      bool // of another log
}

const (
	eventSize     = 2 + 4 + 8 + 8
	flagDeferred  = 1
	flagActivated = 2
	flagGroup     = 4
)

// Event finds a decision, in a view.
func (e *Events) Event(v *store.View, k EventKey) (ev Event, ok bool) {
	return e.parse(v.Get(e.tables.events, k[:]))
}

func (e *Events) parse(row []byte) (ev Event, ok bool) {
	if len(row) != eventSize || row[0] != version {
		return ev, false
	}
	ev.Deferred = row[1]&flagDeferred != 0
	ev.Activated = !ev.Deferred || row[1]&flagActivated != 0
	ev.Group = row[1]&flagGroup != 0
	ev.gone = [4]byte(row[2:]) != e.epoch
	ev.Seq, ev.Request = le.Uint64(row[6:]), [8]byte(row[14:])
	return ev, true
}

// Decision reads the record of a decision, and its node time. ErrGone.
func (e *Events) Decision(ev Event) (d *wire.Decision, atMs int64, err error) {
	if ev.gone {
		return nil, 0, ErrGone
	}
	return e.decision(ev.Seq)
}

func (e *Events) decision(seq uint64) (d *wire.Decision, atMs int64, err error) {
	rec, err := e.store.Record(seq)
	if errors.Is(err, store.ErrGone) || err == nil && rec.GetDecision() == nil { // erased since
		return nil, 0, ErrGone
	} else if err != nil {
		return nil, 0, err
	}
	return rec.GetDecision(), rec.AtMs, nil
}

// Find is Event and Decision for an event id: ErrUnknown, ErrGone. For that of a
// group it gives the group's first decision.
func (e *Events) Find(eventID string) (ev Event, d *wire.Decision, atMs int64, err error) {
	ok := false
	err = e.store.View(func(v *store.View) error {
		ev, ok = e.Event(v, KeyOf(eventID))
		return nil
	})
	if err == nil && !ok {
		err = ErrUnknown
	}
	if err == nil {
		d, atMs, err = e.Decision(ev)
	}
	if err == nil && ev.Group {
		return e.Find(d.EventId)
	}
	return ev, d, atMs, err
}

// History appends what is remembered of a person, household, session or basket.
// Entries are in the order of their times.
func (e *Events) History(dst []Entry, v *store.View, kind wire.Kind, who wire.Pseudonym) []Entry {
	if who == (wire.Pseudonym{}) {
		return dst
	}
	return appendEntries(dst, v.Get(e.table(kind), who[:]))
}

func (e *Events) table(kind wire.Kind) *store.Table {
	switch kind {
	case wire.Person:
		return e.tables.persons
	case wire.Household:
		return e.tables.households
	}
	return e.tables.sessions
}

// Change is a number that grows whenever a record names whom or what k is of: a
// pseudonym, or an EventKey. Others share it, so it may grow without reason. Who
// takes it before a view and finds it the same while committing knows that the
// view still holds.
func (e *Events) Change(k [16]byte) uint32 { return e.change(k).Load() }

func (e *Events) change(k [16]byte) *atomic.Uint32 {
	return &e.changes[le.Uint32(k[12:])%uint32(len(e.changes))] // not the time of an event
}
