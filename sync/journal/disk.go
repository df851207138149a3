package journal

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// disk is the few calls the log makes on its folder; the crash tests have
// another that forgets what was not synced.
type disk interface {
	list() ([]string, error)
	create(name string) (file, error) // empty, in place of what had the name
	open(name string) (file, error)
	rename(from, to string) error // in place of what had the name; neither is open for writing
	remove(name string) error
	syncDir() error        // makes create, rename and remove durable
	free() (uint64, error) // bytes left to us on the file system
	close() error          // lets another process open the folder
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	sync() error // makes what was written durable
	size() (int64, error)
}

// folder is the real disk. It holds the lock on the folder.
type folder struct {
	path string
	lock *os.File
}

func openFolder(path string) (*folder, error) {
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, err
	}
	return &folder{path, lock}, nil
}

// makeFolder creates the folder so that a crash can't take it away again with
// what was acknowledged in it.
func makeFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return syncFolder(parent)
}

func (d *folder) list() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (d *folder) create(name string) (file, error) {
	return d.file(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (d *folder) open(name string) (file, error) { return d.file(name, os.O_RDWR) }

func (d *folder) file(name string, flag int) (file, error) {
	f, err := os.OpenFile(filepath.Join(d.path, name), flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *folder) rename(from, to string) error {
	return renameFile(filepath.Join(d.path, from), filepath.Join(d.path, to))
}

func (d *folder) remove(name string) error { return os.Remove(filepath.Join(d.path, name)) }
func (d *folder) syncDir() error           { return syncFolder(d.path) }
func (d *folder) free() (uint64, error)    { return freeBytes(d.path) }
func (d *folder) close() error             { return d.lock.Close() }

type osFile struct{ *os.File }

func (f osFile) sync() error { return syncData(f.File) }

func (f osFile) size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func locked(path string, err error) error {
	return fmt.Errorf("%w: %s (%w): stop the other process, or give this one its own state folder", ErrLocked, path, err)
}
