package coordinate

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Holds are those of a node. All methods may be called at the same time.
type Holds struct {
	// immutable after New
	store     *store.Store
	catalogue *catalogue.Catalogue
	table     *store.Table

	// owned by whoever holds the store's commit lock, as Apply does
	queue queue
	of    map[[16]byte][]*hold // by decision

	due  atomic.Int64 // when the first one ends; 0: there is none
	live atomic.Int64
}

// hold is one item of one decision.
type hold struct {
	id       [idSize]byte
	item     string
	quantity int64
	until    int64
	place    int // in the queue
}

const (
	version = 0
	idSize  = 16 + 1
)

// New declares the table of holds. It comes after the catalogue, whose stock it
// reduces.
func New(st *store.Store, cat *catalogue.Catalogue) *Holds {
	h := &Holds{store: st, catalogue: cat, table: st.Table(store.State, "holds", 0), of: map[[16]byte][]*hold{}}
	st.Register(store.State, (*deriver)(h))
	return h
}

// ID is the id of a hold: of a decision's position, from 0.
func ID(decision [16]byte, position int) []byte {
	return append(decision[:], byte(position))
}

// Settle ends what is due when no other record did. It is cheap when nothing is.
func (h *Holds) Settle() error {
	if due := h.due.Load(); due == 0 || due > h.store.Now() {
		return nil
	}
	if _, err := h.store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil); err != nil {
		return fmt.Errorf("end holds that are due: %w", err)
	}
	return nil
}

// Release lets go of what a decision holds and reserves, because its answer was
// never given.
func (h *Holds) Release(d *wire.Decision) error {
	for i, s := range d.Shown {
		id := s.Hold.GetId()
		if _, promised := promiseOf(d, i); id == nil && promised {
			id = ID([16]byte(d.Id), i)
		}
		if id == nil {
			continue
		}
		_, err := h.store.Commit(&wire.Record{Body: &wire.Record_HoldEnd{HoldEnd: &wire.HoldEnd{Hold: id}}}, nil)
		if err != nil {
			return fmt.Errorf("let go of a hold: %w", err)
		}
	}
	return nil
}

// Live is how many holds there are.
func (h *Holds) Live() int { return int(h.live.Load()) }

// deriver is the Holds as the store sees them.
type deriver Holds

func (d *deriver) Load(v *store.View) error {
	h := (*Holds)(d)
	for key, row := range v.Scan(h.table, nil) {
		one, ok := parse(key, row)
		if !ok {
			return fmt.Errorf("%w: malformed hold", store.ErrCorrupt)
		}
		h.take(one)
	}
	return nil
}

func (d *deriver) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	h := (*Holds)(d)
	for len(h.queue) > 0 && h.queue[0].until <= rec.AtMs {
		h.end(tx, h.queue[0])
	}
	switch body := rec.Body.(type) {
	case *wire.Record_Decision:
		h.applyDecision(tx, body.Decision)
	case *wire.Record_Outcome:
		h.applyOutcome(tx, body.Outcome)
	case *wire.Record_Erasure:
		for _, id := range body.Erasure.Decisions {
			for _, one := range slices.Clone(h.of[decision(id)]) {
				h.end(tx, one)
			}
		}
	case *wire.Record_HoldEnd:
		h.endWhere(tx, body.HoldEnd.Hold, func(one *hold) bool { return string(one.id[:]) == string(body.HoldEnd.Hold) })
	}
}

func decision(id []byte) (d [16]byte) {
	copy(d[:], id)
	return d
}

func (h *Holds) applyDecision(tx *store.Tx, d *wire.Decision) {
	for i, s := range d.Shown {
		if s.Hold == nil || len(s.Hold.Id) != idSize || i >= len(d.Items) {
			continue
		}
		one := &hold{id: [idSize]byte(s.Hold.Id), item: d.Items[i], quantity: int64(s.Hold.Quantity), until: s.Hold.UntilMs}
		tx.Put(h.table, one.id[:], one.append(nil))
		h.take(one)
	}
}

// applyOutcome ends the hold of what was bought, or is not wanted any more.
func (h *Holds) applyOutcome(tx *store.Tx, o *wire.Outcome) {
	switch o.Type {
	case wire.OutcomeType_OUTCOME_PURCHASE, wire.OutcomeType_OUTCOME_REDEEM, wire.OutcomeType_OUTCOME_VOID:
		h.endWhere(tx, o.Decision, func(one *hold) bool { return one.item == o.Item })
	}
}

// endWhere ends the first hold of a decision that is meant. key begins with the
// decision.
func (h *Holds) endWhere(tx *store.Tx, key []byte, is func(*hold) bool) {
	if len(key) < 16 || len(h.of) == 0 {
		return
	}
	of := h.of[[16]byte(key)]
	if i := slices.IndexFunc(of, is); i >= 0 {
		h.end(tx, of[i])
	}
}

func (h *Holds) take(one *hold) {
	heap.Push(&h.queue, one)
	k := [16]byte(one.id[:])
	h.of[k] = append(h.of[k], one)
	h.catalogue.Hold(one.item, one.quantity)
	h.count()
}

func (h *Holds) end(tx *store.Tx, one *hold) {
	heap.Remove(&h.queue, one.place)
	k := [16]byte(one.id[:])
	if h.of[k] = slices.DeleteFunc(h.of[k], func(o *hold) bool { return o == one }); len(h.of[k]) == 0 {
		delete(h.of, k)
	}
	tx.Delete(h.table, one.id[:])
	h.catalogue.Hold(one.item, -one.quantity)
	h.count()
}

// change makes a hold one of another item or quantity, until the same time.
func (h *Holds) change(tx *store.Tx, id []byte, item string, quantity int64) {
	for _, one := range h.of[[16]byte(id)] {
		if string(one.id[:]) == string(id) {
			other := &hold{id: one.id, item: item, quantity: quantity, until: one.until}
			h.end(tx, one)
			tx.Put(h.table, other.id[:], other.append(nil))
			h.take(other)
			return
		}
	}
}

// Holds tells whether the position of an action holds anything. It is asked in a
// commit's check.
func (h *Holds) Holds(id ActionID) bool {
	return slices.ContainsFunc(h.of[[16]byte(id[:])], func(one *hold) bool { return string(one.id[:]) == string(id.hold()) })
}

// Holding is what the position of an action holds of an item. It is asked in a
// commit's check.
func (h *Holds) Holding(id ActionID, item string) (quantity int64) {
	for _, one := range h.of[[16]byte(id[:])] {
		if string(one.id[:]) == string(id.hold()) && one.item == item {
			quantity = one.quantity
		}
	}
	return quantity
}

func (h *Holds) count() {
	h.live.Store(int64(len(h.queue)))
	due := int64(0)
	if len(h.queue) > 0 {
		due = h.queue[0].until
	}
	h.due.Store(due)
}

const rowHeader = 1 + 4 + 8

func (one *hold) append(dst []byte) []byte {
	dst = append(dst, version)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(one.quantity))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(one.until))
	return append(dst, one.item...)
}

func parse(key, row []byte) (*hold, bool) {
	if len(key) != idSize || len(row) < rowHeader || row[0] != version {
		return nil, false
	}
	return &hold{
		id: [idSize]byte(key), item: string(row[rowHeader:]),
		quantity: int64(binary.LittleEndian.Uint32(row[1:])), until: int64(binary.LittleEndian.Uint64(row[5:])),
	}, true
}

// queue is a heap of holds, the one that ends first on top.
type queue []*hold

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].until < q[j].until }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}
func (q *queue) Push(x any) {
	one := x.(*hold)
	one.place = len(*q)
	*q = append(*q, one)
}
func (q *queue) Pop() any {
	old := *q
	one := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return one
}
