package coordinate

import (
	"bytes"
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// actionDeriver is the Actions as the store sees them.
type actionDeriver Actions

func (d *actionDeriver) Load(v *store.View) error {
	a := (*Actions)(d)
	a.mu.Lock()
	defer a.mu.Unlock()
	var ended []*action
	for key, b := range v.Scan(a.table, nil) {
		row := new(wire.Action)
		if err := wire.DecodeMessage(b, row); err != nil || len(key) != len(ActionID{}) {
			return fmt.Errorf("%w: malformed action", store.ErrCorrupt)
		}
		one := &action{id: ActionID(key), row: row, place: -1}
		a.all[one.id] = one
		if row.Ended > 0 {
			ended = append(ended, one)
		} else {
			heap.Push(&a.queue, one)
		}
	}
	slices.SortStableFunc(ended, func(x, y *action) int { return cmp.Compare(x.row.Ended, y.row.Ended) })
	for _, one := range ended {
		a.ended = append(a.ended, one.id)
	}
	a.count()
	return nil
}

func (d *actionDeriver) Apply(tx *store.Tx, seq uint64, rec *wire.Record) {
	a := (*Actions)(d)
	a.mu.Lock()
	defer a.mu.Unlock()
	c := change{a, tx, seq, rec.AtMs}
	for len(a.queue) > 0 && a.queue[0].row.DueMs <= rec.AtMs {
		c.expire(a.queue[0])
	}
	switch body := rec.Body.(type) {
	case *wire.Record_Decision:
		c.decide(body.Decision)
	case *wire.Record_Activation:
		c.activate(body.Activation.Decision)
	case *wire.Record_Outcome:
		c.update(body.Outcome.Action)
		c.follow(body.Outcome)
	case *wire.Record_ActionUpdate:
		c.update(body.ActionUpdate)
	case *wire.Record_Erasure:
		c.erase(body.Erasure.Decisions)
	}
	a.count()
}

func (a *Actions) count() {
	due := int64(0)
	if len(a.queue) > 0 {
		due = a.queue[0].row.DueMs
	}
	a.due.Store(due)
}

// change is one record being applied.
type change struct {
	*Actions
	tx  *store.Tx
	seq uint64
	at  int64
}

// put is the one way to another row of an action.
func (c *change) put(one *action, row *wire.Action) {
	row.ChangedMs = c.at
	one.row, one.seq = row, c.seq
	b, err := wire.AppendMessage(nil, row)
	if err != nil {
		return // its parts were encoded a moment ago, as part of larger records
	}
	c.tx.Put(c.table, one.id[:], b)
}

// end takes an action out of what something may still become of.
func (c *change) end(one *action, row *wire.Action) {
	row.Ended = c.seq
	c.put(one, row)
	heap.Remove(&c.queue, one.place)
	one.place = -1
	if c.ended = append(c.ended, one.id); len(c.ended) > maxEnded {
		c.drop(c.ended[0])
		c.ended = c.ended[1:]
	}
}

func (c *change) drop(id ActionID) {
	delete(c.all, id)
	c.tx.Delete(c.table, id[:])
}

func (c *change) expire(one *action) {
	row := proto.CloneOf(one.row)
	switch row.State {
	case wire.ActionState_ACTION_SENT, wire.ActionState_ACTION_FAILED: // as it will stay
	default:
		row.State = wire.ActionState_ACTION_EXPIRED
		c.release(one.id)
	}
	c.end(one, row)
}

// release lets go of what the position holds: it will not be made ready.
func (c *change) release(id ActionID) {
	c.holds.endWhere(c.tx, id.hold(), func(h *hold) bool { return bytes.Equal(h.id[:], id.hold()) })
}

// decide keeps what a decision plans, and takes what begins at once.
func (c *change) decide(d *wire.Decision) {
	if len(d.Plans) == 0 || d.Holdback || len(d.Id) != 16 {
		return
	}
	p := &wire.Prepared{EventId: d.EventId, Slot: d.Slot, Plans: d.Plans, Deferred: d.Deferred}
	for i, s := range d.Shown[:min(len(d.Shown), len(d.Items))] {
		price, quantity := s.Price, uint32(1)
		if price == nil {
			price = &wire.Money{}
		}
		if s.Hold != nil {
			quantity = s.Hold.Quantity
		}
		p.Items, p.Prices, p.Quantities = append(p.Items, d.Items[i]), append(p.Prices, price), append(p.Quantities, quantity)
	}
	if !d.Deferred {
		c.begin(d.Id, p, 0, "", 0)
	}
	if d.Deferred || slices.ContainsFunc(d.Plans, func(p *wire.Plan) bool { return p.When != 0 }) {
		c.keep(d.Id, p)
	}
}

func (c *change) keep(decision []byte, p *wire.Prepared) {
	if b, err := wire.AppendMessage(nil, p); err == nil {
		c.tx.Put(c.waiting, decision, b)
	}
}

func (c *change) prepared(decision []byte) *wire.Prepared {
	p := new(wire.Prepared)
	if b := c.tx.Get(c.waiting, decision); len(b) == 0 || wire.DecodeMessage(b, p) != nil {
		return nil
	}
	return p
}

func (c *change) activate(decision []byte) {
	if p := c.prepared(decision); p != nil && p.Deferred {
		p.Deferred = false
		c.begin(decision, p, 0, "", 0)
		c.keep(decision, p)
	}
}

// follow takes what an outcome of a shown item calls for.
func (c *change) follow(o *wire.Outcome) {
	if o.Type == 0 || len(o.Decision) != 16 || o.Item == "" {
		return
	}
	quantity := uint32(0)
	if q := o.Quantity; o.Type == wire.OutcomeType_OUTCOME_PURCHASE && q >= 1 && q <= 1000 && q == math.Trunc(q) {
		quantity = uint32(q)
	}
	if p := c.prepared(o.Decision); p != nil && !p.Deferred && c.begin(o.Decision, p, o.Type, o.Item, quantity) {
		c.keep(o.Decision, p)
	}
}

// begin takes the actions that are called for now: at every position, or at those
// of an item. Each is taken once.
func (c *change) begin(decision []byte, p *wire.Prepared, when wire.OutcomeType, item string, quantity uint32) (some bool) {
	for i := range p.Items {
		if p.Items[i] == "" || item != "" && p.Items[i] != item || i >= len(p.Prices) || i >= len(p.Quantities) {
			continue
		}
		for k, plan := range p.Plans {
			mark := []byte{byte(i), byte(k)}
			if plan.When != when || marked(p.Made, mark) {
				continue
			}
			p.Made, some = append(p.Made, mark...), true
			row := &wire.Action{
				EventId: p.EventId, Slot: p.Slot, Item: p.Items[i], Function: plan.Function, Kind: plan.Kind, Quantity: cmp.Or(quantity, p.Quantities[i]),
				CreatedMs: c.at, DueMs: c.at + plan.TtlMs, Approval: plan.Approval, State: wire.ActionState_ACTION_APPROVED,
			}
			if p.Prices[i].Currency != "" {
				row.Price = p.Prices[i]
			}
			c.take(NewActionID(decision, i, k), row)
		}
	}
	return some
}

func marked(made, mark []byte) bool {
	for ; len(made) >= 2; made = made[2:] {
		if bytes.Equal(made[:2], mark) {
			return true
		}
	}
	return false
}

func (c *change) take(id ActionID, row *wire.Action) {
	if len(c.queue) >= maxLive {
		c.over.Add(1)
		return
	}
	row = proto.CloneOf(row) // nothing of a record is kept
	row.Id = id[:]
	if row.Approval {
		row.State = wire.ActionState_ACTION_PROPOSED
	}
	one := &action{id: id, row: row}
	c.all[id] = one
	heap.Push(&c.queue, one)
	c.put(one, row)
	c.offer(one)
}

// update applies what became of an action. What can't be is no news.
func (c *change) update(u *wire.ActionUpdate) {
	id, ok := idOf(u)
	one := c.all[id]
	if !ok || one == nil || one.row.Ended > 0 || !follows(one.row.State, u.State) {
		return
	}
	row := proto.CloneOf(one.row)
	row.State, row.Why = u.State, u.Why
	if u.By != "" {
		row.By = u.By
	}
	switch u.State {
	case wire.ActionState_ACTION_EDITED:
		c.edit(id, row, u)
	case wire.ActionState_ACTION_REJECTED:
		c.release(id)
		c.end(one, row)
		return
	case wire.ActionState_ACTION_DONE:
		c.end(one, row)
		return
	}
	c.put(one, row)
	c.offer(one)
}

// edit makes an action another, and what its position holds with it.
func (c *change) edit(id ActionID, row *wire.Action, u *wire.ActionUpdate) {
	if u.Item != "" && u.Item != row.Item {
		row.Recommended, row.Item = row.Item, u.Item
	}
	if u.Quantity > 0 {
		row.Quantity = u.Quantity
	}
	if u.Price != nil {
		row.Price = proto.CloneOf(u.Price)
	}
	c.holds.change(c.tx, id.hold(), row.Item, int64(row.Quantity))
}

// erase forgets what decisions called for.
func (c *change) erase(decisions [][]byte) {
	of := map[[16]byte]bool{}
	for _, id := range decisions {
		of[decision(id)] = true
		c.tx.Delete(c.waiting, id)
	}
	for id, one := range c.all {
		if len(of) == 0 || !of[[16]byte(id[:])] {
			continue
		}
		if one.place >= 0 {
			heap.Remove(&c.queue, one.place)
		} else {
			c.ended = slices.DeleteFunc(c.ended, func(x ActionID) bool { return x == id })
		}
		c.drop(id)
	}
}
