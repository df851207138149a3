package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Parameters of every pass.
const (
	passBlock  = 0 // address of the first block
	passOut    = 1 // address of its rows' means of head 0
	passGap    = 2 // bytes from one lane's answers to the next one's
	passBlocks = 3 // blocks to go, at least 1
)

const (
	vectors     = abi.BlockRows / 4 // of one column of a block
	outBytes    = 8 * abi.BlockRows // of one lane of a block's answers
	columnBytes = 4 * abi.BlockRows
)

// pass is a function that goes over blocks.
type pass struct {
	*linear
	*fn
	first bool  // begins with the sums of the context, not with those in the answers
	outs  []int // where each lane's answers go
	base  int   // a local that is 0, base of addresses known here: one base, one bounds check
}

func (e *linear) pass(first bool) *pass {
	p := &pass{linear: e, fn: newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32), first: first}
	p.base = p.local(wasm.I32)
	p.outs = append(p.outs, passOut)
	for k := 1; k < e.lanes; k++ {
		p.outs = append(p.outs, p.local(wasm.I32))
		p.Index(wasm.LocalGet, p.outs[k-1])
		p.Index(wasm.LocalGet, passGap)
		p.Op(wasm.I32Add)
		p.Index(wasm.LocalSet, p.outs[k])
	}
	return p
}

// touch reads the byte before offset, so that accesses below need no check. It
// sets the local to what it is: where paths meet, wazero gives a local's value
// another number when it is read again, and a check counts for one number only.
func touch(c *wasm.Code, base, offset int) {
	if offset <= 0 {
		return
	}
	c.Index(wasm.LocalGet, base)
	c.Index(wasm.LocalTee, base)
	c.Mem(wasm.I32Load8U, offset-1)
	c.Op(wasm.Drop)
}

// touchOuts touches what a step writes: bytes of each lane.
func (p *pass) touchOuts(c *wasm.Code, bytes int) {
	for _, out := range p.outs {
		touch(c, out, bytes)
	}
}

// advance adds n to a local.
func advance(c *wasm.Code, local, n int) {
	c.Index(wasm.LocalGet, local)
	c.I32(int32(n))
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalSet, local)
}

// again counts a local down by one and repeats the loop until it is 0.
func again(c *wasm.Code, local int) {
	c.Index(wasm.LocalGet, local)
	c.I32(1)
	c.Op(wasm.I32Sub)
	c.Index(wasm.LocalTee, local)
	c.Index(wasm.BrIf, 0)
}

// lowHalves joins the low halves of the two vectors on the stack.
func lowHalves(c *wasm.Code) { shuffle(c, 0, 1, 4, 5) }

// highHalf moves the high half of the local's vector down, onto the stack.
func highHalf(c *wasm.Code, local int) {
	c.Index(wasm.LocalGet, local)
	c.Index(wasm.LocalGet, local)
	shuffle(c, 2, 3, 2, 3)
}

// shuffle picks four of the eight 32-bit lanes of the two vectors on the stack.
func shuffle(c *wasm.Code, lanes ...byte) {
	c.Op(wasm.I8x16Shuffle)
	for _, lane := range lanes {
		c.Raw(4*lane, 4*lane+1, 4*lane+2, 4*lane+3)
	}
}
