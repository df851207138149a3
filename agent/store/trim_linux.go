package store

import (
	"golang.org/x/sys/unix"

	bolt "go.etcd.io/bbolt"
)

// trim takes the first size bytes of the file's mapping out of this process's
// resident memory. They stay in the system's cache, so that the next read of a
// page costs a minor fault and no disk.
func trim(db *bolt.DB, size int64) {
	_, _, _ = unix.RawSyscall(unix.SYS_MADVISE, db.Info().Data, uintptr(size), unix.MADV_DONTNEED)
}
