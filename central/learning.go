package central

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
)

// learning trains for the folder in force: when that changes, with another
// trainer, which learns from the ledger again as far as the change demands.
type learning struct {
	// immutable after newLearning
	db       *store.DB
	ledger   *ledger.Ledger
	fleet    *fleet.Fleet
	folder   func() (*registry.Folder, <-chan struct{})
	halfLife time.Duration
	log      *slog.Logger

	mu      sync.Mutex // guards the rest
	of      *registry.Folder
	trainer *training.Trainer // for of; nil while there is none
	end     int64             // of the ledger when the trainer was opened
	failed  error             // why there is no trainer; nil: it did not fail
}

func newLearning(c *Central) *learning {
	return &learning{
		db: c.db, ledger: c.tally.Ledger, fleet: c.fleet, halfLife: c.cfg.Training.HalfLife, log: c.log,
		folder: func() (*registry.Folder, <-chan struct{}) { return c.releases.Folder() },
	}
}

// Run trains until ctx ends, and returns nil. A trainer that fails is opened
// again, from its last checkpoint.
func (l *learning) Run(ctx context.Context) error {
	retry := backoff.NewExponentialBackOff()
	for ctx.Err() == nil {
		folder, changed := l.folder()
		if folder == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := l.train(ctx, folder, changed); err == nil {
			retry.Reset()
			continue
		} else if ctx.Err() == nil {
			l.log.Error("train; trying again", "error", err)
			l.fail(err)
		}
		select {
		case <-time.After(retry.NextBackOff()):
		case <-ctx.Done():
		}
	}
	return nil
}

// train trains until the folder changes.
func (l *learning) train(ctx context.Context, f *registry.Folder, changed <-chan struct{}) error {
	t, err := training.Open(ctx, l.db, l.ledger, l.config(f))
	if err != nil {
		return err
	}
	files, err := l.ledger.Files(ctx, 0)
	if err != nil {
		return err
	}
	l.set(f, t, int64(len(files))) // ordinals are dense from 1
	defer l.set(nil, nil, 0)
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	})
	defer watch.Wait()
	defer cancel()
	return t.Run(ctx)
}

func (l *learning) config(f *registry.Folder) training.Config {
	columns := f.ColumnSet()
	models := make(map[string]training.Model)
	for _, name := range f.Models() {
		models[name] = training.Model{Shape: f.Shape(), Columns: columns[:]}
	}
	return training.Config{Slots: f.Rulebook.Slots, Models: models, Scope: l.fleet.Scope, HalfLife: l.halfLife, Log: l.log}
}

func (l *learning) set(f *registry.Folder, t *training.Trainer, end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of, l.trainer, l.end = f, t, end
	if t != nil {
		l.failed = nil
	}
}

func (l *learning) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = err
}

// problem is why nothing is learned, nil while all is well.
func (l *learning) problem() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (l *learning) current() (f *registry.Folder, t *training.Trainer, end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of, l.trainer, l.end
}

// progress is how far training is; nothing while there is none.
func (l *learning) progress() (*registry.Folder, training.Stats, map[string][]training.Arm) {
	f, t, _ := l.current()
	if t == nil {
		return nil, training.Stats{}, nil
	}
	stats, arms := t.Progress()
	return f, stats, arms
}

// learned is what was learned for a folder; nil while that is not trained for,
// or while the ledger is being learned from again and less is known than was.
func (l *learning) learned(f *registry.Folder) *training.Snapshot {
	of, t, end := l.current()
	if t == nil || of != f {
		return nil
	}
	s := t.Snapshot()
	if s.Stats.File < end {
		return nil
	}
	return &s
}
