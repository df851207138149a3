package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Parameters of the functions that fill bins: where the columns begin, where the
// bins go, and which entries of the table.
const (
	binSource = 0
	binOut    = 1
	binEntry  = 2
	binEnd    = 3
)

func binFn() *fn { return newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32) }

// rank fills the bins of columns: it counts the thresholds below each value, all
// rows of a block at once.
func (e *forest) rank() int {
	f := binFn()
	x, counts := f.some(vectors, wasm.V128), f.some(vectors, wasm.V128)
	at, end, t, low := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.V128), f.local(wasm.V128)
	source := f.local(wasm.I32)
	e.loop(&f.Code, func(c *wasm.Code) {
		sourceOf(c, source)
		c.Index(wasm.LocalGet, binEntry)
		c.Mem(wasm.F32Load, 12)
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
		e.loop(c, func(c *wasm.Code) {
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
		})
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
		c.Index(wasm.LocalGet, low) // -128 turns into 127
		c.Op(wasm.V128Xor)
		c.Mem(wasm.V128Store, binBytes)
		nextEntry(c, rankEntry, 2*binBytes)
	})
	return e.end(f)
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

// sourceOf leaves the address of the entry's column in a local.
func sourceOf(c *wasm.Code, source int) {
	c.Index(wasm.LocalGet, binSource)
	c.Index(wasm.LocalGet, binEntry)
	c.Mem(wasm.I32Load, 0)
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalSet, source)
}

// nextEntry goes on to the next entry, and repeats the loop unless it is the end.
func nextEntry(c *wasm.Code, entry, bins int) {
	advance(c, binOut, bins)
	advance(c, binEntry, entry)
	c.Index(wasm.LocalGet, binEntry)
	c.Index(wasm.LocalGet, binEnd)
	c.Op(wasm.I32Ne)
	c.Index(wasm.BrIf, 0)
}

// member fills the bins of sets, row after row.
func (e *forest) member() int {
	f := binFn()
	source, bits, limit, rows := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	at, x := f.local(wasm.I32), f.local(wasm.F32)
	e.loop(&f.Code, func(c *wasm.Code) {
		sourceOf(c, source)
		for i, local := range [...]int{bits, limit} {
			c.Index(wasm.LocalGet, binEntry)
			c.Mem(wasm.I32Load, 4+4*i)
			c.Index(wasm.LocalSet, local)
		}
		c.I32(abi.BlockRows)
		c.Index(wasm.LocalSet, rows)
		e.loop(c, func(c *wasm.Code) {
			c.Index(wasm.LocalGet, source)
			c.Mem(wasm.F32Load, 0)
			c.Index(wasm.LocalSet, x)
			c.Index(wasm.LocalGet, binOut)
			inSet(c, x, at, func() { c.Index(wasm.LocalGet, limit) }, func() {
				c.Index(wasm.LocalGet, bits)
				c.Op(wasm.I32Add)
				c.Mem(wasm.I32Load8U, 0)
			})
			c.I32(binMost) // one more is binLeast
			c.Op(wasm.I32Add)
			c.Mem(wasm.I32Store8, 0)
			advance(c, source, 4)
			advance(c, binOut, 1)
			again(c, rows)
		})
		nextEntry(c, setEntry, 0)
	})
	return e.end(f)
}

// inSet leaves 1 on the stack if x, cut to an integer, is in a set of limit
// categories, else 0. Behind the set's bits are one for what is outside and one
// for what is missing. load replaces a byte's index with the byte.
func inSet(c *wasm.Code, x, at int, limit, load func()) {
	c.Index(wasm.LocalGet, x) // NaN gives 0, what is too large the most
	c.Op(wasm.I32TruncSatF32S)
	c.Index(wasm.LocalTee, at)
	limit()
	c.Index(wasm.LocalGet, at)
	limit()
	c.Op(wasm.I32GeU, wasm.I32Eqz, wasm.Select)
	limit()
	c.I32(1)
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalGet, x)
	c.Index(wasm.LocalGet, x)
	c.Op(wasm.F32Eq, wasm.Select)
	c.Index(wasm.LocalTee, at)
	c.I32(3)
	c.Op(wasm.I32ShrU)
	load()
	c.Index(wasm.LocalGet, at)
	c.I32(7)
	c.Op(wasm.I32And, wasm.I32ShrU)
	c.I32(1)
	c.Op(wasm.I32And)
}

// binRange is entries of the tables and where their bins lie among a block's.
type binRange struct {
	ranks, sets   [2]int // address of the first entry and behind the last
	first, member int    // bins
}

// contextBins and rowBins are what is read once a frame and once a block.
func (e *forest) contextBins() binRange {
	ranks := [2]int{e.rankTable.at, e.rankTable.rows}
	return binRange{ranks, [2]int{e.setTable.at, e.setTable.rows}, 0, (ranks[1] - ranks[0]) / rankEntry * 2}
}

func (e *forest) rowBins() binRange {
	c := e.contextBins()
	first := c.member + (c.sets[1]-c.sets[0])/setEntry
	ranks := [2]int{e.rankTable.rows, e.rankTable.end}
	return binRange{ranks, [2]int{e.setTable.rows, e.setTable.end}, first, first + (ranks[1]-ranks[0])/rankEntry*2}
}

// fillBins calls what fills a range of a block's bins. source and bins are
// locals: where the columns begin and the block's bins.
func (e *forest) fillBins(c *wasm.Code, r binRange, source, bins int) {
	call := func(entries [2]int, first, function int) {
		if entries[0] == entries[1] {
			return
		}
		c.Index(wasm.LocalGet, source)
		c.Index(wasm.LocalGet, bins)
		c.I32(int32(binBytes * first))
		c.Op(wasm.I32Add)
		c.I32(int32(entries[0]))
		c.I32(int32(entries[1]))
		c.Index(wasm.Call, function)
	}
	call(r.ranks, r.first, e.rankFunc)
	call(r.sets, r.member, e.setFunc)
}

// contextFunc is a function that fills the context's bins of some blocks: the
// frame and how many.
func (e *forest) contextFunc() int {
	const blocks = 1
	f := newFn(nil, wasm.I32, wasm.I32)
	if e.context == 0 {
		return e.end(f)
	}
	from, to, left := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	f.I32(int32(e.contextAt))
	f.Index(wasm.LocalSet, to)
	f.Index(wasm.LocalGet, frame)
	f.Index(wasm.LocalSet, from)
	f.I32(int32(e.context))
	f.Index(wasm.LocalSet, left)
	e.loop(&f.Code, func(c *wasm.Code) {
		for v := range vectors {
			c.Index(wasm.LocalGet, to)
			c.Index(wasm.LocalGet, from)
			c.Mem(wasm.F32Load, e.model.Frame.OffsetContext())
			c.Op(wasm.F32x4Splat)
			c.Mem(wasm.V128Store, 16*v)
		}
		advance(c, from, 4)
		advance(c, to, columnBytes)
		again(c, left)
	})
	f.I32(int32(e.contextAt))
	f.Index(wasm.LocalSet, from)
	f.I32(int32(e.binsAt))
	f.Index(wasm.LocalSet, to)
	e.loop(&f.Code, func(c *wasm.Code) {
		e.fillBins(c, e.contextBins(), from, to)
		advance(c, to, e.stride())
		again(c, blocks)
	})
	return e.end(f)
}
