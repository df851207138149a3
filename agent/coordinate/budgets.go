package coordinate

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Budgets are what a node gave away of the budgets of offers, and who redeemed
// which. All methods may be called at the same time.
type Budgets struct {
	// immutable after NewBudgets
	store  *store.Store
	tables struct{ promised, sold, spent, redeemed, ends *store.Table }

	// owned by whoever holds the store's commit lock, as Apply does
	queue    dues
	reserved map[[idSize]byte]*due
	nextEnd  int64 // node time at which the first redemption is forgotten

	mu       sync.RWMutex // guards accounts, for those who hold no other lock
	accounts map[string]account

	due         atomic.Int64 // when the first reservation ends; 0: there is none
	redemptions atomic.Uint64
}

// account is that of one offer, in minor units.
type account struct{ spent, reserved int64 }

// How long what was promised is known: as long as event ids are; and once sold, or
// where it is promised for longer, as long as people bring things back, and as the
// longest hold or quote.
const (
	promisedFor = 72 * time.Hour
	soldFor     = 30 * 24 * time.Hour
)

// NewBudgets declares the tables of budgets.
func NewBudgets(st *store.Store) *Budgets {
	b := &Budgets{store: st, reserved: map[[idSize]byte]*due{}, accounts: map[string]account{}, nextEnd: math.MaxInt64}
	b.tables.promised = st.Table(store.State, "promised", promisedFor)
	b.tables.sold = st.Table(store.State, "sold", soldFor)
	b.tables.spent = st.Table(store.State, "spent", 0)
	b.tables.redeemed = st.Table(store.State, "redeemed", 0)
	b.tables.ends = st.Table(store.State, "redeemed-ends", 0)
	st.Register(store.State, (*budgetDeriver)(b))
	return b
}

// Used is what is spent and reserved of an offer's budget.
func (b *Budgets) Used(offer string) int64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.accounts[offer]
	return a.spent + a.reserved
}

// Spent is what is spent of it.
func (b *Budgets) Spent(offer string) int64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.accounts[offer].spent
}

// Settle ends reservations that are due when no other record did. It is cheap when
// none is.
func (b *Budgets) Settle() error {
	if due := b.due.Load(); due == 0 || due > b.store.Now() {
		return nil
	}
	if _, err := b.store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil); err != nil {
		return fmt.Errorf("end reservations that are due: %w", err)
	}
	return nil
}

// budgetDeriver is the Budgets as the store sees them.
type budgetDeriver Budgets

func (d *budgetDeriver) Load(v *store.View) error {
	b := (*Budgets)(d)
	for key, row := range v.Scan(b.tables.spent, nil) {
		if len(row) != 1+8 || row[0] != version {
			return fmt.Errorf("%w: malformed budget", store.ErrCorrupt)
		}
		b.accounts[string(key)] = account{spent: int64(binary.LittleEndian.Uint64(row[1:]))}
	}
	for _, t := range []*store.Table{b.tables.promised, b.tables.sold} {
		for key, row := range v.Scan(t, nil) {
			p, ok := parsePromise(row)
			if !ok || len(key) != idSize {
				return fmt.Errorf("%w: malformed promise", store.ErrCorrupt)
			}
			if p.until != 0 {
				b.reserve([idSize]byte(key), p)
			}
		}
	}
	for key := range v.Scan(b.tables.ends, nil) {
		b.nextEnd = endOf(key)
		break
	}
	return nil
}

func (d *budgetDeriver) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	b := (*Budgets)(d)
	for len(b.queue) > 0 && b.queue[0].until <= rec.AtMs {
		b.lapse(tx, b.queue[0].id)
	}
	b.forgetEnded(tx, rec.AtMs)
	switch body := rec.Body.(type) {
	case *wire.Record_Decision:
		b.applyDecision(tx, rec.AtMs, body.Decision)
	case *wire.Record_Outcome:
		b.applyOutcome(tx, rec.AtMs, body.Outcome)
	case *wire.Record_HoldEnd:
		if len(body.HoldEnd.Hold) == idSize {
			b.lapse(tx, [idSize]byte(body.HoldEnd.Hold))
		}
	case *wire.Record_Consent:
		b.applyConsent(tx, body.Consent)
	case *wire.Record_Erasure:
		b.forgetPerson(tx, body.Erasure.Pseudonym)
	}
}

func (b *Budgets) applyDecision(tx *store.Tx, at int64, d *wire.Decision) {
	if len(d.Id) != 16 {
		return
	}
	for i := range min(len(d.Shown), len(d.Items)) {
		p, ok := promiseOf(d, i)
		if !ok {
			continue
		}
		id := [idSize]byte(ID([16]byte(d.Id), i))
		tx.Put(b.tableOf(&p, at), id[:], p.append(nil))
		if p.until != 0 {
			b.reserve(id, p)
		}
	}
}

// applyOutcome spends what a sale takes of what was promised, or gives back what
// comes back.
func (b *Budgets) applyOutcome(tx *store.Tx, at int64, o *wire.Outcome) {
	sold := o.Type == wire.OutcomeType_OUTCOME_PURCHASE || o.Type == wire.OutcomeType_OUTCOME_REDEEM
	back := o.Type == wire.OutcomeType_OUTCOME_RETURN || o.Type == wire.OutcomeType_OUTCOME_VOID
	if len(o.Decision) != 16 || !sold && !back {
		return
	}
	id, p, ok := b.find(tx, o)
	if !ok {
		return
	}
	n := uint32(1)
	if q := math.Ceil(o.Quantity); q > 1 {
		n = uint32(min(q, math.MaxUint32))
	}
	switch {
	case sold:
		n = min(n, p.units-p.sold)
		b.move(tx, &p, int64(n), at, o.Pseudonym)
	case p.sold > 0:
		b.lapse(tx, id) // what comes back can be given to others at once, and is not promised any more
		p.until = 0
		b.move(tx, &p, -int64(min(n, p.sold)), at, o.Pseudonym)
	case o.Type == wire.OutcomeType_OUTCOME_VOID:
		b.lapse(tx, id)
		return
	default:
		return
	}
	b.keep(tx, id, &p, at)
}

// find is the promise that an outcome is about: of its decision, the first of its
// item that it can still change.
func (b *Budgets) find(tx *store.Tx, o *wire.Outcome) (id [idSize]byte, p promise, ok bool) {
	sold := o.Type == wire.OutcomeType_OUTCOME_PURCHASE || o.Type == wire.OutcomeType_OUTCOME_REDEEM
	for _, t := range []*store.Table{b.tables.promised, b.tables.sold} {
		for key, row := range tx.Scan(t, o.Decision) {
			one, whole := parsePromise(row)
			if !whole || len(key) != idSize || one.item != o.Item || sold && one.sold == one.units {
				continue
			}
			return [idSize]byte(key), one, true
		}
	}
	return id, p, false
}

// move spends so many units of a promise, below 0 gives them back. person is who
// took them or brings them back, empty for nobody who may be known.
func (b *Budgets) move(tx *store.Tx, p *promise, units, at int64, person []byte) {
	p.sold = uint32(int64(p.sold) + units)
	for i := range p.offers {
		o := &p.offers[i]
		if o.pays {
			reserved := int64(0)
			if p.until != 0 && units > 0 {
				reserved = -units * o.discount
			}
			b.book(tx, o.id, units*o.discount, reserved)
		}
		if o.once && len(person) == 16 && units != 0 {
			b.redeem(tx, person, o, units, at)
		}
	}
}

// keep writes a promise where it belongs at a time. What was sold of it reserves no
// more once all of it was, or some came back.
func (b *Budgets) keep(tx *store.Tx, id [idSize]byte, p *promise, at int64) {
	if p.until != 0 && p.sold == p.units {
		b.unqueue(id)
		p.until = 0
	}
	to, other := b.tableOf(p, at), b.tables.promised
	if to == other {
		other = b.tables.sold
	}
	tx.Delete(other, id[:])
	tx.Put(to, id[:], p.append(nil))
	if r := b.reserved[id]; r != nil {
		r.promise = *p
	}
}

// tableOf is where a promise belongs at a time: what was sold, and what reserves for
// longer than the others are known, where it is known for longer.
func (b *Budgets) tableOf(p *promise, at int64) *store.Table {
	if p.until == 0 && p.sold > 0 || p.until-at > promisedFor.Milliseconds() {
		return b.tables.sold
	}
	return b.tables.promised
}

// book enters an amount in an offer's account.
func (b *Budgets) book(tx *store.Tx, offer string, spent, reserved int64) {
	b.mu.Lock()
	a := b.accounts[offer]
	a.spent, a.reserved = a.spent+spent, a.reserved+reserved
	b.accounts[offer] = a
	b.mu.Unlock()
	if spent != 0 {
		tx.Put(b.tables.spent, []byte(offer), binary.LittleEndian.AppendUint64([]byte{version}, uint64(a.spent)))
	}
}

// due is a promise that reserves.
type due struct {
	promise
	id    [idSize]byte
	place int // in the queue
}

// reserve takes what a promise needs out of the budgets, until its time is over.
func (b *Budgets) reserve(id [idSize]byte, p promise) {
	one := &due{promise: p, id: id}
	b.reserved[id] = one
	heap.Push(&b.queue, one)
	b.mu.Lock()
	for _, o := range p.offers {
		if o.pays {
			a := b.accounts[o.id]
			a.reserved += int64(p.units-p.sold) * o.discount
			b.accounts[o.id] = a
		}
	}
	b.mu.Unlock()
	b.setDue()
}

// lapse gives back what a promise still reserves.
func (b *Budgets) lapse(tx *store.Tx, id [idSize]byte) {
	one := b.reserved[id]
	if one == nil {
		return
	}
	b.unqueue(id)
	p := one.promise
	for _, o := range p.offers {
		if o.pays {
			b.book(tx, o.id, 0, -int64(p.units-p.sold)*o.discount)
		}
	}
	p.until = 0
	b.keep(tx, id, &p, 0)
}

func (b *Budgets) unqueue(id [idSize]byte) {
	if one := b.reserved[id]; one != nil {
		heap.Remove(&b.queue, one.place)
		delete(b.reserved, id)
		b.setDue()
	}
}

func (b *Budgets) setDue() {
	at := int64(0)
	if len(b.queue) > 0 {
		at = b.queue[0].until
	}
	b.due.Store(at)
}

// dues is a heap of reservations, the one that ends first on top.
type dues []*due

func (q dues) Len() int           { return len(q) }
func (q dues) Less(i, j int) bool { return q[i].until < q[j].until }
func (q dues) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}
func (q *dues) Push(x any) {
	one := x.(*due)
	one.place = len(*q)
	*q = append(*q, one)
}
func (q *dues) Pop() any {
	old := *q
	one := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return one
}
