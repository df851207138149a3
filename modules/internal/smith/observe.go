package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// mixer is odd, so that multiplying by it loses nothing.
const mixer = 0x9e3779b97f4a7c15 - 1<<64

// mix takes a value of t from the stack into the sum.
func (b *body) mix(t wasm.ValType) {
	b.number(t)
	b.index(wasm.GlobalGet, sum)
	b.i64(mixer)
	b.op(i64Mul, i64Add)
	b.index(wasm.GlobalSet, sum)
}

// number turns a value of t into an i64 that shows its bits.
func (b *body) number(t wasm.ValType) {
	switch t {
	case wasm.I32:
		b.op(i64ExtendI32)
	case wasm.F32:
		b.canonical(t)
		b.op(i32AsF32, i64ExtendI32)
	case wasm.F64:
		b.canonical(t)
		b.op(i64AsF64)
	case wasm.V128:
		v := b.keepOne(t)
		b.index(wasm.LocalTee, v)
		b.index(i64x2Extract, 0)
		b.i64(mixer)
		b.op(i64Mul)
		b.index(wasm.LocalGet, v)
		b.index(i64x2Extract, 1)
		b.op(i64Add)
	case wasm.FuncRef, wasm.ExternRef:
		b.op(wasm.RefIsNull, i64ExtendI32)
	}
}

// fold leaves the sum as an i32.
func (b *body) fold() {
	b.index(wasm.GlobalGet, sum)
	b.index(wasm.GlobalGet, sum)
	b.i64(32)
	b.op(i64ShrU, i64Xor, i32WrapI64)
}

var scalar = signature{in: []wasm.ValType{wasm.I32}, out: []wasm.ValType{wasm.I32}}

// fixed adds a function that write writes, and gives its index.
func (m *maker) fixed(s signature, write func(b *body)) int {
	m.funcs = append(m.funcs, m.typ(s))
	b := m.newBody(len(m.funcs)-1, s)
	write(b)
	m.finish(b)
	return len(m.funcs) - 1
}

// run is the function that calls the first few, with arguments of its own.
func (m *maker) run() int {
	return m.fixed(scalar, func(b *body) {
		b.i32(int32(m.budget))
		b.index(wasm.GlobalSet, left)
		b.i32(int32(m.maxSteps))
		b.index(wasm.GlobalSet, steps)
		b.index(wasm.LocalGet, 0)
		b.mix(wasm.I32)
		for f := range min(m.names, 1+m.below(3)) {
			s := m.types[m.funcs[f]]
			b.values(s.in)
			b.index(wasm.Call, f)
			b.sinks(s.out)
		}
		b.fold()
	})
}

// observe is the function that digests globals and tables, and puts the sum back.
func (m *maker) observe() int {
	return m.fixed(scalar, func(b *body) {
		before, i := b.keep(wasm.I64), b.keep(wasm.I32)
		b.index(wasm.GlobalGet, sum)
		b.index(wasm.LocalSet, before)
		for g := range m.globals {
			if g != sum {
				b.index(wasm.GlobalGet, g)
				b.mix(m.globals[g].typ)
			}
		}
		for t := range m.tables {
			b.index(wasm.TableSize, t)
			b.index(wasm.LocalSet, i)
			b.begin(wasm.Block, signature{}, func() {
				b.begin(wasm.Loop, signature{}, func() {
					b.index(wasm.LocalGet, i)
					b.op(wasm.I32Eqz)
					b.index(wasm.BrIf, 1)
					b.index(wasm.LocalGet, i)
					b.i32(1)
					b.op(wasm.I32Sub)
					b.index(wasm.LocalTee, i)
					b.index(wasm.TableGet, t)
					b.mix(m.tables[t].typ)
					b.index(wasm.Br, 0)
				})
			})
		}
		b.fold()
		b.index(wasm.LocalGet, before)
		b.index(wasm.GlobalSet, sum)
	})
}

// probe is the function that calls an element of a table, given both, as one
// that takes nothing and answers an i32.
func (m *maker) probe() int {
	number := []wasm.ValType{wasm.I32}
	name := m.typ(signature{out: number})
	return m.fixed(signature{in: []wasm.ValType{wasm.I32, wasm.I32, wasm.I32}, out: number}, func(b *body) {
		for t := range m.tables {
			if m.tables[t].typ != wasm.FuncRef {
				continue
			}
			b.index(wasm.LocalGet, 0)
			b.i32(int32(t))
			b.op(wasm.I32Eq)
			b.begin(wasm.If, signature{}, func() {
				b.index(wasm.LocalGet, 1)
				b.index(wasm.CallIndirect, name, t)
				b.op(wasm.Return)
			})
		}
		b.i32(-1)
	})
}
