package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// countFunc is a function that ranks columns for all rows of a block at once: it
// counts the thresholds below each value.
func (e *forest) countFunc() int {
	return e.binFn(rankEntry, 2, func(f *fn, c *wasm.Code, source int) {
		x, counts := f.some(vectors, wasm.V128), f.some(vectors, wasm.V128)
		at, end, t, low := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.V128), f.local(wasm.V128)
		c.Index(wasm.LocalGet, binEntry)
		c.Mem(wasm.F32Load, 16)
		c.Op(wasm.F32x4Splat)
		c.Index(wasm.LocalSet, t)
		for v := range x {
			c.Index(wasm.LocalGet, source)
			c.Mem(wasm.V128Load, 16*v)
			c.Index(wasm.LocalTee, x[v])
			c.Index(wasm.LocalGet, x[v]) // all ones, a NaN, where near zero
			c.Op(wasm.F32x4Abs)
			c.Index(wasm.LocalGet, t)
			c.Op(wasm.F32x4Le, wasm.V128Or)
			c.Index(wasm.LocalSet, x[v])
			c.V128(0, 0, 0, 0)
			c.Index(wasm.LocalSet, counts[v])
		}
		for i, local := range [...]int{at, end} {
			c.Index(wasm.LocalGet, binEntry)
			c.Mem(wasm.I32Load, 4+4*i)
			c.Index(wasm.LocalSet, local)
		}
		e.loop(c, func(c *wasm.Code) { count(c, x, counts, at, end, t) })
		c.Index(wasm.LocalGet, binOut)
		bytesOf(c, wasm.I8x16NarrowI16x8U, func(v int) { c.Index(wasm.LocalGet, counts[v]) })
		c.V128(0x80808080, 0x80808080, 0x80808080, 0x80808080)
		c.Op(wasm.V128Xor)
		c.Index(wasm.LocalTee, low)
		c.Mem(wasm.V128Store, 0)
		c.Index(wasm.LocalGet, binOut)
		bytesOf(c, wasm.I8x16NarrowI16x8S, func(v int) {
			c.Index(wasm.LocalGet, x[v])
			c.Index(wasm.LocalGet, x[v])
			c.Op(wasm.F32x4Ne)
		})
		c.Index(wasm.LocalGet, low) // -128 turns into 127 if missing
		c.Op(wasm.V128Xor)
		c.Mem(wasm.V128Store, binBytes)
	})
}

// count takes some thresholds and goes on to the next.
func count(c *wasm.Code, x, counts []int, at, end, t int) {
	for i := range rankStep {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, 4*i)
		c.Op(wasm.F32x4Splat)
		c.Index(wasm.LocalSet, t)
		for v := range x {
			c.Index(wasm.LocalGet, counts[v])
			c.Index(wasm.LocalGet, x[v])
			c.Index(wasm.LocalGet, t)
			c.Op(wasm.F32x4Gt, wasm.I32x4Sub)
			c.Index(wasm.LocalSet, counts[v])
		}
	}
	advance(c, at, 4*rankStep)
	c.Index(wasm.LocalGet, at)
	c.Index(wasm.LocalGet, end)
	c.Op(wasm.I32Ne)
	c.Index(wasm.BrIf, 0)
}

// bytesOf narrows four vectors of i32 to one of bytes.
func bytesOf(c *wasm.Code, narrow wasm.Op, vector func(v int)) {
	for half := range 2 {
		vector(2 * half)
		vector(2*half + 1)
		c.Op(wasm.I16x8NarrowI32x4S)
	}
	c.Op(narrow)
}

// blockBins is a function that fills a block's bins: its address and theirs.
func (e *forest) blockBins() int {
	f := newFn(nil, wasm.I32, wasm.I32)
	if e.fewRanks.at != e.fewRanks.end {
		e.fill(&f.Code, e.fewRanks, e.countFunc())
	}
	if e.manyRanks.at == e.manyRanks.end && e.rowSets.at == e.rowSets.end {
		return e.end(f)
	}
	rows := f.local(wasm.I32)
	f.I32(abi.BlockRows)
	f.Index(wasm.LocalSet, rows)
	e.loop(&f.Code, func(c *wasm.Code) {
		e.fill(c, e.manyRanks, e.search)
		e.fill(c, e.rowSets, e.member)
		advance(c, binSource, 4)
		advance(c, binOut, 1)
		again(c, rows)
	})
	return e.end(f)
}

// spreadContext is a function that fills the context's bins of some blocks: the
// frame and how many.
func (e *forest) spreadContext() int {
	const blocks = 1
	f := newFn(nil, wasm.I32, wasm.I32)
	bins := 0
	for _, r := range e.ranks {
		if r.column < e.context {
			bins += 2
		}
	}
	for _, s := range e.sets {
		if s.column < e.context {
			bins++
		}
	}
	if bins == 0 {
		return e.end(f)
	}
	to, at, bin := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.V128)
	f.Index(wasm.LocalGet, frame)
	f.I32(int32(e.binsAt))
	f.Index(wasm.Call, e.contextBins)
	e.loop(&f.Code, func(c *wasm.Code) {
		c.I32(0)
		c.Index(wasm.LocalSet, at)
		e.loop(c, func(c *wasm.Code) {
			c.Index(wasm.LocalGet, at)
			c.Mem(wasm.V128Load8Splat, e.binsAt)
			c.Index(wasm.LocalSet, bin)
			c.Index(wasm.LocalGet, at)
			c.Index(wasm.LocalGet, to)
			c.Op(wasm.I32Add)
			c.Index(wasm.LocalGet, bin)
			c.Mem(wasm.V128Store, e.binsAt)
			advance(c, at, binBytes)
			c.Index(wasm.LocalGet, at)
			c.I32(int32(binBytes * bins))
			c.Op(wasm.I32Ne)
			c.Index(wasm.BrIf, 0)
		})
		advance(c, to, e.stride())
		again(c, blocks)
	})
	return e.end(f)
}
