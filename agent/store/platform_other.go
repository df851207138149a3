//go:build !windows

package store

import (
	"errors"
	"os"
)

// SyncFolder makes durable what was created, renamed or removed in a folder.
func SyncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// initialMap is the whole size a file may get: else a commit that grows the
// mapping waits for all readers.
func initialMap(maxSize int) int { return maxSize }

// movesOpen: a file that is open can be renamed.
const movesOpen = true
