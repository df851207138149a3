package host

import (
	"cmp"
	"errors"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"
)

// Module is admitted code with its model and a pool of instances. It is safe
// for concurrent use.
type Module struct {
	// immutable after Admit
	engine     *Engine
	key        key
	code       wazero.CompiledModule
	blob       []byte
	fuel       int // slices of a call
	rows       int // slices more for each 1,024 rows
	initialize int // slices of _initialize
	keeps      bool

	mu       sync.Mutex // guards the pool
	returned sync.Cond  // an instance came back or was made, or the module was closed
	free     []*Instance
	borrowed int
	vacant   int   // places in the pool without an instance
	mending  int   // places that an instance is being made for
	failed   error // why the last one could not be made
	closed   bool
}

func newModule(e *Engine, k key, c wazero.CompiledModule, blob []byte, l Limits) *Module {
	m := &Module{
		engine: e, key: k, code: c, blob: blob, keeps: l.Keeps,
		fuel: cmp.Or(l.Fuel, 64), rows: cmp.Or(l.Rows, 32), initialize: cmp.Or(l.Initialize, 512),
		vacant: cmp.Or(l.Instances, runtime.GOMAXPROCS(0)+1),
	}
	m.returned.L = &m.mu
	return m
}

// fill makes an instance for every place in the pool.
func (m *Module) fill() error {
	for ; m.vacant > 0; m.vacant-- {
		in, err := m.instantiate()
		if err != nil {
			return err
		}
		m.free = append(m.free, in)
	}
	return nil
}

// Borrow takes an instance, the one used last first, and waits for one while all
// are in use or being made. It returns ErrClosed after Close, and the error of
// making an instance where none is left and none could be made. Instance.Return
// must follow.
func (m *Module) Borrow() (*Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.closed && len(m.free) == 0 && m.borrowed+m.mending > 0 {
		m.returned.Wait()
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
	m.mend()
	return nil, m.failed
}

// giveBack takes an instance back. A broken one is thrown away and another made
// in its place.
func (m *Module) giveBack(in *Instance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.borrowed--
	if !in.broken {
		m.free = append(m.free, in)
		m.returned.Signal()
	} else {
		in.drop()
		m.vacant++
		if !m.closed {
			m.mend()
		}
	}
	if m.closed {
		m.release()
	}
}

// mend makes an instance for a vacant place, beside the requests. Close waits
// until it is made.
func (m *Module) mend() {
	m.vacant--
	m.mending++
	go func() {
		in, err := m.instantiate()
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
		m.returned.Broadcast()
	}()
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
