package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// walkers is how many trees are walked side by side: a step waits for memory
// twice, and that many waits overlap.
const walkers = 8

// A node is an entry of one word, a leaf too:
//
//	bits 0-13   bin
//	bits 14-21  k
//	bits 22-30  entries from this one to its children, the left one first
//	bit 31      a leaf: the other bits are its number
//
// Where children are farther away, entries have a second word for that. The
// expectation of a node lies where its children lie, in a table as long as half
// the bytes of pairs, or as long as pairs of one word.
const (
	walkLeaf  = 1 << 31
	walkK     = 14
	walkDelta = 22
	walkFar   = 1 << 9
)

// headEntry is the size of a head's entry: the first root of its trees, the end
// of its roots, its base.
const headEntry = 16

// walkData is where the tables lie.
type walkData struct {
	wide    bool // entries of two words
	entry   int  // bytes of one
	nodes   int  // the first entry
	expect  int  // f64 for each pair of entries
	columns int  // u16 for each bin: where the contribution of its column lies
	heads   int
	roots   [][2]int // by head: addresses of the first root's address and behind the last
}

// walkTree is a tree's entries: nodes by generation.
type walkTree struct {
	at    []int // node or ^leaf of each entry
	child []int // entry of the left child, of nodes
}

func (e *forest) walkTree(i int) walkTree {
	root := 0
	if len(e.cuts[i]) == 0 {
		root = ^0
	}
	w := walkTree{at: []int{root, ^0}, child: []int{0, 0}} // the second keeps pairs together
	for at := 0; at < len(w.at); at++ {
		if n := w.at[at]; n >= 0 {
			w.child[at] = len(w.at)
			w.at = append(w.at, e.cuts[i][n].left, e.cuts[i][n].right)
			w.child = append(w.child, 0, 0)
		}
	}
	return w
}

// walkTables writes the tables of all trees.
func (e *forest) walkTables() {
	trees := make([]walkTree, len(e.order))
	w := &e.walk
	for i, tree := range e.order {
		trees[i] = e.walkTree(tree)
		for at, child := range trees[i].child {
			w.wide = w.wide || child-at >= walkFar
		}
	}
	w.entry = 4 + 4*flag(w.wide)
	w.nodes = e.data.align(16)
	starts := make([]int, len(e.trees.Trees))
	for i, tree := range e.order {
		starts[tree] = e.data.end()
		e.walkEntries(tree, trees[i])
	}
	w.expect = e.data.align(8)
	for i, tree := range e.order {
		e.walkExpect(tree, trees[i])
	}
	e.walkColumns()
	e.walkRoots(starts)
}

func (e *forest) walkEntries(tree int, w walkTree) {
	for at, n := range w.at {
		delta := w.child[at] - at
		switch {
		case n < 0:
			e.data.u32(walkLeaf | e.leafAt[tree] + ^n)
			delta = 0
		case e.walk.wide:
			c := e.cuts[tree][n]
			e.data.u32(c.bin | (c.k&0xff)<<walkK)
		default:
			c := e.cuts[tree][n]
			e.data.u32(c.bin | (c.k&0xff)<<walkK | delta<<walkDelta)
		}
		if e.walk.wide {
			e.data.u32(delta)
		}
	}
}

// walkExpect writes a node's expectation where its children's pair is in the order of pairs.
func (e *forest) walkExpect(tree int, w walkTree) {
	e.data.f64(0)
	for _, n := range w.at {
		if n >= 0 {
			e.data.f64(e.trees.Trees[tree].Expect[n])
		}
	}
}

func (e *forest) walkColumns() {
	e.walk.columns = e.data.end()
	columns := make([]int, e.bins)
	for _, r := range e.ranks {
		columns[r.bin], columns[r.bin+1] = r.column, r.column
	}
	for _, s := range e.sets {
		columns[s.bin] = s.column
	}
	for _, column := range columns {
		e.data.u16(8 * (1 + column))
	}
}

// walkRoots writes for each head the addresses of its trees' roots, which end
// with some that are there to be walked in vain, and the table of heads.
func (e *forest) walkRoots(starts []int) {
	w := &e.walk
	vain := e.data.align(4)
	e.data.u32(walkLeaf, 0)
	for head := range e.frame.Heads {
		first := e.data.end()
		trees := e.byHead(head)
		for _, i := range trees {
			e.data.u32(starts[i])
		}
		w.roots = append(w.roots, [2]int{first, e.data.end()})
		for n := len(trees); n%walkers != 0; n++ {
			e.data.u32(vain)
		}
	}
	w.heads = e.data.align(8)
	for head, roots := range w.roots {
		e.data.u32(roots[0], roots[1])
		e.data.f64(e.trees.Base[head])
	}
}

// children leaves the address of the left child of the entry with word w at p
// on the stack.
func (e *forest) children(c *wasm.Code, p, w int) {
	if e.walk.wide {
		c.Index(wasm.LocalGet, p)
		c.Mem(wasm.I32Load, 4)
	} else {
		c.Index(wasm.LocalGet, w)
		c.I32(walkDelta)
		c.Op(wasm.I32ShrU)
	}
	e.scale(c)
	c.Index(wasm.LocalGet, p)
	c.Op(wasm.I32Add)
}

// scale turns a number of entries into bytes.
func (e *forest) scale(c *wasm.Code) {
	c.I32(int32(2 + flag(e.walk.wide)))
	c.Op(wasm.I32Shl)
}

// turns leaves 1 on the stack if the row with these bins goes right at word w,
// else 0.
func turns(c *wasm.Code, w, bins int) {
	c.Index(wasm.LocalGet, w)
	c.I32(binsLimit - 1)
	c.Op(wasm.I32And)
	c.I32(4)
	c.Op(wasm.I32Shl)
	c.Index(wasm.LocalGet, bins)
	c.Op(wasm.I32Add)
	c.Mem(wasm.I32Load8S, 0)
	c.Index(wasm.LocalGet, w)
	c.I32(32 - walkDelta)
	c.Op(wasm.I32Shl)
	c.I32(24)
	c.Op(wasm.I32ShrS, wasm.I32GtS)
}

// walkSum is a function that adds the leaves of trees to a sum: the row's bins, the
// first of the roots, the end of the roots, the sum.
func (e *forest) walkSum() int {
	const bins, entry, end, sum = 0, 1, 2, 3
	f := newFn([]wasm.ValType{e.sum()}, wasm.I32, wasm.I32, wasm.I32, e.sum())
	at, word := f.some(walkers, wasm.I32), f.some(walkers, wasm.I32)
	e.loop(&f.Code, func(c *wasm.Code) {
		for i := range at {
			c.Index(wasm.LocalGet, entry)
			c.Mem(wasm.I32Load, 4*i)
			c.Index(wasm.LocalSet, at[i])
		}
		e.loop(c, func(c *wasm.Code) {
			for i := range at {
				e.step(c, at[i], word[i], bins)
			}
			for i := range word {
				c.Index(wasm.LocalGet, word[i])
				if i > 0 {
					c.Op(wasm.I32And)
				}
			}
			c.I32(0)
			c.Op(wasm.I32GeS)
			c.Index(wasm.BrIf, 0)
		})
		for i := range word {
			c.Index(wasm.LocalGet, sum)
			c.Index(wasm.LocalGet, word[i])
			e.leaf(c, 0)
			c.Op(e.add())
			c.Index(wasm.LocalSet, sum)
			advance(c, entry, 4)
			c.Index(wasm.LocalGet, entry)
			c.Index(wasm.LocalGet, end)
			if i < walkers-1 {
				c.Op(wasm.I32Eq)
				c.Begin(wasm.If)
				c.Index(wasm.LocalGet, sum)
				c.Op(wasm.Return, wasm.End)
			} else {
				c.Op(wasm.I32Ne)
				c.Index(wasm.BrIf, 0)
			}
		}
	})
	f.Index(wasm.LocalGet, sum)
	return e.end(f)
}

// step goes down by one, or stays on a leaf.
func (e *forest) step(c *wasm.Code, at, word, bins int) {
	c.Index(wasm.LocalGet, at)
	c.Index(wasm.LocalGet, at)
	c.Mem(wasm.I32Load, 0)
	c.Index(wasm.LocalSet, word)
	e.children(c, at, word)
	turns(c, word, bins)
	e.scale(c)
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalGet, word)
	c.I32(0)
	c.Op(wasm.I32LtS, wasm.Select)
	c.Index(wasm.LocalSet, at)
}

// leaf replaces a leaf's number, counted from that of the first one, by its value.
// Other bits above the number may be set.
func (e *forest) leaf(c *wasm.Code, first int) {
	load, shift := wasm.F64Load, int32(3)
	if e.trees.Narrow {
		load, shift = wasm.F32Load, 2
	}
	c.I32(shift)
	c.Op(wasm.I32Shl)
	c.Mem(load, e.leaves+e.leafBytes()*first)
}

// walkRows is a function that answers one row: its address in its block, the
// frame, where its answer of the first head goes and what lies between heads.
func (e *forest) walkRows() int {
	const row, out, gap = 0, 2, 3
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	f.Index(wasm.LocalGet, row)
	f.I32(int32(e.binsAt))
	f.Index(wasm.Call, e.rowBins)
	for head, roots := range e.walk.roots {
		if head > 0 {
			f.Index(wasm.LocalGet, out)
			f.Index(wasm.LocalGet, gap)
			f.Op(wasm.I32Add)
			f.Index(wasm.LocalSet, out)
		}
		f.Index(wasm.LocalGet, out)
		if roots[0] == roots[1] {
			e.constant(&f.Code, e.trees.Base[head])
		} else {
			f.I32(int32(e.binsAt))
			f.I32(int32(roots[0]))
			f.I32(int32(roots[1]))
			e.constant(&f.Code, e.trees.Base[head])
			f.Index(wasm.Call, e.walkTrees)
		}
		e.divide(&f.Code)
		f.Mem(wasm.F64Store, 0)
	}
	return e.end(f)
}

// walkBlocks is a function that adds trees to the sums of some blocks: where the
// sums lie, how many blocks, the first of the roots, the end of the roots. A few
// trees are walked for all rows before the next ones, whose tables are far.
func (e *forest) walkBlocks() int {
	const out, blocks, entry, end = 0, 1, 2, 3
	f := newFn(nil, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	at, bins, left, lanes, stop := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	load, store := wasm.F64Load, wasm.F64Store
	if e.trees.Narrow {
		load, store = wasm.F32Load, wasm.F32Store
	}
	e.loop(&f.Code, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, entry)
		c.I32(4 * walkers)
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalTee, stop)
		c.Index(wasm.LocalGet, end)
		c.Index(wasm.LocalGet, stop)
		c.Index(wasm.LocalGet, end)
		c.Op(wasm.I32LtU, wasm.Select)
		c.Index(wasm.LocalSet, stop)
		c.Index(wasm.LocalGet, out)
		c.Index(wasm.LocalSet, at)
		c.I32(int32(e.binsAt))
		c.Index(wasm.LocalSet, bins)
		c.Index(wasm.LocalGet, blocks)
		c.Index(wasm.LocalSet, left)
		e.loop(c, func(c *wasm.Code) {
			c.I32(abi.BlockRows)
			c.Index(wasm.LocalSet, lanes)
			e.loop(c, func(c *wasm.Code) {
				c.Index(wasm.LocalGet, at)
				for _, argument := range [...]int{bins, entry, stop, at} {
					c.Index(wasm.LocalGet, argument)
				}
				c.Mem(load, 0)
				c.Index(wasm.Call, e.walkTrees)
				c.Mem(store, 0)
				advance(c, at, e.leafBytes())
				advance(c, bins, 1)
				again(c, lanes)
			})
			advance(c, at, outBytes-abi.BlockRows*e.leafBytes())
			advance(c, bins, e.stride()-abi.BlockRows)
			again(c, left)
		})
		c.Index(wasm.LocalGet, stop)
		c.Index(wasm.LocalTee, entry)
		c.Index(wasm.LocalGet, end)
		c.Op(wasm.I32Ne)
		c.Index(wasm.BrIf, 0)
	})
	return e.end(f)
}
