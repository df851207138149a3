package coordinate

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrUnknown: there is no such action, or it ended too long ago.
	ErrUnknown = errors.New("coordinate: unknown action")
	// ErrExpired: the action's time is over.
	ErrExpired = errors.New("coordinate: the action is due no more")
	// ErrDecided: what was asked can't follow the state that the action is in.
	ErrDecided = errors.New("coordinate: the action is past that")
)

const (
	maxLive  = 8192 // actions that something may still become of
	maxEnded = 1024 // that are remembered after
	// prepared is how long an outcome may call for an action of its decision: as long
	// as that is known.
	prepared = 72 * time.Hour
)

// Actions are those of a node. All methods may be called at the same time.
type Actions struct {
	// immutable after New
	store          *store.Store
	holds          *Holds
	table, waiting *store.Table

	due  atomic.Int64  // when the first one ends; 0: there is none
	over atomic.Uint64 // not taken, because there were maxLive

	// Changed under the store's commit lock, as Apply is, and mu: so who has either
	// may read.
	mu    sync.Mutex
	all   map[ActionID]*action
	queue dueQueue
	ended []ActionID // oldest first
	lanes map[string]*lane
}

// action is one of them. Its row does not change: another takes its place.
type action struct {
	id    ActionID
	row   *wire.Action
	seq   uint64 // of the record it is by; 0: durable for long
	place int    // in the queue; -1: it ended
}

// lane is what a function is to get.
type lane struct {
	fresh []ActionID
	wake  chan struct{}
}

// NewActions declares the tables of actions. It comes after the holds, which end
// with actions that were rejected or expired.
func NewActions(st *store.Store, holds *Holds) *Actions {
	a := &Actions{
		store: st, holds: holds, table: st.Table(store.State, "actions", 0), waiting: st.Table(store.State, "prepared", prepared),
		all: map[ActionID]*action{}, lanes: map[string]*lane{},
	}
	st.Register(store.State, (*actionDeriver)(a))
	return a
}

// Settle ends what is due when no other record did. It is cheap when nothing is.
func (a *Actions) Settle() error {
	if due := a.due.Load(); due == 0 || due > a.store.Now() {
		return nil
	}
	if _, err := a.store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil); err != nil {
		return fmt.Errorf("end actions that are due: %w", err)
	}
	return nil
}

// Get finds an action. It is not to be changed. ErrUnknown.
func (a *Actions) Get(id ActionID) (*wire.Action, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.all[id]; one != nil {
		return one.row, nil
	}
	return nil, ErrUnknown
}

// List gives the actions of a function in some states, those that were called for
// first, first. "" is all functions; no state, or 0, those that something may still
// become of. They are not to be changed.
func (a *Actions) List(function string, states ...wire.ActionState) (list []*wire.Action) {
	live := len(states) == 0 || slices.Contains(states, 0)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.all {
		if (function == "" || one.row.Function == function) && (slices.Contains(states, one.row.State) || live && one.row.Ended == 0) {
			list = append(list, one.row)
		}
	}
	slices.SortFunc(list, func(x, y *wire.Action) int { return slices.Compare(x.Id, y.Id) })
	return list
}

// Live is how many there are that something may still become of.
func (a *Actions) Live() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.queue)
}

// Over counts actions that were not taken since the start: 8192 were under way.
func (a *Actions) Over() uint64 { return a.over.Load() }

// Can tells whether a state may follow now. It holds until the commit where it is
// asked in that's check. ErrUnknown, ErrExpired, ErrDecided.
func (a *Actions) Can(id ActionID, to wire.ActionState) error {
	row, err := a.Get(id)
	switch {
	case err != nil:
		return err
	case row.State == wire.ActionState_ACTION_EXPIRED, row.DueMs <= a.store.Now():
		return ErrExpired
	case row.Ended > 0, !follows(row.State, to):
		return ErrDecided
	}
	return nil
}

// Update records what became of an action; why says that it failed. It is durable
// once it returns nil. ErrUnknown, ErrExpired, ErrDecided.
func (a *Actions) Update(ctx context.Context, id ActionID, to wire.ActionState, why string) error {
	u := id.Update(to)
	u.Why = why
	_, err := a.Commit(ctx, u, func() error { return a.Can(id, to) })
	return err
}

// Commit is Update with a check of the caller's, which runs in the same step.
func (a *Actions) Commit(ctx context.Context, u *wire.ActionUpdate, check func() error) (seq uint64, err error) {
	seq, err = a.store.Commit(&wire.Record{Body: &wire.Record_ActionUpdate{ActionUpdate: u}}, func(*store.View) error { return check() })
	if err != nil {
		return 0, err
	}
	return seq, a.store.Sync(ctx, seq)
}

// Last gives an action and the sequence of the record that it is by.
func (a *Actions) Last(id ActionID) (row *wire.Action, seq uint64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.all[id]; one != nil {
		return one.row, one.seq, true
	}
	return nil, 0, false
}

// Open has a function's actions queued from now on, those that wait already among
// them. What it gives says that there are more to Take.
func (a *Actions) Open(function string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := &lane{wake: make(chan struct{}, 1)}
	a.lanes[function] = l
	for _, one := range a.queue {
		if one.row.Function == function {
			a.offer(one)
		}
	}
	slices.SortFunc(l.fresh, func(x, y ActionID) int { return slices.Compare(x[:], y[:]) })
	return l.wake
}

// offer queues an action for its function, if that is open.
func (a *Actions) offer(one *action) {
	l := a.lanes[one.row.Function]
	if l == nil || !deliverable(one.row.State) {
		return
	}
	l.fresh = append(l.fresh, one.id)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Take gives what a function is to get and Take did not give yet.
func (a *Actions) Take(function string) (ids []ActionID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.lanes[function]; l != nil {
		ids, l.fresh = l.fresh, nil
	}
	return ids
}

// Deliver gives an action that its function is still to get, and the sequence that
// must be durable before: nobody may act on what a power cut undoes.
func (a *Actions) Deliver(id ActionID) (row *wire.Action, seq uint64, ok bool) {
	row, seq, ok = a.Last(id)
	return row, seq, ok && deliverable(row.State) && row.DueMs > a.store.Now()
}

// dueQueue is a heap of actions, the one that is due first on top.
type dueQueue []*action

func (q dueQueue) Len() int { return len(q) }
func (q dueQueue) Less(i, j int) bool {
	if q[i].row.DueMs != q[j].row.DueMs {
		return q[i].row.DueMs < q[j].row.DueMs
	}
	return slices.Compare(q[i].id[:], q[j].id[:]) < 0
}
func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}
func (q *dueQueue) Push(x any) {
	one := x.(*action)
	one.place = len(*q)
	*q = append(*q, one)
}
func (q *dueQueue) Pop() any {
	old := *q
	one := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return one
}

var _ heap.Interface = (*dueQueue)(nil)
