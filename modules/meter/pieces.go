package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// Parameters of a function for a bulk operation, as of the operation itself.
const (
	to = iota
	from
	length
)

// pieces writes the function that does what a bulk operation does.
type pieces struct {
	wasm.Code
	wanted
	short, middle, piece int32 // runs, in bytes or entries
}

// code moves a short run at the price of entering, one of up to a piece at the
// price of a piece, and cuts a longer one.
func (h wanted) code() []byte {
	c := &pieces{wanted: h, short: 64, middle: 1024, piece: 8192}
	if h.op.Each() > 1 {
		c.short, c.middle, c.piece = 16, 128, 1024
	}
	c.when(wasm.I32GeU, c.short)
	c.when(wasm.I32GeU, c.middle)
	c.long()
	c.upTo(c.piece)
	c.Op(wasm.Return, wasm.End)
	c.upTo(c.middle)
	c.Op(wasm.Return, wasm.End)
	c.upTo(c.short)
	return c.Bytes()
}

// long moves pieces until less than one is left. It asks first, by an empty run at
// the end, whether all is in bounds. Where moving forwards would overwrite what
// is yet to be moved, it begins at the end.
func (c *pieces) long() {
	c.when(wasm.I32GeU, c.piece)
	c.end(to)
	if c.advances() {
		c.end(from)
	} else {
		c.get(from)
	}
	c.I32(0)
	c.move()
	if c.op == wasm.MemoryCopy || c.op == wasm.TableCopy {
		c.get(to, from)
		c.Op(wasm.I32GtU)
		c.Begin(wasm.If)
		c.backwards()
		c.Op(wasm.End)
	}
	c.forwards()
	c.Op(wasm.End)
}

func (c *pieces) backwards() {
	c.Begin(wasm.Loop)
	c.shift(length, wasm.I32Sub)
	for _, l := range [...]int{to, from} {
		c.get(l, length)
		c.Op(wasm.I32Add)
	}
	c.I32(c.piece)
	c.move()
	c.test(wasm.I32GeU, c.piece)
	c.Index(wasm.BrIf, 0)
	c.Op(wasm.End)
}

func (c *pieces) forwards() {
	c.Begin(wasm.Block)
	c.Begin(wasm.Loop)
	c.test(wasm.I32LtU, c.piece)
	c.Index(wasm.BrIf, 1)
	c.get(to, from)
	c.I32(c.piece)
	c.move()
	c.shift(to, wasm.I32Add)
	if c.advances() {
		c.shift(from, wasm.I32Add)
	}
	c.shift(length, wasm.I32Sub)
	c.Index(wasm.Br, 0)
	c.Op(wasm.End, wasm.End)
}

// advances tells whether the second parameter is an address that goes along.
func (c *pieces) advances() bool { return c.op != wasm.MemoryFill && c.op != wasm.TableFill }

// move is the operation itself.
func (c *pieces) move() {
	c.Op(c.op)
	c.Splice(c.instruction[2:])
}

// upTo moves the run, which is shorter than n, a power of two.
func (c *pieces) upTo(n int32) {
	c.get(to, from, length)
	c.I32(n - 1)
	c.Op(wasm.I32And)
	c.move()
}

func (c *pieces) get(locals ...int) {
	for _, l := range locals {
		c.Index(wasm.LocalGet, l)
	}
}

func (c *pieces) test(op wasm.Op, n int32) {
	c.get(length)
	c.I32(n)
	c.Op(op)
}

func (c *pieces) when(op wasm.Op, n int32) {
	c.test(op, n)
	c.Begin(wasm.If)
}

// shift moves a parameter by a piece.
func (c *pieces) shift(local int, op wasm.Op) {
	c.get(local)
	c.I32(c.piece)
	c.Op(op)
	c.Index(wasm.LocalSet, local)
}

// end is where the run at a parameter ends, or -1, where nothing may end, if that
// is beyond all addresses.
func (c *pieces) end(local int) {
	c.get(local, length)
	c.Op(wasm.I32Add)
	c.I32(-1)
	c.get(local, length)
	c.Op(wasm.I32Add)
	c.get(local)
	c.Op(wasm.I32GeU, wasm.Select)
}
