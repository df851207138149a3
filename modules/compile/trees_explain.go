package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// explain is aisle_explain: it walks one tree after the other.
func (e *forest) explain() int {
	const row, head = 1, 2
	walk := e.explainTree()
	f := newFn(i32s, wasm.I32, wasm.I32, wasm.I32)
	entry, end := f.local(wasm.I32), f.local(wasm.I32)
	e.checkFrame(f, end)
	f.Index(wasm.LocalGet, row)
	f.Index(wasm.LocalGet, end)
	f.Op(wasm.I32GeU, wasm.I32Or)
	f.Index(wasm.LocalGet, head)
	f.I32(int32(e.model.Frame.Heads))
	f.Op(wasm.I32GeU, wasm.I32Or)
	returnIf(f, 0)

	f.Index(wasm.LocalGet, frame)
	f.I32(int32(e.binsAt))
	f.Index(wasm.Call, e.contextBins)
	f.Index(wasm.LocalGet, frame)
	f.I32(int32(e.model.Frame.OffsetBlocks()))
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalGet, row)
	f.I32(blockShift)
	f.Op(wasm.I32ShrU)
	f.I32(int32(e.model.Frame.BlockSize()))
	f.Op(wasm.I32Mul, wasm.I32Add)
	f.Index(wasm.LocalGet, row)
	f.I32(abi.BlockRows - 1)
	f.Op(wasm.I32And)
	f.I32(2)
	f.Op(wasm.I32Shl, wasm.I32Add)
	f.I32(int32(e.binsAt))
	f.Index(wasm.Call, e.rowBins)

	e.eachTerm(f, entry, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, entry)
		c.F64(0)
		c.Mem(wasm.F64Store, e.termsAt)
	})
	f.Index(wasm.LocalGet, head)
	f.I32(headEntry)
	f.Op(wasm.I32Mul)
	f.Index(wasm.LocalSet, head)
	f.I32(0)
	f.Index(wasm.LocalGet, head)
	f.Mem(wasm.F64Load, e.walk.heads+8)
	f.Mem(wasm.F64Store, e.termsAt)
	f.Index(wasm.LocalGet, head)
	f.Mem(wasm.I32Load, e.walk.heads+4)
	f.Index(wasm.LocalSet, end)
	f.Index(wasm.LocalGet, head)
	f.Mem(wasm.I32Load, e.walk.heads)
	f.Index(wasm.LocalTee, entry)
	f.Index(wasm.LocalGet, end)
	f.Op(wasm.I32Ne)
	f.Begin(wasm.If)
	e.loop(&f.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, entry)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.Call, walk)
		advance(c, entry, 4)
		c.Index(wasm.LocalGet, entry)
		c.Index(wasm.LocalGet, end)
		c.Op(wasm.I32Ne)
		c.Index(wasm.BrIf, 0)
	})
	f.Op(wasm.End)
	if e.model.Divisor != 1 {
		e.eachTerm(f, entry, func(c *wasm.Code) {
			c.Index(wasm.LocalGet, entry)
			c.Index(wasm.LocalGet, entry)
			c.Mem(wasm.F64Load, e.termsAt)
			c.F64(e.model.Divisor)
			c.Op(wasm.F64Div)
			c.Mem(wasm.F64Store, e.termsAt)
		})
	}
	f.I32(int32(e.termsAt))
	return e.end(f)
}

// eachTerm runs body with the local at the offset of each contribution.
func (e *forest) eachTerm(f *fn, at int, body func(c *wasm.Code)) {
	f.I32(0)
	f.Index(wasm.LocalSet, at)
	e.loop(&f.Code, func(c *wasm.Code) {
		body(c)
		advance(c, at, 8)
		c.Index(wasm.LocalGet, at)
		c.I32(int32(8 * (1 + e.model.Frame.Columns())))
		c.Op(wasm.I32Ne)
		c.Index(wasm.BrIf, 0)
	})
}

// explainTree is a function that adds one tree's contributions: its root.
func (e *forest) explainTree() int {
	const at = 0
	f := newFn(nil, wasm.I32)
	word, left, column := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	have, next := f.local(wasm.F64), f.local(wasm.F64)
	// The root's expectation, or its value, goes to the bias.
	e.loop(&f.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalTee, word)
		c.I32(0)
		c.Op(wasm.I32LtS)
		c.Begin(wasm.If)
		e.leaf(c, word)
		if e.model.Narrow {
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
		c.Mem(wasm.F64Load, e.termsAt)
		c.Index(wasm.LocalGet, next)
		c.Index(wasm.LocalGet, have)
		c.Op(wasm.F64Sub, wasm.F64Add)
		c.Mem(wasm.F64Store, e.termsAt)
		c.Index(wasm.LocalGet, next)
		c.Index(wasm.LocalSet, have)

		c.Index(wasm.LocalGet, word)
		c.I32(0)
		c.Op(wasm.I32LtS)
		c.Begin(wasm.If)
		c.Op(wasm.Return, wasm.End)
		c.Index(wasm.LocalGet, left)
		e.turns(c, word)
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
