package compile

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// explain emits the contributions of a factor model.
func (e *factor) explain() int {
	const headParam = 2
	x := e.shell.explain(1 + e.frame.Columns())
	head, entry := x.local(wasm.I32), x.local(wasm.I32)
	x.Index(wasm.LocalGet, headParam)
	x.I32(int32(e.shape.HeadSize()))
	x.Op(wasm.I32Mul)
	x.I32(int32(e.head(0)))
	x.Op(wasm.I32Add)
	x.Index(wasm.LocalSet, head)
	x.Index(wasm.LocalGet, frame)
	x.Index(wasm.LocalGet, head)
	x.Index(wasm.Call, e.context)
	x.Index(wasm.LocalGet, head)
	x.Index(wasm.LocalSet, entry)
	x.put(&x.Code, func() {
		x.Index(wasm.LocalGet, head)
		x.Mem(wasm.F32Load, 0)
	})
	advance(&x.Code, entry, e.entry)
	dense := func(weight func(c *wasm.Code)) func(c *wasm.Code, v int) {
		return func(c *wasm.Code, v int) {
			e.presentEntry(c, entry, v)
			weight(c)
			e.presentValue(c, v)
			c.Op(wasm.F32Mul)
			advance(c, entry, 2*e.entry)
		}
	}
	own := func(c *wasm.Code) { c.Mem(wasm.F32Load, 0) }
	given := func(c *wasm.Code) { c.Index(wasm.Call, e.dot) }
	x.dense(true, dense(own))
	x.ids(true, func(c *wasm.Code, id int) {
		e.lookup(c, head, id)
		c.Mem(wasm.F32Load, e.nothing)
	})
	x.dense(false, dense(given))
	x.ids(false, func(c *wasm.Code, id int) {
		e.lookup(c, head, id)
		c.I32(int32(e.nothing))
		c.Op(wasm.I32Add)
		given(c)
	})
	return x.end()
}
