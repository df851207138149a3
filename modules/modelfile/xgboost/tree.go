package xgboost

import (
	"math"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// tree is the arrays of one tree.
type tree struct {
	features    int
	left, right []int // -1: a leaf
	index       []int
	condition   []float64 // the threshold, or a leaf's value
	defaultLeft []bool
	hessian     []float64
	sets        map[int][]uint32 // of nodes that ask for categories
}

const maxCategory = 32*scoring.MaxSet - 1

func (t *tree) step(at int) (modelfile.Step, error) {
	if at < 0 || at >= len(t.left) {
		return modelfile.Step{}, modelfile.Formatf("no node %d of %d", at, len(t.left))
	}
	left, right := t.left[at], t.right[at]
	if left == -1 {
		weight := t.hessian[at]
		if !(weight >= 0) || math.IsInf(weight, 0) {
			weight = 0
		}
		return modelfile.Step{Leaf: true, Value: t.condition[at], Weight: weight}, nil
	}
	if t.index[at] < 0 || t.index[at] >= t.features {
		return modelfile.Step{}, modelfile.Formatf("node %d asks for feature %d of %d", at, t.index[at], t.features)
	}
	n := scoring.Node{Column: t.index[at], MissingLeft: t.defaultLeft[at], Left: left, Right: right}
	if set, ok := t.sets[at]; ok {
		n.Test, n.Set = scoring.Among, set
		n.Left, n.Right, n.MissingLeft = right, left, !n.MissingLeft // what is in the set goes right
		return modelfile.Step{Node: n}, nil
	}
	n.Test, n.Threshold = scoring.Below, float32(t.condition[at])
	if math.IsNaN(t.condition[at]) {
		return modelfile.Step{}, modelfile.Formatf("node %d has a threshold that is not a number", at)
	}
	return modelfile.Step{Node: n}, nil
}

// set makes a set of categories.
func set(categories []int) ([]uint32, error) {
	words := []uint32{0}
	for _, k := range categories {
		if k < 0 {
			return nil, modelfile.Formatf("category %d", k)
		}
		if k > maxCategory {
			return nil, modelfile.Unsupportedf("category %d; the largest supported is %d", k, maxCategory)
		}
		for len(words) <= k/32 {
			words = append(words, 0)
		}
		words[k/32] |= 1 << (k % 32)
	}
	return words, nil
}
