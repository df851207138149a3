package attribution

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Terms are what the active release says of joining. The zero value joins by
// event id only.
type Terms struct {
	Slots   []rulebook.Slot
	Consent consent.Terms
	Fields  []consent.Declared // of persons; without a history of purchases none is kept
}

// Tell takes outcomes in. What it reports as accepted or duplicate is durable. On
// an error the report covers those that came before it. What was bought or brought
// back is entered in the person's profile as package consent says.
func (e *Events) Tell(ctx context.Context, t Terms, outcomes []Outcome) (Report, error) {
	r := Report{Accepted: []string{}, Duplicate: []string{}, Rejected: []Rejected{}}
	var last uint64
	var basket []consent.Bought
	for i := range outcomes {
		seq, matched, err := e.tell(&t, &outcomes[i], &basket)
		var why rejection
		var known store.Duplicate
		switch {
		case err == nil:
			r.Accepted = append(r.Accepted, outcomes[i].ID)
			if !matched {
				r.Unmatched++
			}
			last = max(last, seq)
		case errors.As(err, &known):
			r.Duplicate = append(r.Duplicate, outcomes[i].ID)
			last = max(last, uint64(known))
		case errors.As(err, &why):
			r.Rejected = append(r.Rejected, Rejected{ID: outcomes[i].ID[:min(len(outcomes[i].ID), maxID)], Place: i, Detail: string(why)})
		default:
			return r, errors.Join(fmt.Errorf("take in outcome %d: %w", i, err), e.store.Sync(ctx, e.profile(&t, basket, last)))
		}
	}
	last = e.profile(&t, basket, last)
	return r, e.store.Sync(ctx, last)
}

// tell commits one outcome: a record for each decision it belongs to, or one
// that belongs to none.
func (e *Events) tell(t *Terms, o *Outcome, basket *[]consent.Bought) (seq uint64, matched bool, err error) {
	rec, err := o.record(e.store.Now())
	if err != nil {
		return 0, false, err
	}
	joins, err := e.join(t, o, rec)
	if err != nil {
		return 0, false, err
	}
	if len(joins) == 0 {
		if seq, err = e.commit(rec, t); err == nil {
			*basket = e.put(*basket, rec)
		}
		return seq, false, err
	}
	first := store.Duplicate(0)
	told := subjects{rec.Pseudonym, rec.Session, rec.Basket}
	var persons [][]byte
	for i, j := range joins {
		j.enter(rec, told)
		rec.Again = len(rec.Pseudonym) > 0 && slices.ContainsFunc(persons, func(p []byte) bool { return bytes.Equal(p, rec.Pseudonym) })
		persons = append(persons, rec.Pseudonym)
		if i > 0 {
			rec.Id = o.ID + "@" + j.decision.Slot
		}
		s, err := e.commit(rec, t)
		if known := store.Duplicate(0); i == 0 && errors.As(err, &known) {
			first = known // a crash may have kept what follows from being recorded
		} else if err != nil && !errors.As(err, &known) {
			return 0, false, err
		} else if i == 0 {
			*basket = e.put(*basket, rec)
		}
		seq = max(seq, s)
	}
	if first > 0 {
		return 0, false, max(first, store.Duplicate(seq))
	}
	return seq, true, nil
}

// commit records an outcome unless its id is known, and its person unless they
// withdrew, or were erased, since they were asked.
func (e *Events) commit(rec *wire.Outcome, t *Terms) (uint64, error) {
	return e.commitIf(rec, t, func() error { return nil })
}

// commitIf is commit with a check of its own, in the same step.
func (e *Events) commitIf(rec *wire.Outcome, t *Terms, check func() error) (uint64, error) {
	k := KeyOf(rec.Id)
	return e.store.Commit(&wire.Record{Body: &wire.Record_Outcome{Outcome: rec}}, func(v *store.View) error {
		if who := pseudonym(rec.Pseudonym); who != (wire.Pseudonym{}) {
			if g := e.consents.Grants(v, consent.Request{Who: who, Terms: t.Consent}); !Known(&g) {
				rec.Pseudonym = nil
			}
		}
		if err := check(); err != nil {
			return err
		}
		return e.unknown(v, k)
	})
}

func (e *Events) unknown(v *store.View, k EventKey) error {
	if row := v.Get(e.tables.told, k[:]); len(row) == 8 {
		return store.Duplicate(le.Uint64(row))
	}
	return nil
}

// join is a decision that an outcome belongs to, and by what.
type join struct {
	decision *wire.Decision
	by       string
	known    bool // the person may be written down
}

// subjects are those that the outcome itself names; where it names none, they
// are its decision's.
type subjects struct{ person, session, basket []byte }

func (j join) enter(rec *wire.Outcome, told subjects) {
	d := j.decision
	rec.Decision, rec.EventId, rec.Slot, rec.JoinedBy = d.Id, d.EventId, d.Slot, j.by
	rec.Pseudonym, rec.Session, rec.Basket = told.person, told.session, told.basket
	if j.known && len(told.person) == 0 {
		rec.Pseudonym = d.Pseudonym
	}
	if len(told.session) == 0 {
		rec.Session = d.Session
	}
	if len(told.basket) == 0 {
		rec.Basket = d.Basket
	}
}

const byEvent = "event"

// join enters into rec whom it is of, as far as they may be known, and finds the
// decisions it belongs to.
func (e *Events) join(t *Terms, o *Outcome, rec *wire.Outcome) ([]join, error) {
	var person wire.Pseudonym
	if o.ProfileID != "" {
		person = wire.Pseudonymise(e.secret, wire.Person, o.ProfileID)
	}
	rec.Session, rec.Basket = e.pseudonym(wire.Session, o.SessionID), e.pseudonym(wire.Basket, o.BasketID)

	var ev Event
	var found []finding
	named := false
	err := e.store.View(func(v *store.View) error {
		g := e.consents.Grants(v, consent.Request{Who: person, Terms: t.Consent})
		if person != (wire.Pseudonym{}) {
			rec.ConsentVersion = g.Version
		}
		if Known(&g) && person != (wire.Pseudonym{}) {
			rec.Pseudonym = bytes.Clone(person[:])
		}
		if o.EventID != "" {
			ev, named = e.Event(v, KeyOf(o.EventID))
			return nil
		}
		if !g.Has(wire.Measurement) {
			person = wire.Pseudonym{}
		}
		found = e.search(v, t.Slots, rec, person)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case o.EventID == "":
		return e.read(found, t)
	case !named:
		return nil, nil
	}
	d, _, err := e.Decision(ev)
	if errors.Is(err, ErrGone) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return e.knowing([]join{{decision: d, by: byEvent}}, t)
}

func (e *Events) pseudonym(kind wire.Kind, id string) []byte {
	if id == "" {
		return nil
	}
	p := wire.Pseudonymise(e.secret, kind, id)
	return p[:]
}

// Known tells whether a person may be written down at all.
func Known(g *consent.Grants) bool { return KnownBy(g) != "" }

// KnownBy is the first purpose for which a person may be written down now, "" for
// none.
func KnownBy(g *consent.Grants) wire.Purpose {
	for _, p := range knowing {
		if g.Has(p) {
			return p
		}
	}
	return ""
}

// Knowing tells whether a purpose lets a person be written down.
func Knowing(p wire.Purpose) bool { return slices.Contains(knowing, p) }

// finding is a showing that an outcome belongs to.
type finding struct {
	seq uint64
	by  rulebook.Joint
}

// search finds in each slot the last showing of the outcome's item, by the first
// of the slot's joints that knows one.
func (e *Events) search(v *store.View, slots []rulebook.Slot, rec *wire.Outcome, person wire.Pseudonym) (found []finding) {
	if rec.Item == "" {
		return nil
	}
	shown := map[rulebook.Joint][]Entry{
		rulebook.JoinBasket:  e.History(nil, v, wire.Basket, pseudonym(rec.Basket)),
		rulebook.JoinSession: e.History(nil, v, wire.Session, pseudonym(rec.Session)),
		rulebook.JoinProfile: e.History(nil, v, wire.Person, person),
	}
	at := e.store.Now()
	if rec.HappenedMs > 0 && !rec.ClockSkewed {
		at = min(at, rec.HappenedMs+offset.Milliseconds())
	}
	hash := xxhash.Sum64String(rec.Item)
	for i := range slots {
		s := &slots[i]
		for _, by := range s.Attribution.By {
			if seq := last(shown[by], hash, SlotKey(s.ID), at, s.Attribution.Window.Milliseconds()); seq > 0 {
				found = append(found, finding{seq, by})
				break
			}
		}
	}
	return found
}

// offset is how far a till's clock may stand behind the node's before its sale
// seems to come before the showing.
const offset = time.Minute

// last is the last time, up to at and within the window before it, that an item
// was shown in a slot; 0 for never.
func last(entries []Entry, item uint64, slot uint32, at, window int64) uint64 {
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if e.Type == Shown && e.Item == item && e.Slot == slot && e.At <= at {
			if e.At <= at-window {
				return 0
			}
			return e.Seq
		}
	}
	return 0
}

// read gets the decisions of findings from the log; those that are gone are left
// out.
func (e *Events) read(found []finding, t *Terms) (joins []join, err error) {
	for _, f := range found {
		d, _, err := e.decision(f.seq)
		if errors.Is(err, ErrGone) {
			continue
		} else if err != nil {
			return nil, err
		}
		joins = append(joins, join{decision: d, by: string(f.by)})
	}
	return e.knowing(joins, t)
}

// knowing finds out whether the persons of decisions may still be written down.
func (e *Events) knowing(joins []join, t *Terms) ([]join, error) {
	err := e.store.View(func(v *store.View) error {
		for i := range joins {
			if who := pseudonym(joins[i].decision.Pseudonym); who != (wire.Pseudonym{}) {
				g := e.consents.Grants(v, consent.Request{Who: who, Terms: t.Consent})
				joins[i].known = Known(&g)
			}
		}
		return nil
	})
	return joins, err
}
