package sample

import (
	"math"
	"math/rand/v2"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Trees is a small ensemble with any of its kinds of node absent now and then:
// both tests of thresholds, sets of categories, every way of missing, single
// leaves, several heads, sums in f32 or f64, a divisor. Half the nodes of all
// trees ask for the same few thresholds.
func Trees(r *rand.Rand) *scoring.Trees {
	t := &scoring.Trees{
		Frame:   abi.Shape{ContextDense: r.IntN(4), Dense: r.IntN(12), Heads: 1 + r.IntN(2)*r.IntN(5)},
		Divisor: 1,
		Narrow:  r.IntN(2) == 0,
	}
	if t.Frame.ContextDense+t.Frame.Dense == 0 {
		t.Frame.Dense = 1
	}
	if r.IntN(3) == 0 {
		t.Divisor = float64(1 + r.IntN(10))
	}
	for range t.Frame.Heads {
		t.Base = append(t.Base, leafValue(t, r)*float64(r.IntN(2)))
	}
	kind, most := r.IntN(4), 1+r.IntN(40)
	for range r.IntN(12) {
		t.Trees = append(t.Trees, tree(t, r, kind, r.IntN(most)))
	}
	return t
}

func tree(t *scoring.Trees, r *rand.Rand, kind, nodes int) scoring.Tree {
	out := scoring.Tree{Head: r.IntN(t.Frame.Heads), Nodes: make([]scoring.Node, nodes), Expect: make([]float64, nodes)}
	free := []*int{new(int)} // places for a child
	for i := range out.Nodes {
		n := &out.Nodes[i]
		*n = node(t, r, kind)
		at := r.IntN(len(free))
		*free[at] = i
		free[at] = &n.Left
		free = append(free, &n.Right)
		out.Expect[i] = r.Float64() - 0.5
	}
	for i, at := range free {
		*at = ^i
		out.Leaves = append(out.Leaves, leafValue(t, r))
	}
	return out
}

func node(t *scoring.Trees, r *rand.Rand, kind int) scoring.Node {
	n := scoring.Node{Column: r.IntN(t.Frame.ContextDense + t.Frame.Dense), MissingLeft: r.IntN(2) == 0}
	if n.Test = scoring.Test(kind); kind > int(scoring.Among) {
		n.Test = scoring.Test(r.IntN(3))
	}
	if n.Test == scoring.Among {
		n.Set = make([]uint32, 1+r.IntN(3))
		for i := range n.Set {
			n.Set[i] = r.Uint32()
		}
		return n
	}
	n.ZeroMissing = r.IntN(3) == 0
	switch r.IntN(8) {
	case 0:
		n.Threshold = scoring.NearZero
	case 1, 2, 3:
		n.Threshold = float32(r.IntN(9)-4) / 2
	default:
		n.Threshold = number(r)
	}
	return n
}

func leafValue(t *scoring.Trees, r *rand.Rand) float64 {
	if v := 2*r.Float64() - 1; !t.Narrow {
		return v
	}
	return float64(float32(r.Float64()) - 0.5)
}

// FillNear writes values into the dense columns of a frame on which trees may
// disagree: their thresholds and what lies beside them, categories in and out of
// sets, zeros and what is almost zero, infinities, and a share of missing ones.
func FillNear(f *abi.Frame, t *scoring.Trees, r *rand.Rand, missing float64) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-35, -1e-35, 1e-34, -1e-34, math.SmallestNonzeroFloat32,
		-1, -0.5, 0.5, 31, 32, 33.5, 95, 96, 1e9, -1e9, math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1))}
	inf := float32(math.Inf(1))
	for i := range t.Trees {
		for j := range t.Trees[i].Nodes {
			at := t.Trees[i].Nodes[j].Threshold
			special = append(special, at, math.Nextafter32(at, inf), math.Nextafter32(at, -inf))
		}
	}
	fill := func(values []float32) {
		for i := range values {
			switch p := r.Float64(); {
			case p < missing:
				values[i] = float32(math.NaN())
			case r.IntN(3) == 0:
				values[i] = float32(r.IntN(100))
			case r.IntN(2) == 0:
				values[i] = number(r)
			default:
				values[i] = special[r.IntN(len(special))]
			}
		}
	}
	fill(f.ContextDense())
	for b := range abi.Blocks(f.Rows()) {
		for c := range f.Shape().Dense {
			fill(f.Dense(b, c)[:])
		}
	}
}
