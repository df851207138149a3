package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// openOrRebuild tries the file, then its checkpoint, then none.
func (f *file) openOrRebuild() error {
	err := f.open()
	for _, restore := range []func() error{f.restore, func() error { return nil }} {
		if !errors.Is(err, ErrCorrupt) {
			break
		}
		slog.Error("a file is set aside and rebuilt", "err", err, "kept", f.path+".quarantine")
		if err = f.setAside(); err == nil {
			err = restore()
		}
		if err == nil {
			err = f.open()
		}
	}
	return err
}

// setAside frees the name; of several damaged files the last is kept. A crash
// before the mark is gone sets the rebuilt file aside too, which costs a replay.
func (f *file) setAside() error {
	if err := os.Rename(f.path, f.path+".quarantine"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Remove(f.suspectPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return SyncFolder(filepath.Dir(f.path))
}

// restore puts a copy of the checkpoint in the file's place.
func (f *file) restore() error {
	from, err := os.Open(f.checkpointPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer from.Close()
	return Replace(f.path, func(to *os.File) error {
		_, err := io.Copy(to, from)
		return err
	})
}

// suspect says that the file failed a read, and marks it: the next start sets it
// aside, even if a check finds nothing.
func (f *file) suspect(cause any) error {
	if err := os.WriteFile(f.suspectPath(), nil, 0o600); err != nil {
		slog.Error("a damaged file can't be marked", "err", err)
	}
	return fmt.Errorf("%w: read %s: %v; restart the agent, which rebuilds it", ErrCorrupt, f.name, cause)
}

func (f *file) suspectPath() string { return f.path + ".suspect" }

func (f *file) checkpointPath() string {
	return filepath.Join(filepath.Dir(f.path), "checkpoint", f.name)
}

func openBolt(path string, mapped int, readOnly bool) (db *bolt.DB, err error) {
	var open *os.File
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			_ = open.Close() // or its lock would outlive it
			db, err = nil, fmt.Errorf("%w: open %s: %v", ErrCorrupt, filepath.Base(path), r)
		}
	}()
	if info, err := os.Stat(path); err == nil && info.Size() > 0 && info.Size() < 2*int64(os.Getpagesize()) {
		return nil, fmt.Errorf("%w: %s is cut short", ErrCorrupt, filepath.Base(path))
	}
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout:         5 * time.Second,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: mapped,
		NoStatistics:    true,
		ReadOnly:        readOnly,
		PreLoadFreelist: true, // check reads it
		OpenFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
			var err error
			open, err = os.OpenFile(name, flag, mode)
			return open, err
		},
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		err = fmt.Errorf("%s is open in another process; stop that one: %w", filepath.Base(path), err)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		err = fmt.Errorf("%w: open %s: %w", ErrCorrupt, filepath.Base(path), err)
	}
	return db, err
}

// check reads every page. It must not run beside a commit.
func check(db *bolt.DB) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			err = fmt.Errorf("%w: check %s: %w", ErrCorrupt, filepath.Base(db.Path()), err)
		}
	}()
	return db.View(func(tx *bolt.Tx) error {
		defer func() { trim(db, tx.Size()) }()
		if err := touch(tx); err != nil {
			return err
		}
		var first error
		for err := range tx.Check() {
			first = cmp.Or(first, err)
		}
		return first
	})
}

// touch reads all rows first, because bbolt's own check runs in a goroutine of
// its own, from where a fault in the mapping would end the process.
func touch(tx *bolt.Tx) error {
	var sum byte
	return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
		return b.ForEach(func(_, row []byte) error {
			if len(row) > 0 {
				sum += row[0] + row[len(row)-1]
			}
			return nil
		})
	})
}

// checked waits for a check that Open did not wait for: it must not run beside
// a commit.
func (s *Store) checked(ctx context.Context) error {
	for _, f := range s.files {
		if f.checking == nil {
			continue
		}
		select {
		case err := <-f.checking:
			f.checking = nil
			if err != nil {
				err = f.suspect(err)
				s.fail(err)
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
