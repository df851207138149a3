package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	// lag is how many records a file may be behind for want of rows of its own;
	// a start reads at most so many for it.
	lag = 16384
	// crowd is how many times FlushRows may lie in memory while a file can't be written.
	crowd = 8
)

// trimEvery bounds how many pages of the files decisions about many persons have
// in this process's memory: some thousand of them touch a megabyte in a few
// milliseconds.
const trimEvery = 100 * time.Millisecond

// Run writes the tables, sweeps out what expired and makes checkpoints, until
// ctx ends; then it writes once more. What can't be written is tried again. It
// returns early with [ErrCorrupt] only, after which the process should end.
func (s *Store) Run(ctx context.Context) error {
	tick, breath := time.NewTicker(s.opt.FlushEvery), time.NewTicker(trimEvery)
	defer tick.Stop()
	defer breath.Stop()
	var last error
	for {
		logged := s.logged.Load()
		due := logged >= s.opt.CheckpointBytes
		err := s.flush(ctx, due)
		if due && err == nil {
			if err = s.makeCheckpoints(); err == nil {
				s.logged.Add(-logged)
			}
		}
		if s.failure() != nil {
			return s.failure()
		}
		if err != nil && ctx.Err() == nil && (last == nil || last.Error() != err.Error()) {
			slog.Error("the tables can't be written; the log keeps what they miss", "err", err)
		}
		last = err
		for wait := true; wait; {
			select {
			case <-ctx.Done():
				return s.flush(context.WithoutCancel(ctx), true)
			case <-tick.C:
				wait = false
			case <-s.wake:
				wait = false
			case <-breath.C:
				s.trim()
			}
		}
	}
}

// flush writes what lies in memory; all writes the positions of idle files too.
// A crash before a file's commit leaves it as it was, and after it, as it will
// be: the log holds the difference either way.
func (s *Store) flush(ctx context.Context, all bool) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if err := s.checked(ctx); err != nil {
		return err
	}
	at := s.freeze()
	if err := s.failure(); err != nil { // what lies in memory is not what the log says
		return err
	}
	s.opt.step("frozen")
	if err := s.log.Sync(ctx, at.seq); err != nil {
		return fmt.Errorf("make the log durable before the tables: %w", err)
	}
	s.opt.step("synced")
	var errs []error
	for _, f := range s.files {
		errs = append(errs, s.write(f, at, all))
		s.opt.step("flushed")
	}
	s.trim()
	err := errors.Join(errs...)
	if errors.Is(err, ErrCorrupt) {
		s.fail(err)
	}
	return err
}

// freeze sets the rows in memory apart for writing, except in a file whose last
// ones could not be written yet.
func (s *Store) freeze() position {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.frozen.seq > 0 {
			continue
		}
		for _, t := range f.tables {
			t.freeze()
		}
		if f.rows > 0 {
			f.frozen, f.rows = s.at, 0
		}
	}
	return s.at
}

// write commits a file's frozen rows, with the position they stand for and
// without some expired ones, if there is anything to it.
func (s *Store) write(f *file, at position, all bool) error {
	expired, err := f.expired()
	if err != nil {
		return err
	}
	if at.seq < f.written.seq {
		at = f.written // another file is being rebuilt
	}
	switch behind := at.seq - f.written.seq; {
	case f.frozen.seq > 0:
		at = f.frozen
	case behind > lag || all && behind > 0 || len(expired) > 0 || f.full.Load():
	default:
		return nil
	}
	change := func(tx *bolt.Tx) error {
		return cmp.Or(f.sweep(tx, expired), f.put(tx, at, s.log.Epoch()))
	}
	percent := f.opt.MaxSize / 100
	err = f.update(90*percent, change)
	full := errors.Is(err, berrors.ErrMaxSizeReached)
	if full { // what was accepted goes into the reserve, and leaves some of it to sweeps
		err = f.update(95*percent, change)
	}
	f.full.Store(full || err != nil && s.crowded(crowd*f.opt.FlushRows))
	if err != nil {
		sweep := func(tx *bolt.Tx) error { return f.sweep(tx, expired) }
		return fmt.Errorf("write %s: %w", f.name, errors.Join(err, f.update(f.opt.MaxSize, sweep)))
	}
	s.thaw(f, at)
	return nil
}

// update runs one commit of the file under a limit of its size.
func (f *file) update(limit int, change func(*bolt.Tx) error) (err error) {
	defer f.rescue(&err, debug.SetPanicOnFault(true))
	f.db.MaxSize = limit
	return f.db.Update(change)
}

func (f *file) put(tx *bolt.Tx, at position, epoch [16]byte) error {
	for _, t := range f.tables {
		if len(t.frozen) == 0 {
			continue
		}
		b, err := tx.CreateBucketIfNotExists(t.name)
		if err != nil {
			return err
		}
		keys := slices.Sorted(maps.Keys(t.frozen)) // in order: neighbours share pages
		if last, _ := b.Cursor().Last(); keys[0] > string(last) {
			b.FillPercent = 0.9 // nothing comes between them later
		}
		for _, key := range keys {
			if row := t.frozen[key]; row == nil {
				err = b.Delete([]byte(key))
			} else {
				err = b.Put([]byte(key), row)
			}
			if err != nil {
				return err
			}
		}
	}
	b, err := tx.CreateBucketIfNotExists(aisle)
	if err != nil {
		return err
	}
	return b.Put(positionKey, at.encode(epoch))
}

// thaw lets go of rows that are in the file now.
func (s *Store) thaw(f *file, at position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range f.tables {
		s.recent.wrote(t, t.frozen)
		t.thaw()
	}
	f.frozen, f.written = position{}, at
}

// trim keeps the files' pages from adding up in the process's memory. A file that
// is exchanged meanwhile is closed behind it, or was, and has no pages then.
func (s *Store) trim() {
	for _, f := range s.files {
		s.mu.RLock()
		db := f.db
		s.mu.RUnlock()
		_ = db.View(func(tx *bolt.Tx) error {
			trim(db, tx.Size())
			return nil
		})
	}
}
