package compile

import (
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// A patch is a piece of a tree that is decided at once, without branches: all its
// nodes, four in a vector. A node that sends the row to its second child rules out
// the leaves below its first one, a bit each. The first leaf that no node ruled
// out is the row's. (Lucchese et al., QuickScorer, SIGIR 2015.)

// patchLeaves is how many leaves a patch has at most. A small model stays in the
// nearest caches and patches of 16 cost no more than branches that are guessed
// rightly; the code of a large one comes from afar, and then it is better read
// in one go.
func (e *forest) patchLeaves() int {
	if e.nodes <= branchNodes {
		return 16
	}
	return 32
}

// ways are a node's children: where it sends what is missing, then the other one.
func ways(n *scoring.Node) (first, second int) {
	if n.MissingLeft {
		return n.Left, n.Right
	}
	return n.Right, n.Left
}

// places is how many leaves lie before each leaf of a tree: those below a node's
// first child before those below the second, so that a patch's are neighbours.
func places(t *scoring.Tree) []int {
	places, n := make([]int, len(t.Leaves)), 0
	var place func(at int)
	place = func(at int) {
		if at < 0 {
			places[^at] = n
			n++
			return
		}
		first, second := ways(&t.Nodes[at])
		place(first)
		place(second)
	}
	if len(t.Nodes) > 0 {
		place(0)
	}
	return places
}

// patches is for each node how many leaves a patch from there on has; 0: they are
// too many, or a node below is no mere comparison.
func (b *branch) patches(t *scoring.Tree) []int {
	leaves := make([]int, len(t.Nodes))
	below := func(at int) int {
		if at < 0 {
			return 1
		}
		return leaves[at]
	}
	for at := range slices.Backward(t.Nodes) {
		n := &t.Nodes[at]
		left, right := below(n.Left), below(n.Right)
		if left > 0 && right > 0 && left+right <= b.patchLeaves() && compares(n) {
			leaves[at] = left + right
		}
	}
	return leaves
}

// compares tells whether a node does nothing but compare with a bound, see above.
func compares(n *scoring.Node) bool {
	if n.Test == scoring.Among || n.ZeroMissing && nearMatters(n) {
		return false
	}
	t, ok := above(n)
	return ok && !math.IsInf(float64(t), 1)
}

// question is a node of a patch. It rules out leaves if x exceeds the bound, or,
// unless exceed, if x doesn't; never if x is missing.
type question struct {
	column int
	bound  float32
	exceed bool
	leaves uint32
}

// questions are those of a patch, and its first leaf. Those that ask for what
// exceeds come last.
func (b *branch) questions(at int) (all []question, first int) {
	n := 0
	var ask func(at int)
	ask = func(at int) {
		if at < 0 {
			if n == 0 {
				first = ^at
			}
			n++
			return
		}
		node := &b.tree.Nodes[at]
		one, other := ways(node)
		bound, _ := above(node)
		q, from := len(all), n
		all = append(all, question{column: node.Column, bound: bound, exceed: node.MissingLeft})
		ask(one)
		all[q].leaves = uint32(1<<n - 1<<from)
		ask(other)
	}
	ask(at)
	slices.SortStableFunc(all, func(p, q question) int { return flag(p.exceed) - flag(q.exceed) })
	return all, first
}

// patch leaves the value of the leaf below a node on the stack.
func (b *branch) patch(at int) {
	all, first := b.questions(at)
	for i := 0; i < len(all); i += 4 {
		b.ruleOut(all[i:min(len(all), i+4)])
		if i > 0 {
			b.Op(wasm.V128Or)
		}
	}
	b.Index(wasm.LocalTee, b.out) // one of the four lanes rules out
	b.Lane(wasm.I64x2ExtractLane, 0)
	b.Index(wasm.LocalGet, b.out)
	b.Lane(wasm.I64x2ExtractLane, 1)
	b.Op(wasm.I64Or)
	b.Index(wasm.LocalTee, b.half)
	b.Index(wasm.LocalGet, b.half)
	b.I64(32)
	b.Op(wasm.I64ShrU, wasm.I64Or, wasm.I32Wrap)
	b.I32(-1)
	b.Op(wasm.I32Xor, wasm.I32Ctz)
	b.leaf(&b.Code, b.leafAt[b.number]+b.places[b.number][first])
}

// ruleOut leaves a vector on the stack: what each of up to four nodes rules out.
func (b *branch) ruleOut(all []question) {
	var signs, bounds, leaves [4]uint32
	mixed := all[0].exceed != all[len(all)-1].exceed
	for i, q := range all {
		if i == 0 {
			b.load(wasm.V128Load32Zero, q.column)
		} else {
			b.load(wasm.F32Load, q.column)
			b.Lane(wasm.F32x4ReplaceLane, byte(i))
		}
		if mixed && q.exceed { // x > t, as -x <= the next below -t
			signs[i] = 1 << 31
			q.bound = math.Nextafter32(-q.bound, float32(math.Inf(-1)))
		}
		bounds[i], leaves[i] = math.Float32bits(q.bound), q.leaves
	}
	if mixed {
		b.V128(signs[0], signs[1], signs[2], signs[3])
		b.Op(wasm.V128Xor)
	}
	b.V128(bounds[0], bounds[1], bounds[2], bounds[3])
	if all[0].exceed {
		b.Op(wasm.F32x4Gt)
	} else {
		b.Op(wasm.F32x4Le)
	}
	b.V128(leaves[0], leaves[1], leaves[2], leaves[3])
	b.Op(wasm.V128And)
}
