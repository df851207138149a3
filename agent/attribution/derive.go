package attribution

import (
	"bytes"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// deriver is the Events as the store sees them.
type deriver Events

func (d *deriver) Load(v *store.View) error { return d.showings.load(v) }

func (d *deriver) Apply(tx *store.Tx, seq uint64, rec *wire.Record) {
	e := (*Events)(d)
	switch body := rec.Body.(type) {
	case *wire.Record_Decision:
		e.applyDecision(tx, seq, rec.AtMs, body.Decision)
	case *wire.Record_Activation:
		e.applyActivation(tx, rec.AtMs, body.Activation)
	case *wire.Record_Outcome:
		e.applyOutcome(tx, seq, rec.AtMs, body.Outcome)
	case *wire.Record_Consent:
		e.applyConsent(tx, body.Consent)
	case *wire.Record_Profile:
		e.touch(body.Profile.Pseudonym)
	case *wire.Record_Erasure:
		e.applyErasure(tx, body.Erasure)
	}
}

// touch says that something about a subject or an event changed.
func (e *Events) touch(k []byte) {
	if len(k) == len(EventKey{}) {
		e.change([16]byte(k)).Add(1)
	}
}

// showing is what of a decision is remembered.
type showing struct {
	decision                [16]byte
	person, session, basket wire.Pseudonym
	household               wire.Pseudonym
	slot                    uint32
	seq                     uint64
	items                   []uint64
	offers                  []uint64 // of each item its OfferKey, 0 for none
	counted                 bool     // for everybody
}

func (e *Events) applyDecision(tx *store.Tx, seq uint64, at int64, d *wire.Decision) {
	k := KeyOf(d.EventId)
	var row [eventSize]byte
	if d.Deferred {
		row[1] = flagDeferred
	}
	copy(row[2:], e.epoch[:])
	le.PutUint64(row[6:], seq)
	copy(row[14:], d.Request)
	tx.Put(e.tables.events, k[:], row[:])
	e.touch(k[:])
	e.enterGroup(tx, d.Group, row)

	s := showing{person: pseudonym(d.Pseudonym), session: pseudonym(d.Session), basket: pseudonym(d.Basket), household: pseudonym(d.Household), slot: SlotKey(d.Slot), seq: seq}
	copy(s.decision[:], d.Id)
	var room [2][16]uint64
	s.items, s.offers, s.counted = room[0][:0], room[1][:0], d.Counted
	if !d.Holdback {
		for i, id := range d.Items[:min(len(d.Items), len(d.Shown))] {
			s.items, s.offers = append(s.items, xxhash.Sum64String(id)), append(s.offers, s.offer(d.Shown[i]))
		}
	}
	if d.Deferred {
		tx.Put(e.tables.deferred, k[:], s.append(nil))
		return
	}
	e.remember(tx, &s, at, true)
}

// offer is the key of the first offer that prices a shown item.
func (s *showing) offer(x *wire.Shown) uint64 {
	if len(x.Applied) == 0 {
		return 0
	}
	return OfferKey(s.slot, x.Applied[0].Offer)
}

// enterGroup makes the first decision of a group be found by the group's event id,
// too, unless that names another one.
func (e *Events) enterGroup(tx *store.Tx, g *wire.Group, row [eventSize]byte) {
	if len(g.GetParts()) == 0 {
		return
	}
	k := KeyOf(g.EventId)
	if tx.Get(e.tables.events, k[:]) != nil {
		return
	}
	row[1] |= flagGroup
	tx.Put(e.tables.events, k[:], row[:])
	e.touch(k[:])
}

// remember enters what was shown in the histories. known says that the person
// was asked just now; else they may have withdrawn since.
func (e *Events) remember(tx *store.Tx, s *showing, at int64, known bool) {
	if len(s.items) == 0 {
		return
	}
	e.showings.count(tx, at, s)
	entry := Entry{Type: Shown, Slot: s.slot, Times: 1, At: at, Seq: s.seq}
	if known || !isClosed(tx.Get(e.tables.persons, s.person[:])) {
		e.extend(tx, e.tables.persons, s.person, entry, s.items, e.keep.persons)
		e.extend(tx, e.tables.households, s.household, entry, s.items, e.keep.persons)
		if s.household != (wire.Pseudonym{}) {
			tx.Put(e.tables.members, s.person[:], s.household[:])
		}
	}
	e.extend(tx, e.tables.sessions, s.session, entry, s.items, e.keep.sessions)
	e.extend(tx, e.tables.sessions, s.basket, entry, s.items, e.keep.sessions)
}

func (e *Events) extend(tx *store.Tx, t *store.Table, who wire.Pseudonym, entry Entry, items []uint64, keep int64) {
	if who == (wire.Pseudonym{}) {
		return
	}
	row := tx.Get(t, who[:])
	tx.PutRow(t, who[:], extend(tx.Room(t, roomFor(row, len(items))), row, entry, items, keep))
	e.touch(who[:])
}

func (e *Events) applyActivation(tx *store.Tx, at int64, a *wire.Activation) {
	k := KeyOf(a.EventId)
	row := slices.Clone(tx.Get(e.tables.events, k[:]))
	ev, ok := e.parse(row)
	s, known := parseShowing(tx.Get(e.tables.deferred, k[:]))
	if !ok || !known || ev.Activated || !bytes.Equal(s.decision[:], a.Decision) {
		return
	}
	row[1] |= flagActivated
	tx.Put(e.tables.events, k[:], row)
	tx.Delete(e.tables.deferred, k[:])
	e.touch(k[:])
	e.remember(tx, &s, at, false)
}

func (e *Events) applyOutcome(tx *store.Tx, seq uint64, at int64, o *wire.Outcome) {
	k := KeyOf(o.Id)
	tx.Put(e.tables.told, k[:], le.AppendUint64(nil, seq))
	if o.Item == "" {
		return
	}
	entry := Entry{Type: o.Type, Slot: SlotKey(o.Slot), Times: pieces(o), At: at, Seq: seq}
	item := []uint64{xxhash.Sum64String(o.Item)}
	if !o.Again { // who bought one piece that two slots showed bought one
		e.extend(tx, e.tables.persons, pseudonym(o.Pseudonym), entry, item, e.keep.persons)
		e.extend(tx, e.tables.households, pseudonym(tx.Get(e.tables.members, o.Pseudonym)), entry, item, e.keep.persons)
	}
	e.extend(tx, e.tables.sessions, pseudonym(o.Session), entry, item, e.keep.sessions)
	e.extend(tx, e.tables.sessions, pseudonym(o.Basket), entry, item, e.keep.sessions)
}

// pieces is how many goods went over the counter, either way; of what is weighed any
// begun unit is one, as budgets count it. Other outcomes happen once.
func pieces(o *wire.Outcome) uint16 {
	switch o.Type {
	case wire.OutcomeType_OUTCOME_PURCHASE, wire.OutcomeType_OUTCOME_REDEEM, wire.OutcomeType_OUTCOME_RETURN, wire.OutcomeType_OUTCOME_VOID:
		return uint16(min(max(1, math.Ceil(o.Quantity)), math.MaxUint16))
	}
	return 1
}

// applyConsent forgets a person who may not be known any more, and leaves word
// for the activations that were asked for before.
func (e *Events) applyConsent(tx *store.Tx, c *wire.Consent) {
	e.touch(c.Pseudonym)
	known := Knows(c.Purposes)
	switch {
	case !known:
		tx.Put(e.tables.persons, c.Pseudonym, []byte{version, closed})
		e.leave(tx, c.Pseudonym)
	case isClosed(tx.Get(e.tables.persons, c.Pseudonym)):
		tx.Delete(e.tables.persons, c.Pseudonym)
	}
}

// applyErasure forgets a person, and the sessions and baskets that are theirs. Their
// event ids stay known, as those of decisions that are gone: no outcome is joined
// to them any more.
func (e *Events) applyErasure(tx *store.Tx, x *wire.Erasure) {
	if len(x.Pseudonym) > 0 {
		tx.Delete(e.tables.persons, x.Pseudonym)
		e.leave(tx, x.Pseudonym)
		e.touch(x.Pseudonym)
	}
	for _, who := range x.Subjects {
		tx.Delete(e.tables.sessions, who)
		e.touch(who)
	}
	for _, k := range x.Events {
		tx.Delete(e.tables.deferred, k)
		if row := tx.Get(e.tables.events, k); len(row) == eventSize {
			gone := make([]byte, eventSize)
			copy(gone, row[:2])
			tx.Put(e.tables.events, k, gone)
		}
		e.touch(k)
	}
}

// leave forgets that a person belongs to a household and, since nobody knows which
// part of it is theirs, what the household saw and did.
func (e *Events) leave(tx *store.Tx, person []byte) {
	household := tx.Get(e.tables.members, person)
	if household == nil {
		return
	}
	tx.Delete(e.tables.members, person)
	tx.Delete(e.tables.households, household)
	e.touch(household)
}

// Knows tells whether a consent to these purposes lets a person be remembered.
func Knows(purposes []string) bool {
	return slices.ContainsFunc(purposes, func(p string) bool { return Knowing(wire.Purpose(p)) })
}

// knowing are the purposes for which a person may be remembered, the one that says
// least of them first.
var knowing = []wire.Purpose{wire.Measurement, wire.PersonalisedOffers, wire.PersonalisedContent}

func isClosed(history []byte) bool {
	return len(history) >= historyHeader && history[1]&closed != 0
}

func pseudonym(b []byte) (p wire.Pseudonym) {
	copy(p[:], b)
	return p
}

const showingHeader = 1 + 5*16 + 4 + 8 + 1

func (s *showing) append(dst []byte) []byte {
	dst = append(dst, version)
	dst = append(dst, s.decision[:]...)
	dst = append(append(append(append(dst, s.person[:]...), s.session[:]...), s.basket[:]...), s.household[:]...)
	dst = le.AppendUint32(dst, s.slot)
	dst = append(le.AppendUint64(dst, s.seq), 0)
	if s.counted {
		dst[len(dst)-1] = 1
	}
	for i, item := range s.items {
		dst = le.AppendUint64(le.AppendUint64(dst, item), s.offers[i])
	}
	return dst
}

func parseShowing(b []byte) (s showing, ok bool) {
	if len(b) < showingHeader || b[0] != version || (len(b)-showingHeader)%16 != 0 {
		return s, false
	}
	s.decision = [16]byte(b[1:])
	s.person, s.session, s.basket, s.household = pseudonym(b[17:33]), pseudonym(b[33:49]), pseudonym(b[49:65]), pseudonym(b[65:81])
	s.slot, s.seq, s.counted = le.Uint32(b[81:]), le.Uint64(b[85:]), b[93] == 1
	for b = b[showingHeader:]; len(b) > 0; b = b[16:] {
		s.items, s.offers = append(s.items, le.Uint64(b)), append(s.offers, le.Uint64(b[8:]))
	}
	return s, true
}
