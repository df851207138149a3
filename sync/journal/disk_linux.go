package journal

import (
	"errors"
	"os"
	"syscall"
)

// lockFolder locks the folder itself, so no lock file can be left behind.
func lockFolder(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(locked(path, err), dir.Close())
	}
	return dir, nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// syncData leaves out the modification time, which would cost a metadata commit.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

func renameFile(from, to string) error { return os.Rename(from, to) }

func freeBytes(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, os.NewSyscallError("statfs", err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}
