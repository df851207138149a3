package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

const nextName = "next"

func fileName(first uint64) string { return fmt.Sprintf("%016x.log", first) }

// abandon gives up a file that failed: its durable records are read, nothing
// is ever written to it again, and the next file overrules what lies behind.
func (j *Journal) abandon() {
	_ = j.active.Close() // there is no better error than the one that led here
	j.active = nil
}

// rotate begins a new file with the first record that is not durable. A crash
// before the rename leaves "next", which Open removes; one before the folder's
// sync leaves either no new file or an empty one; both end the log where it
// ended.
func (j *Journal) rotate() error {
	if j.active != nil {
		j.abandon() // all that counts in it is synced
	}
	h := header{epoch: j.epoch, first: j.Durable() + 1}
	h.previous = j.before(h.first)
	f, err := j.newFile(h)
	if err != nil {
		return err
	}
	j.active = f
	j.current = &logFile{name: fileName(h.first), first: h.first, last: h.first - 1, size: j.o.FileBytes, end: headerSize}
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.files); n > 0 && j.files[n-1].first == h.first {
		j.files = j.files[:n-1] // given up before anything in it was durable
	}
	j.files = append(j.files, j.current)
	return nil
}

// before is the first sequence of the file that a new one follows, 0: none.
func (j *Journal) before(first uint64) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range slices.Backward(j.files) {
		if f.first < first {
			return f.first
		}
	}
	return 0
}

// newFile turns "next", made now if it isn't ready, into the file with this
// header. "next" is used up even when this fails.
func (j *Journal) newFile(h header) (file, error) {
	j.making.Lock()
	defer j.making.Unlock()
	if err := j.prepare(); err != nil {
		return nil, err
	}
	j.setPrepared(false)
	if err := j.writeHeader(h); err != nil {
		return nil, err
	}
	name := fileName(h.first)
	if err := j.disk.rename(nextName, name); err != nil {
		return nil, err
	}
	if err := j.disk.syncDir(); err != nil {
		return nil, err
	}
	return j.disk.open(name)
}

func (j *Journal) writeHeader(h header) error {
	f, err := j.disk.open(nextName)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.sync(), f.Close())
}

// prepare makes "next", unless it is there: a file of written zeros, synced
// piece by piece so that commits of the active file don't wait behind all of
// it. making is held.
func (j *Journal) prepare() error {
	j.mu.Lock()
	ready := j.prepared
	j.mu.Unlock()
	if ready {
		return nil
	}
	f, err := j.disk.create(nextName)
	if err != nil {
		return err
	}
	if err := errors.Join(zero(f, 0, j.o.FileBytes), f.Close()); err != nil {
		return err
	}
	j.setPrepared(true)
	return nil
}

func (j *Journal) setPrepared(ready bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.prepared = ready
}

// zero writes and syncs zeros from one offset to another.
func zero(f file, from, to int64) error {
	const piece = 1 << 20
	zeros := make([]byte, min(piece, to-from))
	for from < to {
		n, err := f.WriteAt(zeros[:min(piece, to-from)], from)
		if err != nil {
			return err
		}
		if err := f.sync(); err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

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
		if err := j.disk.remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
