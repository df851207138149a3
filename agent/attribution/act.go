package attribution

import (
	"context"
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Act records what the staff made of an action: an outcome of its decision's item as
// it was recommended, which is what a learner credits, and beside it what became of
// the action. o names the event; decision and slot stand in where its record is not
// on the node any more. check runs with the commit. It is durable once it returns
// nil; an outcome of that id that is known already is a [store.Duplicate].
func (e *Events) Act(ctx context.Context, t Terms, o Outcome, decision []byte, slot string, a *wire.ActionUpdate, check func() error) error {
	rec, err := o.record(e.store.Now())
	if err != nil {
		return err
	}
	joins, err := e.join(&t, &o, rec)
	if err != nil {
		return fmt.Errorf("find the decision of an action: %w", err)
	}
	rec.Decision, rec.EventId, rec.Slot, rec.JoinedBy = decision, o.EventID, slot, byEvent
	if len(joins) > 0 {
		joins[0].enter(rec, subjects{})
	}
	rec.Action = a
	seq, err := e.commitIf(rec, &t, check)
	if known := store.Duplicate(0); errors.As(err, &known) {
		return errors.Join(err, e.store.Sync(ctx, uint64(known)))
	} else if err != nil {
		return err
	}
	return e.store.Sync(ctx, seq)
}
