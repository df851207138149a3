package ranking

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Staff is what somebody of the staff says of an action.
type Staff struct {
	By       string // role; never a name
	Item     string // of an edit; "" is as it was
	Quantity int    // of an edit; 0 is as it was
	Price    *attribution.Money
}

// MaxQuantity of an edited action.
const MaxQuantity = 1000

// Act makes an action what the staff says: approved, edited or rejected, which is an
// outcome of the decision, or done. The outcome is of the item that was recommended,
// whatever the staff made of it: that is the treatment. Said again, it changes
// nothing. What it gives is durable. coordinate.ErrUnknown, ErrExpired, ErrDecided; a
// *Refusal for an edit that the slot does not allow.
func (d *Decider) Act(ctx context.Context, id coordinate.ActionID, to wire.ActionState, s Staff) (*wire.Action, error) {
	row, err := d.opt.Actions.Get(id)
	if err != nil {
		return nil, err
	}
	u := id.Update(to)
	u.By = s.By
	if to == wire.ActionState_ACTION_EDITED {
		if err := d.edit(row, s, u); err != nil {
			return nil, err
		}
	}
	if unchanged(row, u) {
		_, seq, _ := d.opt.Actions.Last(id)
		return row, d.durable(ctx, seq)
	}
	check := func() error {
		if err := d.opt.Actions.Can(id, to); err != nil {
			return err
		}
		return d.available(id, row, u)
	}
	if to == wire.ActionState_ACTION_DONE {
		_, err = d.opt.Actions.Commit(ctx, u, check)
	} else {
		err = d.say(ctx, id, row, u, check)
	}
	if err != nil {
		return nil, d.unsaid(err)
	}
	if row, err = d.opt.Actions.Get(id); err == nil && row.State != to {
		err = coordinate.ErrExpired // node time went on between the check and the record
	}
	return row, err
}

func (d *Decider) durable(ctx context.Context, seq uint64) error {
	if err := d.opt.Store.Sync(ctx, seq); err != nil {
		return unwritten(err)
	}
	return nil
}

// unchanged tells whether an update says what is so already.
func unchanged(row *wire.Action, u *wire.ActionUpdate) bool {
	if row.State != u.State || row.By != u.By {
		return false
	}
	return u.State != wire.ActionState_ACTION_EDITED || row.Item == u.Item && row.Quantity == u.Quantity && proto.Equal(row.Price, u.Price)
}

var said = map[wire.ActionState]wire.OutcomeType{
	wire.ActionState_ACTION_APPROVED: wire.OutcomeType_OUTCOME_ACCEPT,
	wire.ActionState_ACTION_EDITED:   wire.OutcomeType_OUTCOME_EDIT,
	wire.ActionState_ACTION_REJECTED: wire.OutcomeType_OUTCOME_REJECT,
}

// say records what the staff said as an outcome.
func (d *Decider) say(ctx context.Context, id coordinate.ActionID, row *wire.Action, u *wire.ActionUpdate, check func() error) error {
	item := row.Item
	if row.Recommended != "" {
		item = row.Recommended
	}
	kind := attribution.TypeName(said[u.State])
	o := attribution.Outcome{ID: "action:" + id.String() + ":" + kind, EventID: row.EventId, ItemID: item, Type: kind}
	return d.opt.Events.Act(ctx, d.terms(), o, id[:16:16], row.Slot, u, check)
}

// unsaid is why something was not recorded.
func (d *Decider) unsaid(err error) error {
	var refusal *Refusal
	var known store.Duplicate
	switch {
	case errors.As(err, &known):
		return coordinate.ErrDecided
	case errors.As(err, &refusal), errors.Is(err, coordinate.ErrUnknown), errors.Is(err, coordinate.ErrExpired), errors.Is(err, coordinate.ErrDecided):
		return err
	}
	return unwritten(err)
}

// edit fills in what an edit makes of an action, within the rules: another item is
// one that the decision itself weighed, so that whatever the rules ask of a person
// holds for it; a price is none below the slot's floors, and none above what was
// promised; of what a budget pays for there is no more than it was reserved for.
func (d *Decider) edit(row *wire.Action, s Staff, u *wire.ActionUpdate) error {
	u.Item, u.Quantity, u.Price = row.Item, row.Quantity, row.Price
	if s.Quantity > 0 {
		u.Quantity = uint32(min(s.Quantity, MaxQuantity))
	}
	if u.Quantity > row.Quantity && (s.Item == "" || s.Item == row.Item) {
		if err := d.reserved(row, u); err != nil {
			return err
		}
	}
	if s.Item == "" && s.Price == nil {
		return nil
	}
	active := d.opt.Releases.Active()
	if active == nil || active.Slot(row.Slot) == nil {
		return refuse(EditRefused, nil, "the slot of this action is not in the release that runs; accept or reject it")
	}
	v := active.Slot(row.Slot).Book.View(d.opt.Catalogue.Snapshot(), d.opt.Store.Now())
	if s.Item != "" && s.Item != row.Item {
		if err := d.weighed(row, s.Item); err != nil {
			return err
		}
		u.Item, u.Price = s.Item, nil
	}
	place, ok := v.Place(u.Item)
	if !ok {
		if s.Price != nil {
			return refuse(EditRefused, nil, "the catalogue does not know the item, so nothing tells what its price may be; leave the price out")
		}
		return nil
	}
	most := &wire.Money{Amount: v.Gross[place], Currency: v.Currency.At(place)}
	if u.Item == row.Item && row.Price != nil {
		most = row.Price
	}
	u.Price = most
	if s.Price == nil {
		return nil
	}
	u.Price = &wire.Money{Amount: s.Price.Amount, Currency: s.Price.Currency}
	if u.Price.Currency != most.Currency || u.Price.Amount > most.Amount || u.Price.Amount < 0 {
		return refuse(EditRefused, nil, "the price is above what was answered, or of another currency; send one that is not")
	}
	if rule, below := v.Below(place, u.Price.Amount); below {
		return refuse(EditRefused, nil, "the rule "+rule+" allows no price as low as this; send a higher one")
	}
	return nil
}

// reserved tells whether the budgets behind an action's price are reserved for as many
// as an update says.
func (d *Decider) reserved(row *wire.Action, u *wire.ActionUpdate) error {
	_, rec, _, err := d.opt.Events.Find(row.EventId)
	if err != nil {
		return unfound(err)
	}
	if int(u.Position) >= len(rec.Shown) {
		return nil
	}
	for _, a := range rec.Shown[u.Position].Applied {
		if a.Units > 0 && u.Quantity > a.Units {
			return refuse(EditRefused, nil, "the budget of the offer "+a.Offer+" is reserved for fewer; send a smaller quantity, or let the rest be asked for anew")
		}
	}
	return nil
}

// weighed tells whether a decision weighed an item, after all its rules.
func (d *Decider) weighed(row *wire.Action, item string) error {
	_, rec, _, err := d.opt.Events.Find(row.EventId)
	if err != nil {
		return unfound(err)
	}
	if !slices.Contains(rec.Items, item) {
		return refuse(EditRefused, nil, "the decision did not weigh that item, so nothing tells whether the rules allow it; name one of the rows of GET /v1/decisions/{eventId}")
	}
	return nil
}

// available tells, with the commit, whether an edit can be held where the action is
// of something held: two people are never promised the last one.
func (d *Decider) available(id coordinate.ActionID, row *wire.Action, u *wire.ActionUpdate) error {
	if u.State != wire.ActionState_ACTION_EDITED || u.Item == row.Item && u.Quantity <= row.Quantity || !d.opt.Holds.Holds(id) {
		return nil
	}
	place, ok := d.opt.Catalogue.Snapshot().Place(u.Item)
	if !ok || d.opt.Catalogue.Promisable(place)+d.opt.Holds.Holding(id, u.Item) < int64(u.Quantity) {
		return refuse(EditRefused, nil, "there is not enough of that item to promise; send a smaller quantity, or another item")
	}
	return nil
}
