package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrFull: the tables this record would grow are at their limit, or can't be
	// written for now. Nothing was logged.
	ErrFull = errors.New("store: no room for the tables of this record")
	// ErrCorrupt: a file could not be read as it was written. A restart sets it
	// aside and rebuilds it.
	ErrCorrupt = errors.New("store: damaged file")
	// ErrBehind: the log ends before what the tables hold, so it lost what had
	// been durable. Its sequences must not be given out again: move its folder
	// away, and a new log, with its own epoch, goes on from the tables.
	ErrBehind = errors.New("store: the log lost records that were durable")
)

// Deriver turns records into rows of one file, and into what it keeps in
// memory beside them.
type Deriver interface {
	// Load builds what is kept in memory from the tables, once, before Apply.
	Load(v *View) error
	// Apply takes in one record. It can't refuse: the record is in the log. What
	// it does is a function of the record and of the tables of its own file
	// alone, so that it comes out the same when the log is read again. It runs
	// under the store's lock and keeps no part of rec that the caller may change.
	Apply(tx *Tx, seq uint64, rec *wire.Record)
}

// Options are what the zero value leaves open.
type Options struct {
	FlushEvery      time.Duration    // between two writes of the tables; default 1 s
	FlushRows       int              // rows in memory that call for a write at once; default 8192
	MaxSize         int              // bytes a file may take, of which a tenth is the reserve; default 256 MiB
	CheckpointBytes int64            // of log between two checkpoints; default 64 MiB
	CheckWithin     time.Duration    // how long Open waits for the check of a file; default 250 ms
	Now             func() time.Time // the wall clock; default time.Now

	step func(name string) // for tests: called between the steps of a flush
}

func (o Options) filled() Options {
	o.FlushEvery = cmp.Or(o.FlushEvery, time.Second)
	o.FlushRows = cmp.Or(o.FlushRows, 8192)
	o.MaxSize = cmp.Or(o.MaxSize, 256<<20)
	o.CheckpointBytes = cmp.Or(o.CheckpointBytes, 64<<20)
	o.CheckWithin = cmp.Or(o.CheckWithin, 250*time.Millisecond)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	return o
}

// position is a place in the log, and the node time there.
type position struct {
	seq uint64
	ms  int64
}

// Store is the tables of one node and the way into its log.
type Store struct {
	// immutable after Open
	opt   Options
	log   *journal.Journal
	clock *clock
	files [files]*file
	wake  chan struct{} // asks Run to flush

	// fixed by Recover
	derivers []registered

	// order makes check, append and apply one step, so that the log has the
	// order in which the tables changed
	order  sync.Mutex
	buffer []byte // guarded by order: the record being appended

	// mu guards the rows in memory and how far they are, so that a View sees
	// whole records; Commit takes it for applying only, not for appending
	mu sync.RWMutex
	at position

	recent recent

	// flushing lets one flush, sweep or checkpoint run at a time
	flushing sync.Mutex

	logged atomic.Int64          // bytes appended since the last checkpoint
	failed atomic.Pointer[error] // set once, and then for ever
}

type registered struct {
	file    *file
	deriver Deriver
}

// Open opens the files in dir, sets aside and restores those that are damaged,
// and leaves the tables to be declared, the derivers to be registered, and
// then Recover to be called. Only one process can have dir open.
func Open(dir string, log *journal.Journal, opt Options) (*Store, error) {
	s := &Store{opt: opt.filled(), log: log, wake: make(chan struct{}, 1)}
	s.clock = newClock(s.opt.Now)
	for id, name := range [files]string{"state.db", "profiles.db", "catalogue.db"} {
		f, err := openFile(dir, name, File(id), log.Epoch(), s.opt)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Join(dir, name), err), s.closeFiles())
		}
		s.files[id] = f
		s.clock.raise(f.start.ms)
		if f.start.seq > log.Last() {
			err := fmt.Errorf("%w: it ends at %d, %s holds %d; move the log's folder away and start again", ErrBehind, log.Last(), name, f.start.seq)
			return nil, errors.Join(err, s.closeFiles())
		}
	}
	return s, nil
}

// Register adds a deriver, before Recover. They load and apply in this order.
func (s *Store) Register(f File, d Deriver) {
	s.derivers = append(s.derivers, registered{s.files[f], d})
}

// Now is the node's time in Unix milliseconds: it never falls, also not
// between two runs, and is never behind a record of the log.
func (s *Store) Now() int64 { return s.clock.now() }

// Stats is the store's account of itself.
type Stats struct {
	Applied uint64        // sequence of the last record in the tables
	Rows    int           // in memory, not yet in their files
	Full    []string      // files at their limit
	Skew    time.Duration // by which the node's time is ahead of the wall clock
}

// Stats may be called at any time.
func (s *Store) Stats() Stats {
	st := Stats{Skew: s.clock.skew()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	st.Applied = s.at.seq
	for _, f := range s.files {
		st.Rows += f.rows
		if f.full.Load() {
			st.Full = append(st.Full, f.name)
		}
	}
	return st
}

// Checkpointed is the sequence up to which the log is not needed to rebuild any
// file, should it be lost.
func (s *Store) Checkpointed() uint64 {
	least := s.files[0].checkpoint.Load()
	for _, f := range s.files[1:] {
		least = min(least, f.checkpoint.Load())
	}
	return least
}

// fail stops the store for good: after a damaged file, or a deriver's panic,
// the tables in memory are no function of the log any more.
func (s *Store) fail(err error) {
	if s.failed.CompareAndSwap(nil, &err) {
		slog.Error("the store has stopped", "err", err)
	}
}

func (s *Store) failure() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Close writes what is in memory and closes the files. It comes after Run has
// returned and the last Commit and View; called twice, it does nothing again.
func (s *Store) Close() error {
	err := s.failure()
	if err == nil {
		err = s.flush(context.Background(), true)
	}
	return errors.Join(err, s.closeFiles())
}

func (s *Store) closeFiles() error {
	var errs []error
	for _, f := range s.files {
		if f != nil {
			errs = append(errs, f.close())
		}
	}
	return errors.Join(errs...)
}
