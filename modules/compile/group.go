package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// groupVectors is how many vectors of the sum of embeddings are in registers.
const groupVectors = 8

// groupHead is the parameter of a group's pass that has the address of a head's
// first entry, where other passes have passGap.
const groupHead = passGap

// group emits the pass that adds a group of the row's ids: row after row, the sum
// of their entries times the context's.
func (e *factor) group(from, to int, first bool) int {
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	base, id, rows := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	entries, sums := f.some(to-from, wasm.I32), f.some(min(groupVectors, e.vectors), wasm.V128)
	product, mean := f.local(wasm.V128), f.local(wasm.F32)
	f.Index(wasm.LocalGet, passBlocks)
	f.I32(abi.BlockRows)
	f.Op(wasm.I32Mul)
	f.Index(wasm.LocalSet, rows)
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		touch(c, base, e.shared+e.entry)
		c.V128(0, 0, 0, 0)
		c.Index(wasm.LocalSet, product)
		for i, entry := range entries {
			c.Index(wasm.LocalGet, passBlock)
			c.Mem(wasm.I32Load, columnBytes*(e.frame.Dense+from+i))
			c.Index(wasm.LocalSet, id)
			e.lookup(c, groupHead, id)
			c.Index(wasm.LocalSet, entry)
			touch(c, entry, e.nothing+e.entry)
		}
		for at := 0; at < e.vectors; at += groupVectors {
			e.multiply(c, entries, sums[:min(groupVectors, e.vectors-at)], at, base, product)
		}
		if first {
			c.Index(wasm.LocalGet, base)
			c.Mem(wasm.F32Load, sharedAt)
		} else {
			c.Index(wasm.LocalGet, passOut)
			c.Mem(wasm.F64Load, 0)
			c.Op(wasm.F32Wrap)
		}
		total(c, product)
		c.Op(wasm.F32Add)
		c.Index(wasm.LocalSet, mean)
		c.Index(wasm.LocalGet, passOut)
		c.Index(wasm.LocalGet, mean)
		c.Op(wasm.F64Widen)
		c.Mem(wasm.F64Store, 0)
		advance(c, passOut, 8)
		nextRow(c, passBlock, rows, 1, e.frame.BlockSize())
		again(c, rows)
	})
	return e.end(f)
}

// multiply sums vectors of the entries from at on and adds their product with
// those of the context.
func (e *factor) multiply(c *wasm.Code, entries, sums []int, at, base, product int) {
	for i, entry := range entries {
		for v, sum := range sums {
			if i > 0 {
				c.Index(wasm.LocalGet, sum)
			}
			c.Index(wasm.LocalGet, entry)
			c.Mem(wasm.V128Load, e.nothing+16*(at+v))
			if i > 0 {
				c.Op(wasm.F32x4Add)
			}
			c.Index(wasm.LocalSet, sum)
		}
	}
	for v, sum := range sums {
		c.Index(wasm.LocalGet, product)
		c.Index(wasm.LocalGet, base)
		c.Mem(wasm.V128Load, e.shared+16*(at+v))
		c.Index(wasm.LocalGet, sum)
		c.Op(wasm.F32x4Mul, wasm.F32x4Add)
		c.Index(wasm.LocalSet, product)
	}
}

// nextRow moves the address in block on by rows rows of a step, after the last of
// a block to the next one; steps counts down to 1.
func nextRow(c *wasm.Code, block, steps, rows, blockSize int) {
	advance(c, block, 4*rows)
	c.Index(wasm.LocalGet, block)
	c.I32(int32(blockSize - columnBytes))
	c.I32(0)
	c.Index(wasm.LocalGet, steps)
	c.I32(int32(abi.BlockRows/rows - 1))
	c.Op(wasm.I32And)
	c.I32(1)
	c.Op(wasm.I32Eq, wasm.Select, wasm.I32Add)
	c.Index(wasm.LocalSet, block)
}
