package fairness

import (
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// How a promise was broken.
const (
	notFound = iota
	substituted
	rejected
	kinds
)

// deriver is the Watch as the store sees it. Only what was told is in its table: what
// is counted can't be derived, since no record says who is in a group.
type deriver Watch

func (d *deriver) Load(v *store.View) error {
	w := (*Watch)(d)
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, row := range v.Scan(w.table, nil) {
		f := new(wire.Fairness)
		if err := wire.DecodeMessage(row, f); err != nil {
			return fmt.Errorf("%w: malformed figures of a group", store.ErrCorrupt)
		}
		w.last[string(k)] = f
	}
	w.read()
	return nil
}

func (d *deriver) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	w := (*Watch)(d)
	switch body := rec.Body.(type) {
	case *wire.Record_Fairness:
		w.applyTold(tx, body.Fairness)
	case *wire.Record_Outcome:
		w.applyOutcome(body.Outcome)
	case *wire.Record_ActionUpdate:
		w.applyAction(body.ActionUpdate)
	case *wire.Record_Activation:
		w.activate(body.Activation.Decision)
	case *wire.Record_Consent:
		if !slices.ContainsFunc(body.Consent.Purposes, personal) {
			w.forget(body.Consent.Pseudonym)
		}
	case *wire.Record_Erasure:
		w.forget(append(slices.Clone(body.Erasure.Subjects), body.Erasure.Pseudonym)...)
	}
}

func personal(purpose string) bool {
	return purpose == string(wire.PersonalisedOffers) || purpose == string(wire.PersonalisedContent)
}

func (w *Watch) applyTold(tx *store.Tx, f *wire.Fairness) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := key(f.Slot, f.Group)
	w.last[k] = f
	if b, err := wire.AppendMessage(nil, f); err == nil {
		tx.Put(w.table, []byte(k), b)
	}
}

func (w *Watch) applyOutcome(o *wire.Outcome) {
	kind := rejected
	switch o.Type {
	case wire.OutcomeType_OUTCOME_NOT_FOUND:
		kind = notFound
	case wire.OutcomeType_OUTCOME_SUBSTITUTED:
		kind = substituted
	case wire.OutcomeType_OUTCOME_REJECT:
		if o.Action == nil {
			return // somebody did not like it
		}
	default:
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.memory.find(o.Decision)
	switch {
	case d == nil:
	case o.Action != nil:
		w.breakAction(d, o.Action, kind)
	default:
		hash := xxhash.Sum64String(o.Item)
		for i := range d.n {
			if x := w.memory.at(d, i); x.item == hash && x.there {
				w.breakPromise(d, x, kind)
				return
			}
		}
	}
}

// applyAction takes in that a function could not do what it was called for.
func (w *Watch) applyAction(u *wire.ActionUpdate) {
	if u.State != wire.ActionState_ACTION_FAILED {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := w.memory.find(u.Decision); d != nil {
		w.breakAction(d, u, rejected)
	}
}

func (w *Watch) breakAction(d *decision, u *wire.ActionUpdate, kind int) {
	if i := int(u.Position); i < d.n && d.plans>>u.Plan&1 == 1 {
		w.breakPromise(d, w.memory.at(d, i), kind)
	}
}

// breakPromise counts a shown item, the first time.
func (w *Watch) breakPromise(d *decision, x *shown, kind int) {
	if x.broken || d.waits {
		return
	}
	x.broken, w.changed = true, true
	for k := range d.windows {
		in := sideOf(d, k)
		if w.book.Fairness[k].OfItems() {
			in = rest
			if x.groups>>k&1 == 1 {
				in = group
			}
		}
		d.windows[k].fail(x, d.person, in, kind)
	}
}

// activate counts a decision that is shown from now on.
func (w *Watch) activate(id []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := w.memory.find(id); d != nil && d.waits {
		d.waits = false
		w.count(d)
	}
}

// forget makes persons unknown in what is remembered.
func (w *Watch) forget(ids ...[]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.memory == nil {
			return
		}
		person := maphash.Bytes(w.seed, id)
		if w.memory.persons[person%filter] == 0 {
			continue
		}
		for i := range w.memory.decisions {
			if d := &w.memory.decisions[i]; d.person == person {
				d.in, d.rest = 0, 0
			}
		}
		for _, windows := range w.windows {
			for k := range windows {
				for in := range windows[k].met {
					delete(windows[k].met[in], person)
				}
			}
		}
	}
}
