package compile

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// explain is aisle_explain: it walks one tree after the other.
func (e *forest) explain() int {
	x := e.shell.explain(1 + e.frame.Columns())
	walk := e.explainTree(x.at)
	entry, end := x.local(wasm.I32), x.local(wasm.I32)
	x.Index(wasm.LocalGet, frame)
	x.I32(int32(e.binsAt))
	x.Index(wasm.Call, e.contextBins)
	x.Index(wasm.LocalGet, x.row)
	x.I32(int32(e.binsAt))
	x.Index(wasm.Call, e.rowBins)
	e.eachTerm(x, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, x.out)
		c.F64(0)
		c.Mem(wasm.F64Store, x.at)
	})
	x.Index(wasm.LocalGet, x.lane)
	x.I32(headEntry / 4)
	x.Op(wasm.I32Mul)
	x.Index(wasm.LocalSet, x.lane)
	x.I32(0)
	x.Index(wasm.LocalGet, x.lane)
	x.Mem(wasm.F64Load, e.walk.heads+8)
	x.Mem(wasm.F64Store, x.at)
	x.Index(wasm.LocalGet, x.lane)
	x.Mem(wasm.I32Load, e.walk.heads+4)
	x.Index(wasm.LocalSet, end)
	x.Index(wasm.LocalGet, x.lane)
	x.Mem(wasm.I32Load, e.walk.heads)
	x.Index(wasm.LocalTee, entry)
	x.Index(wasm.LocalGet, end)
	x.Op(wasm.I32Ne)
	x.Begin(wasm.If)
	e.loop(&x.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, entry)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.Call, walk)
		advance(c, entry, 4)
		c.Index(wasm.LocalGet, entry)
		c.Index(wasm.LocalGet, end)
		c.Op(wasm.I32Ne)
		c.Index(wasm.BrIf, 0)
	})
	x.Op(wasm.End)
	if e.trees.Divisor != 1 {
		e.eachTerm(x, func(c *wasm.Code) {
			c.Index(wasm.LocalGet, x.out)
			c.Index(wasm.LocalGet, x.out)
			c.Mem(wasm.F64Load, x.at)
			c.F64(e.trees.Divisor)
			c.Op(wasm.F64Div)
			c.Mem(wasm.F64Store, x.at)
		})
	}
	return x.end()
}

// eachTerm runs body with x.out at the offset of each contribution.
func (e *forest) eachTerm(x *explainer, body func(c *wasm.Code)) {
	x.I32(0)
	x.Index(wasm.LocalSet, x.out)
	e.loop(&x.Code, func(c *wasm.Code) {
		body(c)
		until(c, x.out, 8, 8*(1+e.frame.Columns()))
	})
}

// explainTree is a function that adds one tree's contributions, its root given,
// to those at terms.
func (e *forest) explainTree(terms int) int {
	const at = 0
	f := newFn(nil, wasm.I32)
	word, left, column := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	have, next, bins := f.local(wasm.F64), f.local(wasm.F64), f.local(wasm.I32)
	f.I32(int32(e.binsAt))
	f.Index(wasm.LocalSet, bins)
	// The root's expectation, or its value, goes to the bias.
	e.loop(&f.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalTee, word)
		c.I32(0)
		c.Op(wasm.I32LtS)
		c.Begin(wasm.If)
		c.Index(wasm.LocalGet, word)
		e.leaf(c, 0)
		if e.trees.Narrow {
			c.Op(wasm.F64Widen)
		}
		c.Index(wasm.LocalSet, next)
		c.Op(wasm.Else)
		e.children(c, at, word)
		c.Index(wasm.LocalTee, left)
		e.expectation(c)
		c.Index(wasm.LocalSet, next)
		c.Op(wasm.End)

		c.Index(wasm.LocalGet, column)
		c.Index(wasm.LocalGet, column)
		c.Mem(wasm.F64Load, terms)
		c.Index(wasm.LocalGet, next)
		c.Index(wasm.LocalGet, have)
		c.Op(wasm.F64Sub, wasm.F64Add)
		c.Mem(wasm.F64Store, terms)
		c.Index(wasm.LocalGet, next)
		c.Index(wasm.LocalSet, have)

		c.Index(wasm.LocalGet, word)
		c.I32(0)
		c.Op(wasm.I32LtS)
		c.Begin(wasm.If)
		c.Op(wasm.Return, wasm.End)
		c.Index(wasm.LocalGet, left)
		turns(c, word, bins)
		e.scale(c)
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalSet, at)
		c.Index(wasm.LocalGet, word)
		c.I32(binsLimit - 1)
		c.Op(wasm.I32And)
		c.I32(1)
		c.Op(wasm.I32Shl)
		c.Mem(wasm.I32Load16U, e.walk.columns)
		c.Index(wasm.LocalSet, column)
		c.Index(wasm.Br, 0)
	})
	return e.end(f)
}

// expectation replaces the address of a node's children by what it expects.
func (e *forest) expectation(c *wasm.Code) {
	c.I32(int32(e.walk.nodes))
	c.Op(wasm.I32Sub)
	if e.walk.wide {
		c.I32(1)
		c.Op(wasm.I32ShrU)
	}
	c.Mem(wasm.F64Load, e.walk.expect)
}
