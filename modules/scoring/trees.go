package scoring

import (
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Limits of an ensemble of trees.
const (
	MaxTrees     = 1 << 14
	MaxTreeNodes = 1 << 20 // of all trees
	MaxTreeDepth = 512     // nodes on the way to a leaf
	MaxSetWords  = 1 << 20 // of all nodes
	MaxSet       = 1 << 11 // words of one node: 65,536 categories
)

// Trees is an ensemble of decision trees over dense columns, as boosting and
// random forests make them. A head's mean is
//
//	(base + Σ leaf of each of its trees, in order) / Divisor
//
// summed in f32 or in f64 as the library that trained it does; the division is
// in f64.
type Trees struct {
	Frame   abi.Shape // dense columns; no variance; a head for each class
	Trees   []Tree
	Base    []float64 // by head; exact in f32 when Narrow
	Divisor float64   // 1; of averaged forests the number of trees of a head
	Narrow  bool      // sums and leaves are f32 (XGBoost), else f64 (LightGBM)
}

// Tree is one tree of one head: n nodes, each but the first the child of one,
// and n+1 leaves, each the child of one node.
type Tree struct {
	Head   int
	Nodes  []Node    // children come after their parents; empty: a single leaf
	Leaves []float64 // exact in f32 when Narrow
	// Expect is the mean of the leaves below each node by how many training rows
	// reached them: what contributions are measured by.
	Expect []float64
}

// Test is how a node decides.
type Test uint8

// The tests of a node. Each is true for what goes left.
const (
	AtMost Test = iota // x <= Threshold (LightGBM)
	Below              // x < Threshold (XGBoost)
	Among              // x, cut to an integer, is one of Set
)

// Node decides by one dense column. What is missing goes where MissingLeft says.
type Node struct {
	Column      int // dense columns of the context first, then those of the row
	Test        Test
	Threshold   float32  // rounded toward -Inf, which decides f32 values as the f64 does; 0 for Among
	Set         []uint32 // at least a word; bit k of word k/32: category k goes left
	MissingLeft bool
	ZeroMissing bool // values within 1e-35 of zero are missing too; not for Among
	Left, Right int  // a node, or ^i: leaf i
}

// NearZero is the largest value that a node with ZeroMissing takes for zero.
const NearZero = float32(1e-35)

// FrameShape is the shape of the frames that the trees score.
func (t *Trees) FrameShape() abi.Shape { return t.Frame }

// Score answers a frame, which must have the trees' shape.
func (t *Trees) Score(f *abi.Frame) error {
	if f.Shape() != t.Frame {
		return ErrShape
	}
	row := Row{ContextDense: f.ContextDense()}
	for i := range f.Rows() {
		row.Dense = f.DenseRow(row.Dense[:0], i)
		for h := range t.Frame.Heads {
			f.Mean(h)[i] = t.Mean(h, row)
		}
	}
	return nil
}

// Mean is one head's answer to a row, which must have the trees' columns.
func (t *Trees) Mean(head int, r Row) float64 {
	if t.Narrow {
		return float64(sum[float32](t, head, r)) / t.Divisor
	}
	return sum[float64](t, head, r) / t.Divisor
}

func sum[T float32 | float64](t *Trees, head int, r Row) T {
	s := T(t.Base[head])
	for i := range t.Trees {
		if tree := &t.Trees[i]; tree.Head == head {
			s += T(tree.Leaves[tree.leaf(r)])
		}
	}
	return s
}

// leaf is the index of the leaf that a row falls into.
func (t *Tree) leaf(r Row) int {
	if len(t.Nodes) == 0 {
		return 0
	}
	at := 0
	for at >= 0 {
		at = t.Nodes[at].next(r)
	}
	return ^at
}

func (n *Node) next(r Row) int {
	if n.left(r.dense(n.Column)) {
		return n.Left
	}
	return n.Right
}

func (n *Node) left(x float32) bool {
	if x != x || n.ZeroMissing && -NearZero <= x && x <= NearZero {
		return n.MissingLeft
	}
	switch n.Test {
	case AtMost:
		return x <= n.Threshold
	case Below:
		return x < n.Threshold
	}
	return x > -1 && x < float32(32*len(n.Set)) && n.Set[int(x)/32]>>(uint(x)%32)&1 == 1
}

func (r Row) dense(column int) float32 {
	if n := len(r.ContextDense); column >= n {
		return r.Dense[column-n]
	}
	return r.ContextDense[column]
}

// Contributions is what the bias and each column, in frame order, add to one
// head's mean for a row, by the change of node expectation: the bias is the base
// and what each tree's root expects; a node adds to its column what the chosen
// child expects less what it expects itself, a leaf expecting its own value.
// Each is summed in f64, trees in order and nodes from the root, and then
// divided. They sum to the mean but for rounding.
func (t *Trees) Contributions(head int, r Row) []float64 {
	out := make([]float64, 1+t.Frame.Columns())
	out[0] = t.Base[head]
	for i := range t.Trees {
		if tree := &t.Trees[i]; tree.Head == head {
			tree.contribute(out, r)
		}
	}
	for i := range out {
		out[i] /= t.Divisor
	}
	return out
}

func (t *Tree) contribute(out []float64, r Row) {
	if len(t.Nodes) == 0 {
		out[0] += t.Leaves[0]
		return
	}
	out[0] += t.Expect[0]
	for at := 0; at >= 0; {
		n := &t.Nodes[at]
		next := n.next(r)
		out[1+n.Column] += t.expects(next) - t.Expect[at]
		at = next
	}
}

func (t *Tree) expects(child int) float64 {
	if child < 0 {
		return t.Leaves[^child]
	}
	return t.Expect[child]
}

func exact32(v float64) bool { return float64(float32(v)) == v }

func finite(v float64) bool { return v-v == 0 }

// sound tells whether a value may stand in a leaf or a base.
func (t *Trees) sound(v float64) bool { return finite(v) && (!t.Narrow || exact32(v)) }

func number(v float32) bool { return !math.IsNaN(float64(v)) }
