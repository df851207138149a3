package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// explain emits the contributions of a linear model.
func (e *linear) explain() int {
	x := e.shell.explain(1 + e.frame.Columns() + len(e.shape.Crosses))
	x.put(&x.Code, func() {
		x.Index(wasm.LocalGet, x.lane)
		x.Mem(wasm.F32Load, e.entries)
	})
	weight := x.local(wasm.I32)
	x.Index(wasm.LocalGet, x.lane)
	x.Index(wasm.LocalSet, weight)
	dense := func(c *wasm.Code, v int) {
		weighted(c, weight, v, e.entries+e.entry*e.shape.Weight(0), e.entry)
		advance(c, weight, 2*e.entry)
	}
	id := func(c *wasm.Code, id int) {
		c.Index(wasm.LocalGet, id)
		e.lookup(x, c, id)
	}
	x.dense(true, dense)
	x.ids(true, id)
	x.dense(false, dense)
	x.ids(false, id)
	if len(e.shape.Crosses) > 0 {
		e.explainCrosses(x)
	}
	return x.end()
}

// lookup loads the head's weight of the id on the stack, or 0 if one of the locals
// is.
func (e *linear) lookup(x *explainer, c *wasm.Code, ids ...int) {
	e.offset(c, ids...)
	c.Index(wasm.LocalGet, x.lane)
	c.Op(wasm.I32Add)
	c.Mem(wasm.F32Load, e.nothing())
}

// explainCrosses reads the pairs of columns from the model.
func (e *linear) explainCrosses(x *explainer) {
	pair, a, b := x.local(wasm.I32), x.local(wasm.I32), x.local(wasm.I32)
	meter.Loop(&x.Code, e.fuel, func(c *wasm.Code) {
		e.idOf(x, c, pair, scoring.OffsetCrosses, a)
		e.idOf(x, c, pair, scoring.OffsetCrosses+2, b)
		x.put(c, func() {
			c.Index(wasm.LocalGet, a)
			c.I32(scoring.CrossPrime)
			c.Op(wasm.I32Mul)
			c.Index(wasm.LocalGet, b)
			c.Op(wasm.I32Xor)
			e.lookup(x, c, a, b)
		})
		until(c, pair, 4, 4*len(e.shape.Crosses))
	})
}

// idOf loads the id of the column that the model names at offset beyond the local
// pair: one of the context, or one of the row.
func (e *linear) idOf(x *explainer, c *wasm.Code, pair, offset, id int) {
	s := e.frame
	c.Index(wasm.LocalGet, frame)
	c.I32(int32(s.OffsetContextID()))
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalGet, pair)
	c.Mem(wasm.I32Load16U, modelAt+offset)
	c.Index(wasm.LocalTee, id)
	c.I32(2)
	c.Op(wasm.I32Shl, wasm.I32Add)
	c.Index(wasm.LocalGet, x.row)
	c.I32(int32(columnBytes * (s.Dense - s.ContextCategorical)))
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalGet, id)
	c.I32(columnBytes)
	c.Op(wasm.I32Mul, wasm.I32Add)
	c.Index(wasm.LocalGet, id)
	c.I32(int32(s.ContextCategorical))
	c.Op(wasm.I32LtU, wasm.Select)
	c.Mem(wasm.I32Load, 0)
	c.Index(wasm.LocalSet, id)
}
