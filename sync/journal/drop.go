package journal

import "fmt"

// Drop removes the files that hold no record after upTo; the newest file always
// stays. The caller drops only what it can do without. A file that can't be
// removed now, as one being read on Windows, is tried again by the next Drop.
func (j *Journal) Drop(upTo uint64) error {
	j.dropping.Lock()
	defer j.dropping.Unlock()
	for {
		name, ok := j.oldest(upTo)
		if !ok {
			return nil
		}
		// Oldest first and synced one by one: a crash leaves no gap.
		if err := j.disk.remove(name); err != nil {
			return fmt.Errorf("drop log file: %w", err)
		}
		if err := j.disk.syncDir(); err != nil {
			return fmt.Errorf("drop log file: %w", err)
		}
		j.mu.Lock()
		j.files = j.files[1:]
		j.mu.Unlock()
	}
}

func (j *Journal) oldest(upTo uint64) (name string, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.released || len(j.files) < 2 || j.files[1].first > upTo+1 {
		return "", false
	}
	return j.files[0].name, true
}
