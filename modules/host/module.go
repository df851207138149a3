package host

import (
	"cmp"
	"runtime"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Module is admitted code with its model and a pool of instances. It is safe
// for concurrent use.
type Module struct {
	// immutable after Admit
	engine     *Engine
	key        key
	code       wazero.CompiledModule
	blob       []byte
	room       int // bytes of a frame that there is room for from the beginning
	fuel       int // slices of a call
	initialize int // slices of _initialize
	keeps      bool
	wait       time.Duration // for an instance, 0: as long as it takes
	variables  []string      // exports by which the state of a foreign module is restored
	image      *image        // that state, nil: an instance is made anew instead

	// immutable after Preflight
	rows int // slices more for each 1,024 rows
	ours bool

	mu       sync.Mutex // guards the pool
	returned sync.Cond  // an instance came back or was made, or the module was closed
	free     []*Instance
	borrowed int
	vacant   int   // places in the pool without an instance
	mending  int   // places that an instance is being made or renewed for
	failed   error // why the last one could not be made
	closed   bool
}

func newModule(e *Engine, k key, c wazero.CompiledModule, x *meter.Exposed, blob []byte, l Limits) *Module {
	m := &Module{
		engine: e, key: k, code: c, blob: blob, keeps: l.Keeps, ours: l.Ours, wait: l.Wait, variables: x.Variables,
		fuel: cmp.Or(l.Fuel, 64), rows: cmp.Or(l.Rows, defaultRows), initialize: cmp.Or(l.Initialize, 512),
		vacant: cmp.Or(l.Instances, runtime.GOMAXPROCS(0)+1),
	}
	if l.Frame != (abi.Shape{}) {
		m.room = l.Frame.Size(cmp.Or(l.Room, 1024))
	}
	if l.Ours {
		m.rows = mostRows
	}
	m.returned.L = &m.mu
	return m
}

// fill makes an instance for every place in the pool. The first one of a foreign
// module whose state is known is what all others begin as.
func (m *Module) fill(whole bool) error {
	for ; m.vacant > 0; m.vacant-- {
		in, err := m.instantiate()
		if err != nil {
			return err
		}
		if whole && m.image == nil {
			m.image = in.picture()
		}
		m.free = append(m.free, in)
	}
	return nil
}

// budget is how many slices a call with so many rows may use.
func (m *Module) budget(rows int) int { return m.fuel + m.rows*rows/1024 }
