package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// branchGroup is how many nodes the trees of one function have together, at
// least: engines take more than linear time in a function's size, and a call
// costs as much as some nodes.
const branchGroup = 1000

// Parameters of a function of branches: a row's address within its block, the
// frame, and the head's sum so far.
const (
	branchRow   = 0
	branchFrame = 1
	branchSum   = 2
)

// branch writes trees as nested conditions down to patches.
type branch struct {
	*forest
	*fn
	x, at     int // of the node at hand
	out, half int // of the patch at hand: what is ruled out

	number  int // of the tree at hand
	tree    *scoring.Tree
	patched []int // see patches
}

// branchGroups gives for each head the functions that add its trees to a sum.
func (e *forest) branchGroups(head int) (calls []int) {
	for _, trees := range e.groups(head, branchGroup) {
		b := &branch{forest: e, fn: newFn([]wasm.ValType{e.sum()}, wasm.I32, wasm.I32, e.sum())}
		b.x, b.at = b.local(wasm.F32), b.local(wasm.I32)
		b.out, b.half = b.local(wasm.V128), b.local(wasm.I64)
		b.touch()
		for _, i := range trees {
			b.addTree(i)
		}
		b.Index(wasm.LocalGet, branchSum)
		calls = append(calls, e.end(b.fn))
	}
	return calls
}

// groups cuts the trees of a head into runs of at least so many nodes.
func (e *forest) groups(head, nodes int) (groups [][]int) {
	var group []int
	n := 0
	for _, i := range e.byHead(head) {
		group = append(group, i)
		if n += 1 + len(e.trees.Trees[i].Nodes); n >= nodes {
			groups, group, n = append(groups, group), nil, 0
		}
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}

// sum is the type of sums.
func (e *forest) sum() wasm.ValType {
	if e.trees.Narrow {
		return wasm.F32
	}
	return wasm.F64
}

func (e *forest) constant(c *wasm.Code, v float64) {
	if e.trees.Narrow {
		c.F32(float32(v))
	} else {
		c.F64(v)
	}
}

func (e *forest) add() wasm.Op {
	if e.trees.Narrow {
		return wasm.F32Add
	}
	return wasm.F64Add
}

// touch touches the last of what trees read. An engine then leaves out the bounds
// checks up to where branches meet.
func (b *branch) touch() {
	touch(&b.Code, branchRow, columnBytes*(b.frame.Dense-1)+4)
	if b.context > 0 {
		touch(&b.Code, branchFrame, b.frame.OffsetContext()+4*b.context)
	}
}

// addTree adds the leaf of one tree to the sum. Each leaf or patch leaves the
// tree's block with its value.
func (b *branch) addTree(i int) {
	b.number, b.tree = i, &b.trees.Trees[i]
	b.patched = b.patches(b.tree)
	root := 0
	if len(b.tree.Nodes) == 0 {
		root = ^0
	}
	b.Index(wasm.LocalGet, branchSum)
	b.Op(wasm.Block)
	b.Raw(byte(b.sum()))
	b.child(root, 0)
	b.Op(wasm.End, b.add())
	b.Index(wasm.LocalSet, branchSum)
	if root == 0 && b.patched[root] == 0 {
		b.touch()
	}
}

// child writes what is below a node within so many conditions.
func (b *branch) child(at, depth int) {
	if at < 0 || b.patched[at] > 0 {
		if at < 0 {
			b.constant(&b.Code, b.tree.Leaves[^at])
		} else {
			b.patch(at)
		}
		if depth > 0 {
			b.Index(wasm.Br, depth)
		}
		return
	}
	n := &b.tree.Nodes[at]
	then, otherwise := n.Left, n.Right
	if b.test(n) {
		then, otherwise = n.Right, n.Left
	}
	b.Begin(wasm.If)
	b.child(then, depth+1)
	b.Op(wasm.End)
	b.child(otherwise, depth)
}

// test leaves a condition on the stack: that of going left, or of going right if
// it says so.
func (b *branch) test(n *scoring.Node) (right bool) {
	if b.load(wasm.F32Load, n.Column); n.Test == scoring.Among {
		b.Index(wasm.LocalSet, b.x)
		i := b.setBin[setKey(n)]
		s := b.setOf(i)
		limit := int32(32 * len(n.Set))
		inSet(&b.Code, b.x, b.at, func() { b.I32(limit) }, func() { b.Mem(wasm.I32Load8U, b.bits[s]) })
		return false
	}
	near := n.ZeroMissing && nearMatters(n)
	if near {
		b.Index(wasm.LocalTee, b.x)
	}
	b.F32(n.Threshold)
	switch {
	case n.Test == scoring.AtMost && n.MissingLeft:
		b.Op(wasm.F32Gt)
	case n.Test == scoring.AtMost:
		b.Op(wasm.F32Le)
	case n.MissingLeft:
		b.Op(wasm.F32Ge)
	default:
		b.Op(wasm.F32Lt)
	}
	if near { // what is missing fails the test either way
		b.Index(wasm.LocalGet, b.x)
		b.Op(wasm.F32Abs)
		b.F32(scoring.NearZero)
		b.Op(wasm.F32Gt, wasm.I32And)
	}
	return n.MissingLeft
}

// nearMatters tells whether some value near zero goes another way than what is
// missing.
func nearMatters(n *scoring.Node) bool {
	t := float64(n.Threshold)
	if n.MissingLeft {
		return !(t > float64(scoring.NearZero))
	}
	return !(t < -float64(scoring.NearZero))
}

// load puts a column's value on the stack.
func (b *branch) load(op wasm.Op, column int) {
	if column < b.context {
		b.Index(wasm.LocalGet, branchFrame)
		b.Mem(op, b.frame.OffsetContext()+4*column)
		return
	}
	b.Index(wasm.LocalGet, branchRow)
	b.Mem(op, columnBytes*(column-b.context))
}

// setOf is the set of a bin.
func (e *forest) setOf(bin int) int {
	for i := range e.sets {
		if e.sets[i].bin == bin {
			return i
		}
	}
	panic("compile: no set of that bin")
}

// branchRows is a function that answers one row: its address in its block, the
// frame, where its answer of the first head goes and what lies between heads.
func (e *forest) branchRows() int {
	const row, out, gap = 0, 2, 3
	groups := make([][]int, e.frame.Heads)
	for head := range groups {
		groups[head] = e.branchGroups(head)
	}
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	for head, calls := range groups {
		if head > 0 {
			f.Index(wasm.LocalGet, out)
			f.Index(wasm.LocalGet, gap)
			f.Op(wasm.I32Add)
			f.Index(wasm.LocalSet, out)
		}
		f.Index(wasm.LocalGet, out)
		sum := f.local(e.sum())
		e.constant(&f.Code, e.trees.Base[head])
		f.Index(wasm.LocalSet, sum)
		for _, call := range calls {
			f.Index(wasm.LocalGet, row)
			f.Index(wasm.LocalGet, branchFrame)
			f.Index(wasm.LocalGet, sum)
			f.Index(wasm.Call, call)
			f.Index(wasm.LocalSet, sum)
		}
		f.Index(wasm.LocalGet, sum)
		e.divide(&f.Code)
		f.Mem(wasm.F64Store, 0)
	}
	return e.end(f)
}

// divide turns the sum on the stack into a mean.
func (e *forest) divide(c *wasm.Code) {
	if e.trees.Narrow {
		c.Op(wasm.F64Widen)
	}
	if e.trees.Divisor != 1 {
		c.F64(e.trees.Divisor)
		c.Op(wasm.F64Div)
	}
}
