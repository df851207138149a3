package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// laneGroup is how many nodes the trees of one function have together, at least.
const laneGroup = 100

// Parameters of a function of lanes: the bins of the first block, its sums, and
// the blocks to go. Sums lie where the answers will: f64, or f32 side by side at
// the beginning of a block's answers.
const (
	laneBins   = 0
	laneOut    = 1
	laneBlocks = 2
)

// lanes writes trees without branches: all nodes of a tree for the rows of a
// block at once, from the leaves up. Of each node it has the number of the leaf
// that a row falls into below it.
type lanes struct {
	*forest
	*fn
	zero int   // a local that is 0
	x    int   // a leaf's number
	free []int // locals for numbers of leaves
	tree int
}

func (e *forest) laneGroups(head int) (calls []int) {
	for _, trees := range e.groups(head, laneGroup) {
		l := &lanes{forest: e, fn: newFn(nil, wasm.I32, wasm.I32, wasm.I32)}
		l.zero, l.x = l.local(wasm.I32), l.local(wasm.V128)
		e.loop(&l.Code, func(c *wasm.Code) {
			l.block(c, trees)
			advance(c, laneBins, e.stride())
			advance(c, laneOut, outBytes)
			again(c, laneBlocks)
		})
		calls = append(calls, e.end(l.fn))
	}
	return calls
}

func (l *lanes) block(c *wasm.Code, trees []int) {
	touch(c, laneBins, l.stride())
	touch(c, laneOut, outBytes)
	touch(c, l.zero, l.splatAt+256*binBytes)
	for _, i := range trees {
		l.tree = i
		root := 0
		if len(l.cuts[i]) == 0 {
			root = ^0
		}
		n := l.number(c, root)
		l.gather(c, n)
		l.release(n)
	}
}

// number writes a node or leaf and says where the number is: in a local, or of
// the leaf ^i itself.
func (l *lanes) number(c *wasm.Code, at int) int {
	if at < 0 {
		return at
	}
	n := l.cuts[l.tree][at]
	var left, right int
	if l.size(n.left) >= l.size(n.right) {
		left = l.number(c, n.left)
		right = l.number(c, n.right)
	} else {
		right = l.number(c, n.right)
		left = l.number(c, n.left)
	}
	l.get(c, right) // left ^ (left^right)&mask
	l.get(c, left)
	if left < 0 {
		c.Index(wasm.LocalTee, l.x)
	}
	c.Op(wasm.V128Xor)
	c.Index(wasm.LocalGet, laneBins)
	c.Mem(wasm.V128Load, binBytes*n.bin)
	l.splat(c, n.k)
	c.Op(wasm.I8x16GtS, wasm.V128And)
	if left < 0 {
		c.Index(wasm.LocalGet, l.x)
	} else {
		c.Index(wasm.LocalGet, left)
	}
	c.Op(wasm.V128Xor)
	l.release(left)
	l.release(right)
	out := l.take()
	c.Index(wasm.LocalSet, out)
	return out
}

func (l *lanes) size(at int) int {
	if at < 0 {
		return 0
	}
	n := l.cuts[l.tree][at]
	return 1 + l.size(n.left) + l.size(n.right)
}

func (l *lanes) get(c *wasm.Code, number int) {
	if number < 0 {
		l.splat(c, ^number)
	} else {
		c.Index(wasm.LocalGet, number)
	}
}

// splat loads a vector of the low byte of v.
func (l *lanes) splat(c *wasm.Code, v int) {
	c.Index(wasm.LocalGet, l.zero)
	c.Mem(wasm.V128Load, l.splatAt+binBytes*(v&0xff))
}

func (l *lanes) take() int {
	if n := len(l.free); n > 0 {
		local := l.free[n-1]
		l.free = l.free[:n-1]
		return local
	}
	return l.local(wasm.V128)
}

func (l *lanes) release(number int) {
	if number >= 0 {
		l.free = append(l.free, number)
	}
}

// gather adds each row's leaf to its sum.
func (l *lanes) gather(c *wasm.Code, number int) {
	bytes, load, store := 8, wasm.F64Load, wasm.F64Store
	if l.trees.Narrow {
		bytes, load, store = 4, wasm.F32Load, wasm.F32Store
	}
	for row := range abi.BlockRows {
		c.Index(wasm.LocalGet, laneOut)
		c.Index(wasm.LocalGet, laneOut)
		c.Mem(load, bytes*row)
		if number < 0 {
			l.constant(c, l.trees.Trees[l.tree].Leaves[^number])
		} else {
			c.Index(wasm.LocalGet, number)
			c.Lane(wasm.I8x16ExtractLaneU, byte(row))
			c.I32(int32(bytes))
			c.Op(wasm.I32Mul)
			c.Mem(load, l.leaves+bytes*l.leafAt[l.tree])
		}
		c.Op(l.add())
		c.Mem(store, bytes*row)
	}
}
