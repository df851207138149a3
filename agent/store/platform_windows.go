package store

// SyncFolder has nothing to do: NTFS logs its names itself.
func SyncFolder(string) error { return nil }

// initialMap is 0: here a file would at once take the space of its mapping.
func initialMap(int) int { return 0 }

// movesOpen: here a file must be closed to be renamed.
const movesOpen = false
