package erasure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/outbox"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrPending: the erasure is under way and goes on by itself, also after a restart;
// what it met with is in the node's log.
var ErrPending = errors.New("erasure: it is not finished yet and goes on by itself")

// Options say what there is to erase in. All but Outbox are required.
type Options struct {
	Log      *journal.Journal
	LogDir   string // of the log; logs set aside lie beside it
	Store    *store.Store
	Consents *consent.Ledger
	Vault    *profile.Vault
	Replay   *profile.Replay
	Outbox   *outbox.Outbox // nil: the node has no centre
	Keys     string         // folder of keys
	Retry    time.Duration  // after a failed step; default 1 min
}

// Receipt says what an erasure removed, in numbers only.
type Receipt struct {
	ID       string    `json:"receiptId"`
	At       time.Time `json:"at" doc:"When the last of it was unreadable, by the node's clock"`
	Records  int       `json:"records" doc:"Of the log, replaced by tombstones"`
	Queued   int       `json:"queued" doc:"Of segments for the centre, replaced likewise and sealed again"`
	Sessions int       `json:"sessions" doc:"Sessions and baskets that were the person's alone"`
	Aside    int       `json:"aside" doc:"Files of logs that had been set aside, removed"`
}

// Eraser erases all the persons of a round at once, for the tables, the log and the
// queue are read and written whole however many they are; who is asked for meanwhile
// waits for the next. Erase may be called at any time; it needs Run.
type Eraser struct {
	opt  Options
	list string // path of the list of erasures under way
	wake chan struct{}

	mu    sync.Mutex // guards tasks, and the file of the list
	tasks []*task
}

// task is one erasure under way.
type task struct {
	found   // changed under Eraser.mu, for the list is written from it
	receipt [16]byte
	done    chan result // of the first try, for who asked

	// owned by Run
	outcome Receipt
}

type result struct {
	receipt Receipt
	err     error
}

// Open takes up the list of erasures that were under way.
func Open(o Options) (*Eraser, error) {
	o.Retry = cmp.Or(o.Retry, time.Minute)
	e := &Eraser{opt: o, list: filepath.Join(o.Keys, "erasures"), wake: make(chan struct{}, 1)}
	var err error
	if e.tasks, err = readList(e.list); errors.Is(err, errList) {
		slog.Error("erasures that were under way are not known any more", "err", err)
	} else if err != nil {
		return nil, err
	}
	return e, nil
}

// Erase makes what the node holds of a person unreadable and returns when it is,
// or with ErrPending when that takes longer than ctx, or fails for now.
func (e *Eraser) Erase(ctx context.Context, who wire.Pseudonym) (Receipt, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Receipt{}, err
	}
	t := &task{found: newFound(who), receipt: id, done: make(chan result, 1)}
	if err := e.change(func() { e.tasks = append(e.tasks, t) }); err != nil {
		_ = e.forget(t) // what is on the disk nobody knows
		return Receipt{}, fmt.Errorf("note the erasure: %w", err)
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
	select {
	case r := <-t.done:
		return r.receipt, r.err
	case <-ctx.Done():
		return Receipt{}, fmt.Errorf("%w (receipt %s)", ErrPending, id)
	}
}

// Pending is how many erasures are under way.
func (e *Eraser) Pending() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.tasks)
}

// Run erases until ctx ends; then it returns nil.
func (e *Eraser) Run(ctx context.Context) error {
	retry := time.NewTicker(e.opt.Retry)
	defer retry.Stop()
	for {
		if due := e.due(); len(due) > 0 {
			e.run(ctx, due)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.wake:
		case <-retry.C:
		}
	}
}

func (e *Eraser) due() round {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.tasks)
}

// run does all steps of a round and tells those who wait for it.
func (e *Eraser) run(ctx context.Context, tasks round) {
	failed := e.steps(ctx, tasks)
	for _, t := range tasks {
		r := result{receipt: t.outcome}
		if failed != nil {
			r.err = fmt.Errorf("%w (receipt %s)", ErrPending, uuid.UUID(t.receipt))
		}
		if failed != nil && ctx.Err() == nil {
			slog.Error("an erasure is not finished; it is tried again", "receipt", uuid.UUID(t.receipt), "err", failed)
		}
		select {
		case t.done <- r:
		default: // who asked was told of an earlier try
		}
	}
}

// change changes the tasks and writes the list, or removes it when there is none.
func (e *Eraser) change(f func()) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
	return writeList(e.list, e.tasks)
}

// forget takes tasks off those that are under way.
func (e *Eraser) forget(tasks ...*task) error {
	return e.change(func() {
		e.tasks = slices.DeleteFunc(e.tasks, func(t *task) bool { return slices.Contains(tasks, t) })
	})
}
