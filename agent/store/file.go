package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// file is one bbolt file with its tables.
type file struct {
	// immutable after open
	id   File
	name string
	path string
	opt  Options

	// exchanged under both Store.flushing and Store.mu
	db *bolt.DB

	// fixed by Recover
	tables []*Table
	start  position // what the file held when it was opened

	// guarded by Store.mu
	rows int // in the active rows of its tables

	// guarded by Store.flushing
	checking <-chan error // the check that took too long for Open; else nil
	frozen   position     // what the file will hold once the frozen rows are written; zero: nothing is frozen
	written  position     // what the file holds

	full       atomic.Bool   // takes vital records only
	checkpoint atomic.Uint64 // sequence its checkpoint holds
}

func openFile(dir, name string, id File, epoch [16]byte, opt Options) (*file, error) {
	f := &file{id: id, name: name, path: filepath.Join(dir, name), opt: opt}
	if err := os.MkdirAll(filepath.Dir(f.checkpointPath()), 0o700); err != nil {
		return nil, err
	}
	err := f.openOrRebuild()
	if err != nil {
		return nil, err
	}
	if f.start, err = readPosition(f.db, epoch); err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.written = f.start
	f.checkpoint.Store(f.checkpointed(epoch))
	return f, nil
}

// open gives ErrCorrupt when there is a file that can't be trusted, and any
// other error when the file is not to blame.
func (f *file) open() (err error) {
	if _, err := os.Stat(f.suspectPath()); err == nil {
		return fmt.Errorf("%w: %s could not be read in service", ErrCorrupt, f.name)
	}
	if err := f.openDB(); err != nil {
		return err
	}
	outcome := make(chan error, 1)
	go func() { outcome <- check(f.db) }()
	select {
	case err := <-outcome:
		if err != nil {
			return errors.Join(err, f.close())
		}
	case <-time.After(f.opt.CheckWithin):
		f.checking = outcome // the first flush waits for it
	}
	return nil
}

// openDB leaves the one that was open, closed, in place when it fails.
func (f *file) openDB() error {
	db, err := openTable(f.path, f.opt.MaxSize)
	if err == nil {
		f.db = db
	}
	return err
}

func openTable(path string, maxSize int) (*bolt.DB, error) {
	db, err := openBolt(path, initialMap(maxSize), false)
	if err == nil {
		db.AllocSize = 1 << 20 // the steps in which it grows, and the precision of its limit
	}
	return db, err
}

func (f *file) close() error {
	if f.checking != nil {
		<-f.checking // it reads the mapping
	}
	return f.db.Close()
}

var (
	aisle       = []byte("\x00aisle") // the bucket of the position
	positionKey = []byte("position")
)

const (
	positionVersion = 0
	positionSize    = 1 + 16 + 8 + 8
)

func (p position) encode(epoch [16]byte) []byte {
	b := append(make([]byte, 0, positionSize), positionVersion)
	b = append(b, epoch[:]...)
	b = binary.BigEndian.AppendUint64(b, p.seq)
	return binary.BigEndian.AppendUint64(b, uint64(p.ms))
}

// readPosition is the zero position in a file that never was flushed to. Of
// another epoch only the time counts: that log is gone, and its rows are where
// this one starts.
func readPosition(db *bolt.DB, epoch [16]byte) (p position, err error) {
	err = db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(aisle)
		if bucket == nil {
			return nil
		}
		b := bucket.Get(positionKey)
		if len(b) != positionSize || b[0] != positionVersion {
			return errors.New("its rows have a format this program does not read; run the newer program")
		}
		p.ms = int64(binary.BigEndian.Uint64(b[25:]))
		if [16]byte(b[1:17]) == epoch {
			p.seq = binary.BigEndian.Uint64(b[17:])
		}
		return nil
	})
	return p, err
}
