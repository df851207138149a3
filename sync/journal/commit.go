package journal

import (
	"context"
	"fmt"
	"runtime"
)

const (
	manyPending = 256 << 10 // bytes after which Run commits at once
	maxPending  = 1 << 20   // bytes after which Append waits for the disk
	placeEvery  = 32 << 10  // bytes between two remembered offsets
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
			runtime.Gosched() // who is about to append does: a commit costs the same for all of them
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
