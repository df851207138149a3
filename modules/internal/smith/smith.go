package smith

import (
	"maps"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Names of the exports that show what a module does, beside its memory.
const (
	// Run takes a number and answers the running sum.
	Run = abi.ExportScore
	// Observe answers a digest of the globals and of the tables' sizes and nulls.
	Observe = abi.ExportAlloc
	// Probe takes a table and an index and calls what is there; the third
	// parameter means nothing. It answers -1 for a table that holds no functions.
	Probe = abi.ExportExplain
)

// Module is a generated module and what was put into it.
type Module struct {
	Bytes []byte
	// Ops counts the instructions of the functions that were made at random.
	Ops map[wasm.Op]int
	// Has counts forms that instructions alone don't tell.
	Has map[string]int
	// Wild modules may run for ever, unless they are Bounded: then they trap
	// after some ten thousand steps.
	Wild, Bounded bool
	// Daring modules may trap on operands.
	Daring bool
}

// New makes the module that the choices say.
func New(c *Choices) *Module {
	m := &maker{Choices: c, ops: map[wasm.Op]int{}, has: map[string]int{}}
	m.plan()
	for f := range m.names {
		m.function(f)
	}
	for i := range nameCount {
		b := m.newBody(m.names+i, signature{})
		b.i32(int32(1000 + i))
		m.finish(b)
	}
	made := maps.Clone(m.ops)
	exports := []export{{Run, m.run()}, {Observe, m.observe()}, {Probe, m.probe()}}
	if m.rarely(4) {
		f := m.fixed(signature{}, func(b *body) {
			b.room = 20
			b.step()
			b.statements(3)
		})
		exports = append(exports, export{abi.ExportInitialize, f})
	}
	return &Module{Bytes: m.encode(exports), Ops: made, Has: m.has, Wild: m.wild, Bounded: m.counts, Daring: m.daring}
}
