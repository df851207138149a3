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
	engine *Engine
	digest [32]byte
	code   wazero.CompiledModule
	blob   []byte
	fuel   int

	mu       sync.Mutex // guards the pool
	returned sync.Cond  // an instance came back, or the module was closed
	free     []*Instance
	vacant   int // places in the pool whose instance was thrown away
	borrowed int
	closed   bool
}

func newModule(e *Engine, digest [32]byte, c wazero.CompiledModule, blob []byte, l Limits) *Module {
	m := &Module{
		engine: e, digest: digest, code: c, blob: blob,
		fuel:   cmp.Or(l.Fuel, 64),
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
// are in use. It returns ErrClosed after Close, and any error of making a new
// instance where one was thrown away. Instance.Return must follow.
func (m *Module) Borrow() (*Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.closed && len(m.free) == 0 && m.vacant == 0 {
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
	in, err := m.instantiate()
	if err != nil {
		m.returned.Signal() // the place is vacant still: let the next one try
		return nil, err
	}
	m.vacant--
	m.borrowed++
	return in, nil
}

// giveBack takes an instance back. A broken one is thrown away, and its place is
// filled by the next borrower who finds no other.
func (m *Module) giveBack(in *Instance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.borrowed--
	if in.broken {
		in.drop()
		m.vacant++
	} else {
		m.free = append(m.free, in)
	}
	if m.closed {
		m.release()
	}
	m.returned.Signal()
}

// Close ends lending. Instances in use stay sound until they are returned; the
// last one releases the code. It is safe to call twice.
func (m *Module) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.returned.Broadcast()
	return m.release()
}

// release drops what is not in use and, when nothing is, the code.
func (m *Module) release() error {
	var errs []error
	for _, in := range m.free {
		errs = append(errs, in.drop())
	}
	m.free = nil
	if m.borrowed == 0 {
		errs = append(errs, m.engine.release(m.digest))
	}
	return errors.Join(errs...)
}
