package ranking

import (
	"errors"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// promises tells whether an answer of the slot is one that somebody relies on: it
// is not given before a power cut can't take it back.
func (s *scratch) promises() bool {
	return s.slot.Hold != nil || s.slot.Quote != nil || len(s.slot.Actions) > 0
}

// promised is promises of a record.
func promised(rec *wire.Decision) bool {
	for _, x := range rec.Shown {
		if x.Hold != nil || x.QuoteUntilMs > 0 || slices.ContainsFunc(x.Applied, func(a *wire.Applied) bool { return a.Units > 0 }) {
			return true
		}
	}
	return len(rec.Plans) > 0
}

// fillPlans enters what functions are to do for each position.
func (s *scratch) fillPlans(d *wire.Decision) {
	d.Plans = d.Plans[:0]
	for i := range s.slot.Actions {
		if i == len(s.record.plans) {
			s.record.plans = append(s.record.plans, new(wire.Plan))
		}
		a, p := &s.slot.Actions[i], s.record.plans[i]
		p.Function, p.Kind, p.When = string(a.Function), a.Kind, calls[a.When]
		p.Approval, p.TtlMs = a.Approval != rulebook.Nothing, a.TTL.Milliseconds()
		d.Plans = append(d.Plans, p)
	}
}

// calls is what a record knows of rulebook.Action.When, by its text; of being shown
// it knows 0.
var calls = func() map[string]wire.OutcomeType {
	by := map[string]wire.OutcomeType{}
	for name, t := range wire.OutcomeType_value {
		by[strings.ToLower(strings.TrimPrefix(name, "OUTCOME_"))] = wire.OutcomeType(t)
	}
	return by
}()

// actions are those that a position calls for once it is shown.
func actions(rec *wire.Decision, position int) (called []Called) {
	for k, p := range rec.Plans {
		if p.When == 0 && rec.Items[position] != "" {
			called = append(called, Called{coordinate.NewActionID(rec.Id, position, k).String(), p.Function, p.Kind})
		}
	}
	return called
}

// takeBack ends the holds, reservations and actions of an answer that was never given.
func (s *scratch) takeBack() error {
	d := &s.record.decision
	err := s.d.opt.Holds.Release(d)
	for i := range d.Shown {
		for k := range d.Plans {
			id := coordinate.NewActionID(d.Id, i, k)
			u := id.Update(wire.ActionState_ACTION_REJECTED)
			u.Why = "ungiven"
			_, e := s.d.opt.Store.Commit(&wire.Record{Body: &wire.Record_ActionUpdate{ActionUpdate: u}}, func(*store.View) error {
				return s.d.opt.Actions.Can(id, u.State)
			})
			if !errors.Is(e, coordinate.ErrUnknown) {
				err = errors.Join(err, e)
			}
		}
	}
	return err
}

// ways is how a shown item comes.
func ways(x *wire.Shown) []string {
	if x.Fulfilment == "" && x.OnHand > 0 {
		return []string{rules.InStore}
	}
	return append([]string{}, rules.Words(x.Fulfilment)...)
}
