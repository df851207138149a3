package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// fillSums begins the sums of some blocks: their address, their number, the base.
func (e *forest) fillSums() int {
	const out, blocks, base = 0, 1, 2
	f := newFn(nil, wasm.I32, wasm.I32, wasm.V128)
	e.loop(&f.Code, func(c *wasm.Code) {
		for at := 0; at < outBytes; at += 16 {
			c.Index(wasm.LocalGet, out)
			c.Index(wasm.LocalGet, base)
			c.Mem(wasm.V128Store, at)
		}
		advance(c, out, outBytes)
		again(c, blocks)
	})
	return e.end(f)
}

// finishSums turns the sums of some blocks into means.
func (e *forest) finishSums() int {
	const out, blocks = 0, 1
	f := newFn(nil, wasm.I32, wasm.I32)
	x := f.some(vectors, wasm.V128)
	e.loop(&f.Code, func(c *wasm.Code) {
		if e.trees.Narrow {
			for v := range x {
				c.Index(wasm.LocalGet, out)
				c.Mem(wasm.V128Load, 16*v)
				c.Index(wasm.LocalSet, x[v])
			}
		}
		for at := 0; at < outBytes; at += 16 {
			c.Index(wasm.LocalGet, out)
			e.means(c, out, at, x)
			if e.trees.Divisor != 1 {
				c.F64(e.trees.Divisor)
				c.Op(wasm.F64x2Splat, wasm.F64x2Div)
			}
			c.Mem(wasm.V128Store, at)
		}
		advance(c, out, outBytes)
		again(c, blocks)
	})
	return e.end(f)
}

// means puts two sums on the stack as f64.
func (e *forest) means(c *wasm.Code, out, at int, x []int) {
	if !e.trees.Narrow {
		c.Index(wasm.LocalGet, out)
		c.Mem(wasm.V128Load, at)
		return
	}
	if at/16%2 == 0 {
		c.Index(wasm.LocalGet, x[at/32])
	} else {
		highHalf(c, x[at/32])
	}
	c.Op(wasm.F64x2PromoteLow)
}

// chunk is a function that answers some blocks: the address of the first,
// where its answers of the first head go, what lies between heads, and how many
// blocks, not more than there are bins for.
func (e *forest) chunk() int {
	const block, out, gap, blocks = 0, 1, 2, 3
	binsOf, fill, finish := e.blockBins(), e.fillSums(), e.finishSums()
	add := e.adders()
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	bins, left := f.local(wasm.I32), f.local(wasm.I32)
	f.I32(int32(e.binsAt))
	f.Index(wasm.LocalSet, bins)
	f.Index(wasm.LocalGet, blocks)
	f.Index(wasm.LocalSet, left)
	e.loop(&f.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, block)
		c.Index(wasm.LocalGet, bins)
		c.Index(wasm.Call, binsOf)
		advance(c, block, e.frame.BlockSize())
		advance(c, bins, e.stride())
		again(c, left)
	})
	for head := range e.frame.Heads {
		if head > 0 {
			f.Index(wasm.LocalGet, out)
			f.Index(wasm.LocalGet, gap)
			f.Op(wasm.I32Add)
			f.Index(wasm.LocalSet, out)
		}
		f.Index(wasm.LocalGet, out)
		f.Index(wasm.LocalGet, blocks)
		e.constant(&f.Code, e.trees.Base[head])
		if e.trees.Narrow {
			f.Op(wasm.F32x4Splat)
		} else {
			f.Op(wasm.F64x2Splat)
		}
		f.Index(wasm.Call, fill)
		add(&f.Code, head, out, blocks)
		if e.trees.Narrow || e.trees.Divisor != 1 {
			f.Index(wasm.LocalGet, out)
			f.Index(wasm.LocalGet, blocks)
			f.Index(wasm.Call, finish)
		}
	}
	return e.end(f)
}

// adders gives what calls the functions that add a head's trees to the sums of
// some blocks: from the local out on, as many as the local blocks says.
func (e *forest) adders() func(c *wasm.Code, head, out, blocks int) {
	if !e.lanes() {
		walk := e.walkBlocks()
		return func(c *wasm.Code, head, out, blocks int) {
			roots := e.walk.roots[head]
			if roots[0] == roots[1] {
				return
			}
			c.Index(wasm.LocalGet, out)
			c.Index(wasm.LocalGet, blocks)
			c.I32(int32(roots[0]))
			c.I32(int32(roots[1]))
			c.Index(wasm.Call, walk)
		}
	}
	groups := make([][]int, e.frame.Heads)
	for head := range groups {
		groups[head] = e.laneGroups(head)
	}
	return func(c *wasm.Code, head, out, blocks int) {
		for _, group := range groups[head] {
			c.I32(int32(e.binsAt))
			c.Index(wasm.LocalGet, out)
			c.Index(wasm.LocalGet, blocks)
			c.Index(wasm.Call, group)
		}
	}
}
