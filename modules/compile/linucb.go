package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// linesAtOnce is how many columns of a root share one function. What lies above
// the diagonal within them is summed though it is zero.
const linesAtOnce = 8

// LinUCB is the module that scores LinUCB models of the shape.
func LinUCB(s scoring.LinUCBShape) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	e := &linUCB{
		shell: newShell(s.Frame, s.Size(), s.Fingerprint()),
		shape: s, width: s.Width(), rows: s.Frame.Dense, shared: s.Width() - s.Frame.Dense,
		defaults: modelAt + s.Defaults(),
	}
	e.columns = e.reserve(4 * e.shared)
	e.starts = e.reserve(4 * (1 + e.width))
	e.squares = e.reserve(columnBytes)
	e.selected = e.reserve(columnBytes * e.rows)
	prepare := e.prepare()
	score := e.score(prepare)
	return e.module(EmitterLinUCB, score, e.explain(prepare)), nil
}

// linUCB is the state of one emission. A line is one sum over columns: the weights
// are line 0 of a head, column j of its root is line 1+j.
type linUCB struct {
	*shell
	shape  scoring.LinUCBShape
	width  int // columns
	rows   int // of them those of a row, which come last
	shared int // of them those that all rows share: bias and context

	// addresses
	defaults int // of missing values
	columns  int // what all rows share
	starts   int // by line: its sum over columns
	squares  int // sums of squares of a block
	selected int // a block with defaults for what is missing
}

// line is the address of a line of a head.
func (e *linUCB) line(head, line int) int { return modelAt + e.shape.Line(head, line) }

// prepare writes the columns that all rows share.
func (e *linUCB) prepare() int {
	f := newFn(nil, wasm.I32)
	x := f.local(wasm.F32)
	to := e.columns
	if e.shape.Bias {
		f.I32(0)
		f.F32(1)
		f.Mem(wasm.F32Store, to)
		to += 4
	}
	f.over(e.shell, e.frame.ContextDense, 4, frame, e.frame.OffsetContext(), func(c *wasm.Code, at, column int) {
		c.Index(wasm.LocalGet, column)
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalTee, x)
		c.Op(wasm.F32Bits)
		c.Index(wasm.LocalGet, column)
		c.Mem(wasm.I32Load, e.defaults)
		present(c, x)
		c.Mem(wasm.I32Store, to)
	})
	return e.end(f)
}

// score answers head after head, block after block.
func (e *linUCB) score(prepare int) int {
	starts, answer := e.sumStarts(), e.answer()
	f := newFn(i32s, wasm.I32)
	blocks, means := e.begin(f)
	f.Index(wasm.LocalGet, frame)
	f.Index(wasm.Call, prepare)
	for h := range e.frame.Heads {
		f.I32(int32(e.line(h, 0)))
		f.Index(wasm.Call, starts)
		f.Index(wasm.LocalGet, frame)
		f.I32(int32(e.frame.OffsetBlocks()))
		f.Op(wasm.I32Add)
		f.I32(int32(e.line(h, 0)))
		for _, lane := range [...]int{h, e.frame.Heads + h} {
			f.Index(wasm.LocalGet, means)
			f.Index(wasm.LocalGet, blocks)
			f.I32(int32(lane * outBytes))
			f.Op(wasm.I32Mul, wasm.I32Add)
		}
		f.Index(wasm.LocalGet, blocks)
		f.Index(wasm.Call, answer)
	}
	f.I32(int32(abi.OK))
	return e.end(f)
}

// sumStarts sums each line of a head over what all rows share.
func (e *linUCB) sumStarts() int {
	const line = 0
	f := newFn(nil, wasm.I32)
	to, column, sum := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.F32)
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		c.F32(0)
		c.Index(wasm.LocalSet, sum)
		if e.shared > 0 {
			c.I32(0)
			c.Index(wasm.LocalSet, column)
			meter.Loop(c, e.fuel, func(c *wasm.Code) {
				c.Index(wasm.LocalGet, sum)
				c.Index(wasm.LocalGet, line)
				c.Index(wasm.LocalGet, column)
				c.Op(wasm.I32Add)
				c.Mem(wasm.F32Load, 0)
				c.Index(wasm.LocalGet, column)
				c.Mem(wasm.F32Load, e.columns)
				c.Op(wasm.F32Mul, wasm.F32Add)
				c.Index(wasm.LocalSet, sum)
				until(c, column, 4, 4*e.shared)
			})
		}
		c.Index(wasm.LocalGet, to)
		c.Index(wasm.LocalGet, sum)
		c.Mem(wasm.F32Store, e.starts)
		advance(c, line, 4*e.width)
		until(c, to, 4, 4*(1+e.width))
	})
	return e.end(f)
}

// answer goes over the blocks for one head.
func (e *linUCB) answer() int {
	const block, line, mean, variance, blocks = 0, 1, 2, 3, 4
	weights, selects, squares := e.weights(), none, e.allSquares()
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	x := f.local(wasm.I32)
	if e.rows > 0 {
		selects = e.selects()
	}
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		sumWeights := func() {
			for _, param := range [...]int{x, line, mean} {
				c.Index(wasm.LocalGet, param)
			}
			c.Index(wasm.Call, weights)
		}
		c.Index(wasm.LocalGet, block)
		c.Index(wasm.LocalSet, x)
		sumWeights()
		if selects != none {
			c.Begin(wasm.If)
			c.Index(wasm.LocalGet, block)
			c.Index(wasm.Call, selects)
			c.I32(int32(e.selected))
			c.Index(wasm.LocalSet, x)
			sumWeights()
			c.Op(wasm.Drop, wasm.End)
		} else {
			c.Op(wasm.Drop)
		}
		at := 0
		for _, s := range squares {
			c.Index(wasm.LocalGet, x)
			c.Index(wasm.LocalGet, line)
			c.I32(int32(4 * e.width * (1 + at)))
			c.Op(wasm.I32Add)
			c.Index(wasm.Call, s.function)
			at += s.lines
		}
		e.storeSquares(c, variance)
		advance(c, block, e.frame.BlockSize())
		advance(c, mean, outBytes)
		advance(c, variance, outBytes)
		again(c, blocks)
	})
	return e.end(f)
}

// selects writes a block with defaults for what is missing.
func (e *linUCB) selects() int {
	const block = 0
	f := newFn(nil, wasm.I32)
	to, column, missing, x := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.V128), f.local(wasm.V128)
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, column)
		c.Mem(wasm.F32Load, e.defaults+4*e.frame.ContextDense)
		c.Op(wasm.F32x4Splat)
		c.Index(wasm.LocalSet, missing)
		for v := range vectors {
			c.Index(wasm.LocalGet, to)
			c.Index(wasm.LocalGet, block)
			c.Mem(wasm.V128Load, 16*v)
			c.Index(wasm.LocalTee, x)
			c.Index(wasm.LocalGet, missing)
			c.Op(wasm.V128Xor)
			c.Index(wasm.LocalGet, x)
			c.Index(wasm.LocalGet, x)
			c.Op(wasm.F32x4Eq, wasm.V128And)
			c.Index(wasm.LocalGet, missing)
			c.Op(wasm.V128Xor)
			c.Mem(wasm.V128Store, e.selected+16*v)
		}
		advance(c, block, columnBytes)
		advance(c, to, columnBytes)
		until(c, column, 4, 4*e.rows)
	})
	return e.end(f)
}
