package store

import (
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// makeCheckpoints follows a flush of all files, or a quiet one's checkpoint
// would keep the log from being dropped.
func (s *Store) makeCheckpoints() error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	for _, f := range s.files {
		seq, err := f.makeCheckpoint(s.log.Epoch())
		if err != nil {
			return fmt.Errorf("make a checkpoint of %s: %w", f.name, err)
		}
		f.checkpoint.Store(seq)
		s.opt.step("checkpointed")
	}
	return nil
}

// makeCheckpoint copies the file, and lets the copy take the old one's place
// once it has been read back and found whole.
func (f *file) makeCheckpoint(epoch [16]byte) (seq uint64, err error) {
	err = Replace(f.checkpointPath(), func(to *os.File) error {
		err := f.db.View(func(tx *bolt.Tx) error {
			_, err := tx.WriteTo(to)
			return err
		})
		if err == nil {
			err = to.Sync()
		}
		if err == nil {
			seq, err = verified(to.Name(), epoch)
		}
		return err
	})
	return seq, err
}

// verified checks a copy and gives the sequence it holds.
func verified(path string, epoch [16]byte) (seq uint64, err error) {
	db, err := openBolt(path, 0, true)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := check(db); err != nil {
		return 0, err
	}
	at, err := readPosition(db, epoch)
	return at.seq, err
}

// checkpointed is the sequence that the checkpoint on the disk holds, 0 without
// a readable one. It was checked when it was made, and will be when it is used.
func (f *file) checkpointed(epoch [16]byte) uint64 {
	if _, err := os.Stat(f.checkpointPath()); err != nil {
		return 0
	}
	db, err := openBolt(f.checkpointPath(), 0, true)
	if err != nil {
		return 0
	}
	defer db.Close()
	at, _ := readPosition(db, epoch)
	return at.seq
}
