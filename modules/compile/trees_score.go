package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// blockRows is how many rows a block has at least that is answered as a whole,
// which takes the same time for one row and for all: rows that differ make
// branches guess wrongly, and the code for many nodes comes from afar.
func (e *forest) blockRows() int32 {
	if e.branches() && e.lanes() {
		return 5
	}
	return 8
}

// scorer is the function aisle_score.
type scorer struct {
	*forest
	*fn
	rows       int // to go
	block, out int // addresses of the block at hand and of its answers
	gap        int // bytes between heads
	row        int // address of the row
	wide, n    int // blocks to go, and at a time; rows to go in a block
	context    int // function that fills the context's bins
}

func (e *forest) score() int {
	s := &scorer{forest: e, fn: newFn(i32s, wasm.I32)}
	s.rows, s.block, s.gap = s.local(wasm.I32), s.local(wasm.I32), s.local(wasm.I32)
	s.row, s.wide, s.n = s.local(wasm.I32), s.local(wasm.I32), s.local(wasm.I32)
	var rowFunc int
	if !e.branches() || !e.lanes() {
		e.walkTrees = e.walkSum()
	}
	if e.branches() {
		rowFunc = e.branchRows()
	} else {
		rowFunc = e.walkRows()
	}
	chunk := e.chunk()
	s.context = e.spreadContext()
	s.start()
	s.chunks(chunk)
	s.tail(rowFunc)
	s.I32(int32(abi.OK))
	return e.end(s.fn)
}

// start checks the frame and finds its parts.
func (s *scorer) start() {
	var blocks int
	blocks, s.out = s.begin(s.fn)
	s.Index(wasm.LocalGet, blocks)
	s.I32(outBytes)
	s.Op(wasm.I32Mul)
	s.Index(wasm.LocalSet, s.gap)
	s.Index(wasm.LocalGet, frame)
	s.Mem(wasm.I32Load, abi.OffsetRows)
	s.Index(wasm.LocalSet, s.rows)
	s.Index(wasm.LocalGet, frame)
	s.I32(int32(s.frame.OffsetBlocks()))
	s.Op(wasm.I32Add)
	s.Index(wasm.LocalSet, s.block)
}

// chunks answers whole blocks, and a last one with enough rows.
func (s *scorer) chunks(chunk int) {
	s.Index(wasm.LocalGet, s.rows)
	s.I32(abi.BlockRows - s.blockRows())
	s.Op(wasm.I32Add)
	s.I32(blockShift)
	s.Op(wasm.I32ShrU)
	s.Index(wasm.LocalTee, s.wide)
	s.Begin(wasm.If)
	s.Index(wasm.LocalGet, s.rows)
	s.Index(wasm.LocalGet, s.wide)
	s.I32(blockShift)
	s.Op(wasm.I32Shl, wasm.I32Sub)
	s.Index(wasm.LocalSet, s.rows)
	s.Index(wasm.LocalGet, frame)
	s.least(&s.Code)
	s.Index(wasm.Call, s.context)
	s.loop(&s.Code, func(c *wasm.Code) {
		s.least(c)
		c.Index(wasm.LocalSet, s.n)
		for _, argument := range [...]int{s.block, s.out, s.gap, s.n} {
			c.Index(wasm.LocalGet, argument)
		}
		c.Index(wasm.Call, chunk)
		forward(c, s.block, s.n, s.frame.BlockSize())
		forward(c, s.out, s.n, outBytes)
		forward(c, s.wide, s.n, -1)
		c.Index(wasm.LocalGet, s.wide)
		c.Index(wasm.BrIf, 0)
	})
	s.Op(wasm.End)
}

// least leaves on the stack how many blocks are answered at a time.
func (s *scorer) least(c *wasm.Code) {
	c.I32(int32(s.blocks()))
	c.Index(wasm.LocalGet, s.wide)
	c.Index(wasm.LocalGet, s.wide)
	c.I32(int32(s.blocks()))
	c.Op(wasm.I32GtU, wasm.Select)
}

// forward adds n times the local by to a local.
func forward(c *wasm.Code, local, by, n int) {
	c.Index(wasm.LocalGet, local)
	c.Index(wasm.LocalGet, by)
	c.I32(int32(n))
	c.Op(wasm.I32Mul, wasm.I32Add)
	c.Index(wasm.LocalSet, local)
}

// tail answers the rows that are left, one after the other.
func (s *scorer) tail(rowFunc int) {
	s.Index(wasm.LocalGet, s.rows)
	s.I32(0)
	s.Op(wasm.I32GtS)
	s.Begin(wasm.If)
	if !s.branches() {
		s.Index(wasm.LocalGet, frame)
		s.I32(int32(s.binsAt))
		s.Index(wasm.Call, s.contextBins)
	}
	s.loop(&s.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, s.block)
		c.Index(wasm.LocalSet, s.row)
		c.I32(abi.BlockRows)
		c.Index(wasm.LocalSet, s.n)
		s.loop(c, func(c *wasm.Code) {
			for _, argument := range [...]int{s.row, frame, s.out, s.gap} {
				c.Index(wasm.LocalGet, argument)
			}
			c.Index(wasm.Call, rowFunc)
			advance(c, s.row, 4)
			advance(c, s.out, 8)
			advance(c, s.rows, -1)
			c.Index(wasm.LocalGet, s.rows)
			c.Op(wasm.I32Eqz)
			c.Begin(wasm.If)
			c.I32(int32(abi.OK))
			c.Op(wasm.Return, wasm.End)
			again(c, s.n)
		})
		advance(c, s.block, s.frame.BlockSize())
		c.Index(wasm.Br, 0)
	})
	s.Op(wasm.End)
}
