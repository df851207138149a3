//go:build !linux && !windows

package journal

import (
	"errors"
	"math"
	"os"
)

// For building and trying the code on a developer's machine only: nothing
// keeps a second process out, and the floor of free space is not watched.

func lockFolder(path string) (*os.File, error) { return os.Open(path) }

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func syncData(f *os.File) error        { return f.Sync() }
func renameFile(from, to string) error { return os.Rename(from, to) }
func freeBytes(string) (uint64, error) { return math.MaxUint64, nil }
