package profile

import (
	"errors"
	"io/fs"
	"os"

	"github.com/aisle-edge/aisle/sync/wire"
)

// rewrite begins a new epoch with these keys. A crash before the new file has
// the name leaves the old one, under one name or the other; after it, endRewrite
// destroys the old one at the next start.
func (f *keyFile) rewrite(keys map[wire.Pseudonym]key) (*keyFile, error) {
	old := f.path + oldSuffix
	if err := endRewrite(f.path); err != nil { // one that could not be destroyed
		return nil, err
	}
	if err := os.Rename(f.path, old); err != nil {
		return nil, err
	}
	next, err := createKeys(f.path, f.master, keys)
	if err != nil {
		return nil, errors.Join(err, os.Rename(old, f.path))
	}
	return next, errors.Join(destroy(old), destroy(f.path+quarantineSuffix))
}

const (
	oldSuffix        = ".old"
	quarantineSuffix = ".quarantine" // of a key file that could not be read
)

func endRewrite(path string) error {
	old := path + oldSuffix
	if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(old, path)
	}
	return destroy(old)
}

// destroy overwrites the epoch key before it removes the file, if there is one,
// since a removed file's blocks can still be read.
func destroy(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := writeAt(path, make([]byte, headerSize), 0); err != nil {
		return err
	}
	return os.Remove(path)
}
