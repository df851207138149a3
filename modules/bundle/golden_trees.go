package bundle

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// fill is what vectors of a model need beside values between -2 and 2: of trees,
// values on both sides of their thresholds.
func fill(m scoring.Model) func(*abi.Frame, *rand.Rand) {
	t, ok := m.(*scoring.Trees)
	if !ok {
		return nil
	}
	edges := edges(t)
	return func(f *abi.Frame, r *rand.Rand) {
		context := f.ContextDense()
		for c := range context {
			context[c] = near(edges[c], context[c], r)
		}
		for b := range abi.Blocks(f.Rows()) {
			for c := range f.Shape().Dense {
				for i, x := range f.Dense(b, c) {
					f.Dense(b, c)[i] = near(edges[len(context)+c], x, r)
				}
			}
		}
	}
}

// edges are the values by column that some node tells from those beside them.
func edges(t *scoring.Trees) [][]float32 {
	out := make([][]float32, t.Frame.ContextDense+t.Frame.Dense)
	for _, tree := range t.Trees {
		for _, n := range tree.Nodes {
			if n.Test != scoring.Among {
				out[n.Column] = append(out[n.Column], n.Threshold)
				continue
			}
			for k, word := range n.Set[:min(len(n.Set), 8)] { // enough to tell it from another
				if word != 0 {
					out[n.Column] = append(out[n.Column], float32(32*k+bits.TrailingZeros32(word)))
				}
			}
		}
	}
	return out
}

// near is a value at, just below or just above an edge of the column, or zero now
// and then. What is missing stays so.
func near(edges []float32, x float32, r *rand.Rand) float32 {
	if x != x || len(edges) == 0 {
		return x
	}
	edge := edges[r.IntN(len(edges))]
	if edge-edge != 0 { // infinite: all values are on one side
		return x
	}
	switch r.IntN(8) {
	case 0:
		return x
	case 1:
		return 0
	case 2, 3:
		return edge
	case 4:
		return edge + 1 // another category
	case 5:
		return math.Nextafter32(edge, float32(math.Inf(-1)))
	}
	return math.Nextafter32(edge, float32(math.Inf(1)))
}
