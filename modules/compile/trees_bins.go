package compile

import (
	"math"
	"math/bits"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Parameters of the functions that fill bins: what the columns' offsets are
// added to, where the first bin is, and the entries of the table.
const (
	binSource = 0
	binOut    = 1
	binEntry  = 2
	binEnd    = 3
)

// binFn begins a function that does body for each entry.
func (e *forest) binFn(entry, bins int, body func(f *fn, c *wasm.Code, source int)) int {
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	source := f.local(wasm.I32)
	e.loop(&f.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, binSource)
		c.Index(wasm.LocalGet, binEntry)
		c.Mem(wasm.I32Load, 0)
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalSet, source)
		body(f, c, source)
		advance(c, binOut, binBytes*bins)
		advance(c, binEntry, entry)
		c.Index(wasm.LocalGet, binEntry)
		c.Index(wasm.LocalGet, binEnd)
		c.Op(wasm.I32Ne)
		c.Index(wasm.BrIf, 0)
	})
	return e.end(f)
}

// binFuncs emits what fills bins.
func (e *forest) binFuncs() {
	e.search = e.searchFunc()
	e.member = e.memberFunc()
	e.contextBins = e.fillFunc(e.contextRanks, e.contextSets)
	rows := e.fewRanks // and the others, which follow
	if rows.at == rows.end {
		rows.bin = e.manyRanks.bin
	}
	rows.end = e.manyRanks.end
	e.rowBins = e.fillFunc(rows, e.rowSets)
}

// searchFunc is a function that ranks one row's columns by halving.
func (e *forest) searchFunc() int {
	return e.binFn(rankEntry, 2, func(f *fn, c *wasm.Code, source int) {
		x, first, at := f.local(wasm.F32), f.local(wasm.I32), f.local(wasm.I32)
		c.Index(wasm.LocalGet, source)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalSet, x)
		c.Index(wasm.LocalGet, x)
		c.Op(wasm.F32Bits)
		c.I32(int32(math.Float32bits(nan32)))
		c.Index(wasm.LocalGet, x)
		c.Op(wasm.F32Abs)
		c.Index(wasm.LocalGet, binEntry)
		c.Mem(wasm.F32Load, 16)
		c.Op(wasm.F32Le, wasm.I32Eqz, wasm.Select, wasm.BitsF32)
		c.Index(wasm.LocalSet, x)
		c.Index(wasm.LocalGet, binEntry)
		c.Mem(wasm.I32Load, 4)
		c.Index(wasm.LocalTee, first)
		c.Index(wasm.LocalSet, at)
		halve(c, x, at)
		c.Index(wasm.LocalGet, binOut)
		c.Index(wasm.LocalGet, at)
		c.Index(wasm.LocalGet, first)
		c.Op(wasm.I32Sub)
		c.I32(2)
		c.Op(wasm.I32ShrU)
		c.I32(-binLeast)
		c.Op(wasm.I32Sub)
		c.Index(wasm.LocalTee, at)
		c.Mem(wasm.I32Store8, 0)
		c.Index(wasm.LocalGet, binOut) // -128 turns into 127 if missing
		c.Index(wasm.LocalGet, at)
		c.I32(0)
		c.Index(wasm.LocalGet, x)
		c.Index(wasm.LocalGet, x)
		c.Op(wasm.F32Ne, wasm.I32Sub, wasm.I32Xor)
		c.Mem(wasm.I32Store8, binBytes)
	})
}

// halve moves at behind the thresholds that x exceeds. It enters the steps where
// the entry says.
func halve(c *wasm.Code, x, at int) {
	most := bits.Len(rankMost)
	for range most + 1 {
		c.Begin(wasm.Block)
	}
	c.Index(wasm.LocalGet, binEntry)
	c.Mem(wasm.I32Load, 12)
	c.Op(wasm.BrTable)
	c.Raw(byte(most))
	for steps := range most + 1 { // the block that ends before that many steps
		c.Raw(byte(most - steps))
	}
	for steps := most; steps > 0; steps-- {
		c.Op(wasm.End)
		step := 4 << (steps - 1)
		c.Index(wasm.LocalGet, at)
		c.Index(wasm.LocalGet, x)
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, step-4)
		c.Op(wasm.F32Gt)
		c.I32(int32(bits.TrailingZeros(uint(step))))
		c.Op(wasm.I32Shl, wasm.I32Add)
		c.Index(wasm.LocalSet, at)
	}
	c.Op(wasm.End)
}

// memberFunc is a function that looks one row's categories up.
func (e *forest) memberFunc() int {
	return e.binFn(setEntry, 1, func(f *fn, c *wasm.Code, source int) {
		at, x := f.local(wasm.I32), f.local(wasm.F32)
		c.Index(wasm.LocalGet, source)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalSet, x)
		c.Index(wasm.LocalGet, binOut)
		inSet(c, x, at, func() {
			c.Index(wasm.LocalGet, binEntry)
			c.Mem(wasm.I32Load, 8)
		}, func() {
			c.Index(wasm.LocalGet, binEntry)
			c.Mem(wasm.I32Load, 4)
			c.Op(wasm.I32Add)
			c.Mem(wasm.I32Load8U, 0)
		})
		c.I32(binMost) // one more is binLeast
		c.Op(wasm.I32Add)
		c.Mem(wasm.I32Store8, 0)
	})
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
	present(c, x)
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

// fillFunc is a function that fills one row's bins: what the columns' offsets
// are added to, and the row's place in the first bin of the block.
func (e *forest) fillFunc(ranks, sets span) int {
	f := newFn(nil, wasm.I32, wasm.I32)
	e.fill(&f.Code, ranks, e.search)
	e.fill(&f.Code, sets, e.member)
	return e.end(f)
}

// fill calls a function that fills the bins of a span. What the columns' offsets
// are added to and the first bin of the block are the locals binSource and binOut.
func (e *forest) fill(c *wasm.Code, s span, function int) {
	if s.at == s.end {
		return
	}
	c.Index(wasm.LocalGet, binSource)
	c.Index(wasm.LocalGet, binOut)
	c.I32(int32(binBytes * s.bin))
	c.Op(wasm.I32Add)
	c.I32(int32(s.at))
	c.I32(int32(s.end))
	c.Index(wasm.Call, function)
}
