package modelfile

import (
	"errors"
	"math"

	"github.com/aisle-edge/aisle/modules/scoring"
)

// Step is a node or a leaf as a file has it.
type Step struct {
	Leaf   bool
	Value  float64      // of a leaf
	Weight float64      // of a leaf: how many training rows reached it
	Node   scoring.Node // of a node; Left and Right as the file numbers them
}

var (
	errTwice = errors.New("a node is reached twice")
	errWeigh = errors.New("a leaf's count is negative or not a number")
)

// Grow makes a tree of the nodes that can be reached from root, in the order in
// which they are met from the left. Each expects the mean of its children by
// weight; without any, their plain mean.
func Grow(root int, step func(at int) (Step, error)) (scoring.Tree, error) {
	type place struct{ at, parent int } // parent: ^node for its right child
	var t scoring.Tree
	var weights []float64 // of nodes; of leaves in leafWeights
	var leafWeights []float64
	seen := map[int]bool{}
	for todo := []place{{root, 0}}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[p.at] {
			return t, errTwice
		}
		seen[p.at] = true
		s, err := step(p.at)
		if err != nil {
			return t, err
		}
		index := len(t.Nodes)
		if s.Leaf {
			if index = ^len(t.Leaves); !(s.Weight >= 0) || math.IsInf(s.Weight, 0) {
				return t, errWeigh
			}
			t.Leaves, leafWeights = append(t.Leaves, s.Value), append(leafWeights, s.Weight)
		}
		if len(seen) > 1 {
			if p.parent < 0 {
				t.Nodes[^p.parent].Right = index
			} else {
				t.Nodes[p.parent].Left = index
			}
		}
		if !s.Leaf {
			t.Nodes, weights = append(t.Nodes, s.Node), append(weights, 0)
			todo = append(todo, place{s.Node.Right, ^index}, place{s.Node.Left, index})
		}
	}
	t.Expect = make([]float64, len(t.Nodes))
	get := func(child int) (value, weight float64) {
		if child < 0 {
			return t.Leaves[^child], leafWeights[^child]
		}
		return t.Expect[child], weights[child]
	}
	for i := len(t.Nodes) - 1; i >= 0; i-- {
		l, wl := get(t.Nodes[i].Left)
		r, wr := get(t.Nodes[i].Right)
		weights[i] = wl + wr
		if weights[i] == 0 {
			wl, wr = 0.5, 0.5
		}
		t.Expect[i] = (float64(l*wl) + float64(r*wr)) / (wl + wr)
	}
	return t, nil
}
