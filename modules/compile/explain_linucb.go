package compile

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// explain emits the contributions of a LinUCB model.
func (e *linUCB) explain(prepare int) int {
	x := e.shell.explain(1 + e.frame.Columns())
	weight, number := x.local(wasm.I32), x.local(wasm.I32)
	x.Index(wasm.LocalGet, frame)
	x.Index(wasm.Call, prepare)
	x.Index(wasm.LocalGet, x.lane)
	x.I32(int32(e.shape.Line(1, 0)-e.shape.Line(0, 0)) / 4)
	x.Op(wasm.I32Mul)
	x.Index(wasm.LocalSet, weight)
	times := func(c *wasm.Code, value func()) {
		c.Index(wasm.LocalGet, weight)
		c.Mem(wasm.F32Load, e.line(0, 0))
		value()
		c.Op(wasm.F32Mul)
		advance(c, weight, 4)
	}
	x.put(&x.Code, func() {
		if !e.shape.Bias {
			x.F32(0)
			return
		}
		times(&x.Code, func() { x.F32(1) })
	})
	x.over(e.shell, e.frame.ContextDense, 4, frame, 0, func(c *wasm.Code, _, number int) {
		x.put(c, func() {
			times(c, func() {
				c.Index(wasm.LocalGet, number)
				c.Mem(wasm.F32Load, e.columns+4*(e.shared-e.frame.ContextDense))
			})
		})
	})
	x.dense(false, func(c *wasm.Code, v int) {
		times(c, func() {
			c.Index(wasm.LocalGet, v)
			c.Op(wasm.F32Bits)
			c.Index(wasm.LocalGet, number)
			c.Mem(wasm.I32Load, e.defaults+4*e.frame.ContextDense)
			present(c, v)
			c.Op(wasm.BitsF32)
		})
		advance(c, number, 4)
	})
	return x.end()
}
