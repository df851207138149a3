package compile

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// context sums what all rows share, bias first, and leaves it at sharedAt. It
// runs once a frame, so it loops over columns instead of unrolling them.
func (e *linear) context() int {
	f := newFn(nil, wasm.I32)
	sums := f.some(e.lanes, wasm.F32)
	for k, sum := range sums {
		f.F32(0)
		f.I32(0)
		f.Mem(wasm.F32Load, e.entries+4*k)
		f.Op(wasm.F32Add)
		f.Index(wasm.LocalSet, sum)
	}
	at, end := f.local(wasm.I32), f.local(wasm.I32)
	shape := e.shape.Frame
	e.columns(f, at, end, shape.OffsetContext(), shape.ContextDense, e.contextDense(f, sums, at))
	e.columns(f, at, end, shape.OffsetContextID(), shape.ContextCategorical, e.contextID(f, sums, at))
	for k, sum := range sums {
		f.I32(0)
		f.Index(wasm.LocalGet, sum)
		f.Mem(wasm.F32Store, sharedAt+4*k)
	}
	return e.end(f)
}

// columns runs body with at on each of n values of four bytes from offset on.
func (e *linear) columns(f *fn, at, end, offset, n int, body func(*wasm.Code)) {
	if n == 0 {
		return
	}
	f.Index(wasm.LocalGet, frame)
	f.I32(int32(offset))
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalTee, at)
	f.I32(int32(4 * n))
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalSet, end)
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		body(c)
		c.Index(wasm.LocalGet, at)
		c.I32(4)
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalTee, at)
		c.Index(wasm.LocalGet, end)
		c.Op(wasm.I32Ne)
		c.Index(wasm.BrIf, 0)
	})
}

// contextDense adds the terms of one dense value, or those of its absence.
func (e *linear) contextDense(f *fn, sums []int, at int) func(*wasm.Code) {
	weights, x := f.local(wasm.I32), f.local(wasm.F32)
	first := e.entries + e.entry*e.shape.Weight(0)
	return func(c *wasm.Code) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalSet, x)
		for k, sum := range sums {
			c.Index(wasm.LocalGet, sum)
			c.Index(wasm.LocalGet, weights)
			c.Mem(wasm.F32Load, first+4*k)
			c.Index(wasm.LocalGet, x)
			if k >= e.shape.Frame.Heads {
				c.Index(wasm.LocalGet, x)
				c.Op(wasm.F32Mul)
			}
			c.Op(wasm.F32Mul)
			c.Index(wasm.LocalGet, weights)
			c.Mem(wasm.F32Load, first+e.entry+4*k)
			c.Index(wasm.LocalGet, x)
			c.Index(wasm.LocalGet, x)
			c.Op(wasm.F32Eq, wasm.Select, wasm.F32Add)
			c.Index(wasm.LocalSet, sum)
		}
		c.Index(wasm.LocalGet, weights)
		c.I32(int32(2 * e.entry))
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalSet, weights)
	}
}

// contextID adds the entry of one id; that of id 0 is zero.
func (e *linear) contextID(f *fn, sums []int, at int) func(*wasm.Code) {
	id := f.local(wasm.I32)
	return func(c *wasm.Code) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalTee, id)
		c.I32(e.mask())
		c.Op(wasm.I32And)
		c.I32(1)
		c.Op(wasm.I32Add)
		c.I32(0)
		c.Index(wasm.LocalGet, id)
		c.Op(wasm.Select)
		c.I32(e.shift())
		c.Op(wasm.I32Shl)
		c.Index(wasm.LocalSet, id)
		for k, sum := range sums {
			c.Index(wasm.LocalGet, sum)
			c.Index(wasm.LocalGet, id)
			c.Mem(wasm.F32Load, e.nothing()+4*k)
			c.Op(wasm.F32Add)
			c.Index(wasm.LocalSet, sum)
		}
	}
}

// nothing is the address of the entry of missing ids; the table follows it.
func (e *linear) nothing() int { return e.entries + e.entry*e.shape.Nothing() }

func (e *linear) mask() int32 { return 1<<e.shape.Bits - 1 }

// shift turns an index into an offset.
func (e *linear) shift() int32 { return int32(bits.TrailingZeros(uint(e.entry))) }
