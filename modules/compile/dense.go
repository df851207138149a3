package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// densePass adds the dense columns from from up to to.
type densePass struct {
	*pass
	from, to int
	twin     int     // function that also handles missing values, or none
	sums     [][]int // by lane and vector
	weight   [][]int // of the columns at hand, by lane
	missing  [][]int // their weights of missing, by lane; nil in a pass that leaves that to its twin
	x, xx    int
	present  int
}

const none = -1

// dense emits a pass over dense columns and its twin.
func (e *linear) dense(from, to int, first bool) int {
	if from == to {
		return e.densePass(from, to, first, none, false)
	}
	return e.densePass(from, to, first, e.densePass(from, to, first, none, true), false)
}

func (e *linear) densePass(from, to int, first bool, twin int, selects bool) int {
	d := &densePass{pass: e.pass(first), from: from, to: to, twin: twin}
	for range e.lanes {
		d.sums = append(d.sums, d.some(vectors, wasm.V128))
	}
	wide := e.lanes
	if selects {
		wide *= 2
	}
	for range min(max(1, splats/wide), to-from) {
		d.weight = append(d.weight, d.some(e.lanes, wasm.V128))
		if selects {
			d.missing = append(d.missing, d.some(e.lanes, wasm.V128))
		}
	}
	d.x, d.xx = d.local(wasm.V128), d.local(wasm.V128)
	if selects {
		d.present = d.local(wasm.V128)
	}
	meter.Loop(&d.Code, e.fuel, d.block)
	return e.end(d.fn)
}

func (d *densePass) block(c *wasm.Code) {
	touch(c, passBlock, columnBytes*d.to)
	touch(c, d.base, d.entries+d.entry*d.shape.Weight(d.shape.Frame.ContextDense+d.to))
	d.touchOuts(c, outBytes)
	d.begin(c)
	for from := d.from; from < d.to; from += len(d.weight) {
		n := min(len(d.weight), d.to-from)
		for i := range n {
			d.splats(c, from+i, i)
		}
		for i := range n {
			d.column(c, from+i, i)
		}
	}
	if d.twin != none {
		d.handOver(c)
	}
	d.store(c)
	advance(c, passBlock, d.shape.Frame.BlockSize())
	for _, out := range d.outs {
		advance(c, out, outBytes)
	}
	again(c, passBlocks)
}

// begin loads the sums so far.
func (d *densePass) begin(c *wasm.Code) {
	for k, sums := range d.sums {
		for v, sum := range sums {
			if d.first {
				c.Index(wasm.LocalGet, d.base)
				c.Mem(wasm.V128Load32Splat, sharedAt+4*k)
			} else {
				for half := range 2 {
					c.Index(wasm.LocalGet, d.outs[k])
					c.Mem(wasm.V128Load, 32*v+16*half)
					c.Op(wasm.F32x4DemoteZero)
				}
				lowHalves(c)
			}
			c.Index(wasm.LocalSet, sum)
		}
	}
}

// splats loads the weights of a column into the locals of place i.
func (d *densePass) splats(c *wasm.Code, column, i int) {
	weight := d.entries + d.entry*d.shape.Weight(d.shape.Frame.ContextDense+column)
	d.splat(c, d.weight[i], weight)
	if d.missing != nil {
		d.splat(c, d.missing[i], weight+d.entry)
	}
}

// column adds one column's terms, whose weights are at place i, to all sums.
func (d *densePass) column(c *wasm.Code, column, i int) {
	for v := range vectors {
		c.Index(wasm.LocalGet, passBlock)
		c.Mem(wasm.V128Load, columnBytes*column+16*v)
		c.Index(wasm.LocalSet, d.x)
		if d.missing != nil {
			c.Index(wasm.LocalGet, d.x)
			c.Index(wasm.LocalGet, d.x)
			c.Op(wasm.F32x4Eq)
			c.Index(wasm.LocalSet, d.present)
		}
		if d.shape.Frame.Variance {
			c.Index(wasm.LocalGet, d.x)
			c.Index(wasm.LocalGet, d.x)
			c.Op(wasm.F32x4Mul)
			c.Index(wasm.LocalSet, d.xx)
		}
		for k, sums := range d.sums {
			d.term(c, sums[v], k, i)
		}
	}
}

// splat loads an entry, each lane into all of its local's. The instruction that
// does both at once goes by way of an integer register in wazero.
func (d *densePass) splat(c *wasm.Code, locals []int, address int) {
	for k, local := range locals {
		c.Index(wasm.LocalGet, d.base)
		c.Mem(wasm.F32Load, address+4*k)
		c.Op(wasm.F32x4Splat)
		c.Index(wasm.LocalSet, local)
	}
}

// term adds lane k's term for x: x·w, or x²·v for a variance. The weight, which is
// wanted again, comes second: the first operand's register takes the product.
func (d *densePass) term(c *wasm.Code, sum, k, i int) {
	c.Index(wasm.LocalGet, sum)
	if k < d.shape.Frame.Heads {
		c.Index(wasm.LocalGet, d.x)
	} else {
		c.Index(wasm.LocalGet, d.xx)
	}
	c.Index(wasm.LocalGet, d.weight[i][k])
	c.Op(wasm.F32x4Mul)
	if d.missing != nil { // select by xor and and: fewer machine instructions than bitselect
		c.Index(wasm.LocalGet, d.missing[i][k])
		c.Op(wasm.V128Xor)
		c.Index(wasm.LocalGet, d.present)
		c.Op(wasm.V128And)
		c.Index(wasm.LocalGet, d.missing[i][k])
		c.Op(wasm.V128Xor)
	}
	c.Op(wasm.F32x4Add)
	c.Index(wasm.LocalSet, sum)
}

// handOver leaves this block and the rest to the twin if a sum is NaN, which a
// missing value always makes it.
func (d *densePass) handOver(c *wasm.Code) {
	for v, sum := range d.sums[0] {
		c.Index(wasm.LocalGet, sum)
		if v > 0 {
			c.Op(wasm.F32x4Add)
		}
	}
	c.Index(wasm.LocalTee, d.x)
	c.Index(wasm.LocalGet, d.x)
	c.Op(wasm.F32x4Eq, wasm.I32x4AllTrue, wasm.I32Eqz)
	c.Begin(wasm.If)
	for _, param := range [...]int{passBlock, passOut, passGap, passBlocks} {
		c.Index(wasm.LocalGet, param)
	}
	c.Index(wasm.Call, d.twin)
	c.Op(wasm.Return, wasm.End)
}

// store widens the sums into the answers.
func (d *densePass) store(c *wasm.Code) {
	for k, sums := range d.sums {
		for v, sum := range sums {
			storeWide(c, d.outs[k], sum, 32*v)
		}
	}
}
