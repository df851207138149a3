package scoring

import "github.com/aisle-edge/aisle/modules/abi"

// Trees is an ensemble of decision trees over dense columns, as boosting and
// random forests make them. A head's mean is
//
//	base + Σ leaf of each of its trees, in order, divided by Divisor
//
// summed in f32 or in f64 as the library that trained it does.
type Trees struct {
	Frame   abi.Shape // dense columns; no variance; a head for each class
	Trees   []Tree
	Base    []float64 // by head; exact in f32 when Narrow
	Divisor float64   // 1; of averaged forests the number of trees of a head
	Narrow  bool      // sums and leaves are f32 (XGBoost), else f64 (LightGBM)
}

// Tree is one tree of one head.
type Tree struct {
	Head   int
	Nodes  []Node    // children come after their parents; empty: a single leaf
	Leaves []float64 // at least one
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
	Threshold   float32  // rounded toward -Inf, which decides f32 values as the f64 does
	Set         []uint32 // bit k of word k/32: category k goes left
	MissingLeft bool
	ZeroMissing bool // values within 1e-35 of zero are missing too
	Left, Right int  // a node, or ^i: leaf i
}
