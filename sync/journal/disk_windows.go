package journal

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// lockFolder opens a file that nobody else may open while we hold it.
func lockFolder(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(filepath.Join(path, "lock"))
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, locked(path, err)
	}
	return os.NewFile(uintptr(h), "lock"), nil
}

// syncFolder has nothing to do: NTFS logs its names itself, and renameFile
// writes through.
func syncFolder(string) error { return nil }

func syncData(f *os.File) error { return f.Sync() } // FlushFileBuffers

func renameFile(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
}

func freeBytes(path string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}
