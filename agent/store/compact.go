package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// Compact rewrites files of tables as of the record seq or later, so that nothing
// which was deleted or overwritten by then can be read in them, in their
// checkpoints or in what was set aside of them. Views and commits wait only while a
// file is exchanged; flushes wait for all of it. After a crash each file is as it
// was or rewritten, and the same call again does the rest.
func (s *Store) Compact(ctx context.Context, seq uint64, which ...File) error {
	for tries := 0; s.behind(seq, which); tries++ {
		if tries == 3 {
			return fmt.Errorf("compact the tables: record %d is not in them yet", seq)
		}
		if err := s.flush(ctx, true); err != nil {
			return fmt.Errorf("compact the tables: %w", err)
		}
	}
	for _, id := range which {
		if err := s.compact(ctx, s.files[id]); err != nil {
			return fmt.Errorf("compact %s: %w", s.files[id].name, err)
		}
	}
	return nil
}

// behind tells whether a file lacks a record.
func (s *Store) behind(seq uint64, which []File) bool {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	for _, id := range which {
		if s.files[id].written.seq < seq {
			return true
		}
	}
	return false
}

func (s *Store) compact(ctx context.Context, f *file) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if err := errors.Join(s.failure(), s.checked(ctx)); err != nil {
		return err
	}
	temp := f.path + ".compact"
	if err := f.copyTo(temp); err != nil {
		return err
	}
	if _, err := verified(temp, s.log.Epoch()); err != nil {
		return err
	}
	s.opt.step("copied")
	old := f.path + ".old"
	if err := remove(old); err != nil {
		return err
	}
	_ = os.Link(f.path, old) // or readers would wait until the file system has let go of all its blocks
	if err := s.exchange(f, temp); err != nil {
		return err
	}
	if err := SyncFolder(filepath.Dir(f.path)); err != nil {
		return err
	}
	s.opt.step("exchanged")
	at, err := f.makeCheckpoint(s.log.Epoch())
	if err != nil {
		return err
	}
	f.checkpoint.Store(at)
	if err := errors.Join(remove(old), remove(f.path+".quarantine"), remove(f.path+".new")); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(f.path))
}

// remove is no error where there is nothing.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyTo writes the rows that there are into a new file, and syncs it.
func (f *file) copyTo(path string) (err error) {
	if err := remove(path); err != nil {
		return err
	}
	to, err := openBolt(path, 0, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	defer f.rescue(&err, debug.SetPanicOnFault(true))
	to.NoSync = true // what a crash leaves of it is not looked at
	if err := bolt.Compact(to, f.db, 1<<20); err != nil {
		return err
	}
	return to.Sync()
}

// exchange puts another file in the place of one. Where an open file can be renamed,
// readers go over to the new one before it has the name: should it not get it, a
// crash finds the old one, which the log brings up to date.
func (s *Store) exchange(f *file, path string) error {
	if !movesOpen {
		return s.exchangeClosed(f, path)
	}
	db, err := openTable(path, f.opt.MaxSize)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := f.db
	f.db = db
	s.mu.Unlock()
	return errors.Join(os.Rename(path, f.path), old.Close())
}

// exchangeClosed is exchange while nobody reads.
func (s *Store) exchangeClosed(f *file, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f.db.Close(); err != nil {
		return err
	}
	err := os.Rename(path, f.path)
	if oerr := f.openDB(); oerr != nil {
		err = fmt.Errorf("%w: open %s anew: %w; restart the agent", ErrCorrupt, f.name, errors.Join(err, oerr))
		s.fail(err)
	}
	return err
}
