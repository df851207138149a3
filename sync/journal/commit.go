package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

const (
	manyPending = 256 << 10 // bytes after which Run commits at once
	maxPending  = 1 << 20   // bytes after which Append waits for the disk
	placeEvery  = 32 << 10  // bytes between two remembered offsets
	nextName    = "next"
)

// Sync returns nil once the record and all before it are durable. Whoever comes
// first commits for all who wait. After ErrFailed or ctx's error the record may
// still become durable later; asking again tells.
func (j *Journal) Sync(ctx context.Context, seq uint64) error {
	for {
		done, err := j.fate(seq)
		if done == nil {
			return err
		}
		select {
		case <-done:
		case <-j.token:
			if j.Durable() >= seq {
				j.token <- struct{}{}
				return nil
			}
			j.commit()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fate tells whether a record is durable, or which commit will decide it.
func (j *Journal) fate(seq uint64) (<-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case seq > j.last:
		return nil, ErrNotHeld
	case seq <= j.durable:
		return nil, nil
	case j.failure != nil:
		return nil, j.failure
	case j.flying != nil && seq <= j.flying.last:
		return j.flying.done, nil
	}
	return j.open.done, nil
}

// commitAll commits until nothing is pending, or one commit fails.
func (j *Journal) commitAll() error {
	for j.Durable() < j.Last() {
		<-j.token
		if err := j.commit(); err != nil {
			return err
		}
	}
	return nil
}

// commit makes one batch durable: the one that failed before, or else all that
// is pending. The caller holds the token; commit gives it back.
func (j *Journal) commit() error {
	defer func() { j.token <- struct{}{} }()
	b, err := j.take()
	if b == nil {
		return err
	}
	if err = j.write(b); err != nil {
		err = fmt.Errorf("%w: %w: check the disk that holds the log", ErrFailed, err)
	}
	j.settle(b, err)
	return err
}

// take makes the open batch fly. nil: there is nothing to commit.
func (j *Journal) take() (*batch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.released:
		return nil, ErrClosed
	case j.flying != nil:
		return j.flying, nil
	case len(j.open.frames) == 0:
		return nil, nil
	}
	j.flying = j.open
	j.open = newBatch(j.last+1, j.spare)
	j.spare = nil
	return j.flying, nil
}

// settle tells those who wait how the commit ended. A failure concerns all that
// is pending, for later records can't be durable without earlier ones.
func (j *Journal) settle(b *batch, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failure = err
	close(b.done)
	if err == nil {
		j.spare = b.frames
		j.flying = nil
		return
	}
	b.done = make(chan struct{})
	close(j.open.done)
	j.open.done = make(chan struct{})
}

// write puts a batch into the active file, and into as many new ones as it
// takes. A failed write or sync gives its file up; once per batch, the rest is
// tried again in a new file.
func (j *Journal) write(b *batch) error {
	failed := false
	for len(b.rest()) > 0 {
		part, records, places := j.fit(b)
		if records == 0 {
			if err := j.rotate(); err != nil {
				return err
			}
			continue
		}
		if err := j.writePart(part); err != nil {
			j.abandon()
			if failed {
				return err
			}
			failed = true
			continue
		}
		j.publish(b, len(part), records, places)
	}
	return nil
}

// fit cuts off the whole records that fit into the active file.
func (j *Journal) fit(b *batch) (part []byte, records uint64, places []place) {
	if j.active == nil {
		return nil, 0, nil
	}
	f, rest := j.current, b.rest()
	n, placed := 0, f.lastPlace()
	for n < len(rest) {
		size := frameSize + payloadLen(rest[n:])
		off := f.end + int64(n)
		if off+int64(size) > f.size {
			break
		}
		if off-placed >= placeEvery {
			places = append(places, place{b.first + records, off})
			placed = off
		}
		n += size
		records++
	}
	return rest[:n], records, places
}

// writePart is the commit point: after its sync the records survive a power
// cut, a crash before it leaves any part of them, which Open cuts off.
func (j *Journal) writePart(part []byte) error {
	if _, err := j.active.WriteAt(part, j.current.end); err != nil {
		return err
	}
	return j.active.sync()
}

// publish lets readers see what has just become durable.
func (j *Journal) publish(b *batch, n int, records uint64, places []place) {
	f := j.current
	j.mu.Lock()
	defer j.mu.Unlock()
	f.end += int64(n)
	f.last += records
	f.places = append(f.places, places...)
	b.off += n
	b.first += records
	j.durable = f.last
	if f.end > f.size/2 {
		signal(j.low)
	}
}

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

func fileName(first uint64) string { return fmt.Sprintf("%016x.log", first) }
