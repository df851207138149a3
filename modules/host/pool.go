package host

import (
	"errors"
	"math"
	"time"
)

// Borrow takes an instance, the one used last first, and waits for one while all
// are in use or being made: ErrBusy where that takes longer than Limits.Wait. It
// returns ErrClosed after Close, and the error of making an instance where none
// is left and none could be made. Instance.Return must follow.
func (m *Module) Borrow() (*Instance, error) { return m.BorrowWithin(math.MaxInt64) }

// BorrowWithin is Borrow by who can't wait that long: at most for as long as most, and
// not at all if that is not above zero.
func (m *Module) BorrowWithin(most time.Duration) (*Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waits() && most > 0 {
		m.await(most)
	}
	if m.closed {
		return nil, ErrClosed
	}
	if n := len(m.free); n > 0 {
		in := m.free[n-1]
		m.free = m.free[:n-1]
		m.borrowed++
		return in, nil
	}
	if m.waits() {
		return nil, ErrBusy
	}
	m.vacant--
	m.mend(nil)
	return nil, m.failed
}

// waits tells whether an instance may come yet.
func (m *Module) waits() bool { return !m.closed && len(m.free) == 0 && m.borrowed+m.mending > 0 }

// await returns when an instance came or none will, or when it took too long.
func (m *Module) await(most time.Duration) {
	late := false
	if m.wait > 0 {
		most = min(most, m.wait)
	}
	if most < math.MaxInt64 {
		defer time.AfterFunc(most, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			late = true
			m.returned.Broadcast()
		}).Stop()
	}
	for m.waits() && !late {
		m.returned.Wait()
	}
}

// giveBack takes an instance back: as it is if it is sound and keeps nothing.
func (m *Module) giveBack(in *Instance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.borrowed--
	switch {
	case m.keeps && !in.broken:
		m.free = append(m.free, in)
		m.returned.Signal()
	case m.closed:
		in.drop()
	default:
		m.mend(in)
	}
	if m.closed {
		m.release()
	}
}

// mend renews an instance, or makes one for a place that has none, beside the
// requests. Close waits until that is done.
func (m *Module) mend(in *Instance) {
	m.mending++
	go func() {
		in, err := m.renew(in)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.mending--
		if m.failed = err; err != nil {
			m.vacant++
		} else {
			m.free = append(m.free, in)
		}
		if m.closed {
			m.release()
		}
		if err != nil || m.closed {
			m.returned.Broadcast() // nobody need wait for this one
		} else {
			m.returned.Signal()
		}
	}()
}

// renew gives an instance in which nothing is left of a request: this one, or
// another in its place.
func (m *Module) renew(in *Instance) (*Instance, error) {
	if in != nil {
		if m.image != nil && in.restore(m.image) {
			return in, nil
		}
		in.drop()
	}
	return m.instantiate()
}

// Close ends lending and waits for instances that are being made. Those in use
// stay sound until they are returned; the last one releases the code. It is safe
// to call twice.
func (m *Module) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.returned.Broadcast()
	err := m.release()
	for m.mending > 0 {
		m.returned.Wait()
	}
	return err
}

// release drops what is not in use and, when nothing is, the code.
func (m *Module) release() error {
	var errs []error
	for _, in := range m.free {
		errs = append(errs, in.drop())
	}
	m.free = nil
	if m.borrowed+m.mending == 0 {
		errs = append(errs, m.engine.release(m.key))
	}
	return errors.Join(errs...)
}
