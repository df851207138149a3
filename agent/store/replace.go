package store

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace writes a file anew (mode 0600): after a crash anywhere, path holds
// what it held or all that write wrote, and once Replace has returned nil, the
// latter. What is left over of a crash is overwritten by the next Replace.
func Replace(path string, write func(*os.File) error) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}
