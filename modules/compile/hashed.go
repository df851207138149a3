package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// term is a lookup in the table for each row: of the id in a row's column, or
// of a cross.
type term struct {
	a, b int // categorical columns, the context's first; b is none but for a cross
}

func (e *linear) terms() (out []term) {
	first := e.shape.Frame.ContextCategorical
	for column := range e.shape.Frame.Categorical {
		out = append(out, term{first + column, none})
	}
	for _, c := range e.shape.Crosses {
		out = append(out, term{c.A, c.B})
	}
	return out
}

// offsetBytes is what the offsets of one term for the rows of a step take.
const offsetBytes = 16

// hashedPass adds lookups, 4 rows a step. A row's sums lie in one vector, or in
// several beyond four lanes: as the entries do. The offsets of all terms are made
// before the first lookup, so that a processor has more lookups in flight: large
// tables are not in its nearest cache.
type hashedPass struct {
	*pass
	terms  []term
	sums   [4][]int // by row of the step and chunk of four lanes; f32 of a single lane
	ids    int      // i32x4: ids of the 4 rows, then offsets of their entries
	other  int      // i32x4: the other ids of a cross
	absent int      // i32x4: mask of rows without the id
	zero   int      // i32x4: 0
	mask   int      // i32x4: mask of an offset into the table
	one    int      // i32x4: bytes of an entry
	at     int      // offset of one row's entry
	frame  int      // address of the frame, for the ids of the context
	steps  int      // to go
}

func (e *linear) hashed(terms []term, first bool) int {
	h := &hashedPass{pass: e.pass(first), terms: terms}
	for r := range h.sums {
		if e.lanes == 1 {
			h.sums[r] = h.some(1, wasm.F32)
		} else {
			h.sums[r] = h.some((e.lanes+3)/4, wasm.V128)
		}
	}
	h.ids, h.other, h.absent = h.local(wasm.V128), h.local(wasm.V128), h.local(wasm.V128)
	h.zero, h.mask, h.one = h.splatted(0), h.splatted(uint32(e.mask())<<e.shift()), h.splatted(1<<e.shift())
	h.at, h.frame, h.steps = h.local(wasm.I32), h.local(wasm.I32), h.local(wasm.I32)
	h.Index(wasm.LocalGet, passBlock)
	h.I32(int32(e.shape.Frame.OffsetBlocks()))
	h.Op(wasm.I32Sub)
	h.Index(wasm.LocalSet, h.frame)
	h.Index(wasm.LocalGet, passBlocks)
	h.I32(vectors)
	h.Op(wasm.I32Mul)
	h.Index(wasm.LocalSet, h.steps)
	meter.Loop(&h.Code, e.fuel, h.step)
	return e.end(h.fn)
}

// splatted is a local of four times v: a constant would be loaded at each use.
func (h *hashedPass) splatted(v uint32) int {
	local := h.local(wasm.V128)
	h.V128(v, v, v, v)
	h.Index(wasm.LocalSet, local)
	return local
}

// step answers 4 rows.
func (h *hashedPass) step(c *wasm.Code) {
	touch(c, passBlock, h.shape.Frame.BlockSize()-columnBytes+16)
	touch(c, h.frame, h.shape.Frame.OffsetBlocks())
	h.touchOuts(c, 4*8)
	touch(c, h.base, h.offsetsAt+offsetBytes*len(h.terms))
	for r := range h.sums {
		h.begin(c, r)
	}
	for i, t := range h.terms {
		h.offsets(c, t, h.offsetsAt+offsetBytes*i)
	}
	for i := range h.terms {
		for r, sums := range h.sums {
			h.lookup(c, i, r, sums)
		}
	}
	for r := range h.sums {
		h.store(c, r)
	}
	h.advance(c)
}

// begin loads the sums so far of one row.
func (h *hashedPass) begin(c *wasm.Code, row int) {
	if h.lanes == 1 {
		h.beginOne(c, row)
		return
	}
	for chunk, sum := range h.sums[row] {
		if h.first {
			c.Index(wasm.LocalGet, h.base)
			c.Mem(wasm.V128Load, sharedAt+16*chunk)
		} else {
			outs := h.outs[4*chunk : min(4*chunk+4, h.lanes)]
			demotePair(c, outs[:min(2, len(outs))], row)
			if len(outs) > 2 {
				demotePair(c, outs[2:], row)
				lowHalves(c)
			}
		}
		c.Index(wasm.LocalSet, sum)
	}
}

func (h *hashedPass) beginOne(c *wasm.Code, row int) {
	if h.first {
		c.Index(wasm.LocalGet, h.base)
		c.Mem(wasm.F32Load, sharedAt)
	} else {
		c.Index(wasm.LocalGet, passOut)
		c.Mem(wasm.F64Load, 8*row)
		c.Op(wasm.F32Wrap)
	}
	c.Index(wasm.LocalSet, h.sums[row][0])
}

// demotePair loads a row's answers of one or two lanes as f32.
func demotePair(c *wasm.Code, outs []int, row int) {
	for i := len(outs) - 1; i >= 0; i-- {
		c.Index(wasm.LocalGet, outs[i])
	}
	c.Mem(wasm.V128Load64Zero, 8*row)
	if len(outs) > 1 {
		c.MemLane(wasm.V128Load64Lane, 8*row, 1)
	}
	c.Op(wasm.F32x4DemoteZero)
}

// offsets stores where the 4 rows' entries lie behind that of missing ids, which
// has offset 0.
func (h *hashedPass) offsets(c *wasm.Code, t term, to int) {
	h.column(c, t.a, h.ids)
	h.isZero(c, h.ids)
	c.Index(wasm.LocalSet, h.absent)
	if t.b != none {
		h.column(c, t.b, h.other)
		c.Index(wasm.LocalGet, h.absent)
		h.isZero(c, h.other)
		c.Op(wasm.V128Or)
		c.Index(wasm.LocalSet, h.absent)
		c.Index(wasm.LocalGet, h.ids)
		splatConst(c, scoring.CrossPrime)
		c.Op(wasm.I32x4Mul)
		c.Index(wasm.LocalGet, h.other)
		c.Op(wasm.V128Xor)
		c.Index(wasm.LocalSet, h.ids)
	}
	h.scale(c)
	c.Index(wasm.LocalGet, h.mask)
	c.Op(wasm.V128And)
	c.Index(wasm.LocalGet, h.one)
	c.Op(wasm.I32x4Add)
	c.Index(wasm.LocalGet, h.absent)
	c.Op(wasm.V128AndNot)
	c.Index(wasm.LocalSet, h.ids)
	c.Index(wasm.LocalGet, h.base)
	c.Index(wasm.LocalGet, h.ids)
	c.Mem(wasm.V128Store, to)
}

// scale leaves the ids times the bytes of an entry on the stack: a few additions
// are cheaper than wazero's shift.
func (h *hashedPass) scale(c *wasm.Code) {
	if h.shift() > 3 {
		c.Index(wasm.LocalGet, h.ids)
		c.I32(h.shift())
		c.Op(wasm.I32x4Shl)
		return
	}
	for range h.shift() {
		c.Index(wasm.LocalGet, h.ids)
		c.Index(wasm.LocalGet, h.ids)
		c.Op(wasm.I32x4Add)
		c.Index(wasm.LocalSet, h.ids)
	}
	c.Index(wasm.LocalGet, h.ids)
}

// column loads the ids of 4 rows, or of the context 4 times.
func (h *hashedPass) column(c *wasm.Code, column, local int) {
	shape := h.shape.Frame
	if column < shape.ContextCategorical {
		c.Index(wasm.LocalGet, h.frame)
		c.Mem(wasm.V128Load32Splat, shape.OffsetContextID()+4*column)
	} else {
		c.Index(wasm.LocalGet, passBlock)
		c.Mem(wasm.V128Load, columnBytes*(shape.Dense+column-shape.ContextCategorical))
	}
	c.Index(wasm.LocalSet, local)
}

func (h *hashedPass) isZero(c *wasm.Code, local int) {
	c.Index(wasm.LocalGet, local)
	c.Index(wasm.LocalGet, h.zero)
	c.Op(wasm.I32x4Eq)
}

func splatConst(c *wasm.Code, v uint32) { c.V128(v, v, v, v) }

// lookup adds one row's entry to its sums.
func (h *hashedPass) lookup(c *wasm.Code, term, row int, sums []int) {
	load, add := wasm.V128Load, wasm.F32x4Add
	switch h.entry {
	case 4:
		load, add = wasm.F32Load, wasm.F32Add
	case 8:
		load = wasm.V128Load64Zero
	}
	c.Index(wasm.LocalGet, h.base)
	c.Mem(wasm.I32Load, h.offsetsAt+offsetBytes*term+4*row)
	c.Index(wasm.LocalSet, h.at)
	if len(sums) > 1 {
		touch(c, h.at, h.nothing()+h.entry)
	}
	for chunk, sum := range sums {
		c.Index(wasm.LocalGet, sum)
		c.Index(wasm.LocalGet, h.at)
		c.Mem(load, h.nothing()+16*chunk)
		c.Op(add)
		c.Index(wasm.LocalSet, sum)
	}
}

// store widens one row's sums into the answers.
func (h *hashedPass) store(c *wasm.Code, row int) {
	if h.lanes == 1 {
		c.Index(wasm.LocalGet, passOut)
		c.Index(wasm.LocalGet, h.sums[row][0])
		c.Op(wasm.F64Widen)
		c.Mem(wasm.F64Store, 8*row)
		return
	}
	for k, out := range h.outs {
		sum := h.sums[row][k/4]
		c.Index(wasm.LocalGet, out)
		if k%4 < 2 {
			c.Index(wasm.LocalGet, sum)
		} else {
			highHalf(c, sum)
		}
		c.Op(wasm.F64x2PromoteLow)
		c.MemLane(wasm.V128Store64Lane, 8*row, byte(k%2))
	}
}

// advance moves on by 4 rows, after the last of a block to the next one.
func (h *hashedPass) advance(c *wasm.Code) {
	for _, out := range h.outs {
		advance(c, out, 4*8)
	}
	nextRow(c, passBlock, h.steps, vectors, h.shape.Frame.BlockSize())
	again(c, h.steps)
}
