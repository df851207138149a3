package compile

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
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
	shape := e.shape.Frame
	f.over(e.shell, shape.ContextDense, 4, frame, shape.OffsetContext(), e.contextDense(f, sums))
	f.over(e.shell, shape.ContextCategorical, 4, frame, shape.OffsetContextID(), e.contextID(f, sums))
	for k, sum := range sums {
		f.I32(0)
		f.Index(wasm.LocalGet, sum)
		f.Mem(wasm.F32Store, sharedAt+4*k)
	}
	return e.end(f)
}

// contextDense adds the terms of one dense value, or those of its absence.
func (e *linear) contextDense(f *fn, sums []int) func(c *wasm.Code, at, number int) {
	weights, x, xx := f.local(wasm.I32), f.local(wasm.F32), f.local(wasm.F32)
	first := e.entries + e.entry*e.shape.Weight(0)
	return func(c *wasm.Code, at, _ int) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalTee, x)
		c.Index(wasm.LocalGet, x)
		c.Op(wasm.F32Mul)
		c.Index(wasm.LocalSet, xx)
		for k, sum := range sums {
			c.Index(wasm.LocalGet, sum)
			if k < e.shape.Frame.Heads {
				weighted(c, weights, x, first+4*k, e.entry)
			} else {
				weighted(c, weights, xx, first+4*k, e.entry)
			}
			c.Op(wasm.F32Add)
			c.Index(wasm.LocalSet, sum)
		}
		advance(c, weights, 2*e.entry)
	}
}

// weighted leaves on the stack what a dense value adds: its product with the
// weight at the address in base plus first, or the weight of missing, one entry
// behind.
func weighted(c *wasm.Code, base, x, first, entry int) {
	c.Index(wasm.LocalGet, base)
	c.Mem(wasm.F32Load, first)
	c.Index(wasm.LocalGet, x)
	c.Op(wasm.F32Mul, wasm.F32Bits)
	c.Index(wasm.LocalGet, base)
	c.Mem(wasm.I32Load, first+entry)
	present(c, x)
	c.Op(wasm.BitsF32)
}

// contextID adds the entry of one id; that of id 0 is zero.
func (e *linear) contextID(f *fn, sums []int) func(c *wasm.Code, at, number int) {
	id := f.local(wasm.I32)
	return func(c *wasm.Code, at, _ int) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalTee, id)
		e.offset(c, id)
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

// offset turns the id on the stack into the offset of its entry behind that of
// missing ids, or into 0 if one of the locals is.
func (e *linear) offset(c *wasm.Code, ids ...int) {
	c.I32(e.mask())
	c.Op(wasm.I32And)
	c.I32(1)
	c.Op(wasm.I32Add)
	for _, id := range ids {
		c.I32(0)
		c.Index(wasm.LocalGet, id)
		c.Op(wasm.Select)
	}
	c.I32(e.shift())
	c.Op(wasm.I32Shl)
}

// nothing is the address of the entry of missing ids; the table follows it.
func (e *linear) nothing() int { return e.entries + e.entry*e.shape.Nothing() }

func (e *linear) mask() int32 { return 1<<e.shape.Bits - 1 }

// shift turns an index into an offset.
func (e *linear) shift() int32 { return int32(bits.TrailingZeros(uint(e.entry))) }
