package modelfile

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/scoring"
)

// Arrange moves the columns that have one value a frame to its context, where
// frames have them first, and keeps names and rules of rows beside them. Columns
// of a new model are all of the row.
func (m *Model) Arrange(context func(name string) bool) error {
	var order []int // the old number of each new column
	for _, want := range []bool{true, false} {
		for c, name := range m.Features {
			if context(name) == want {
				order = append(order, c)
			}
		}
	}
	first := slices.IndexFunc(order, func(c int) bool { return !context(m.Features[c]) })
	if first < 0 {
		first = len(order)
	}
	switch s := m.Scorer.(type) {
	case *scoring.Trees:
		s.Frame.ContextDense, s.Frame.Dense = first, len(order)-first
		arrangeTrees(s, order)
	case *scoring.Linear:
		if s.Frame.ContextDense+s.Frame.ContextCategorical+s.Frame.Categorical > 0 {
			return Unsupportedf("columns of the context in a model of categorical columns")
		}
		s.Frame.ContextDense, s.Frame.Dense = first, len(order)-first
		arrangeLinear(s, order)
	}
	features, index := make([]string, len(order)), make([]int, len(order))
	for to, from := range order {
		features[to], index[to] = m.Features[from], m.Rows.Feature(from)
	}
	m.Features = features
	if !slices.IsSorted(order) {
		m.Rows.Index = index
	}
	return nil
}

func arrangeTrees(t *scoring.Trees, order []int) {
	to := make([]int, len(order))
	for i, from := range order {
		to[from] = i
	}
	for i := range t.Trees {
		for j := range t.Trees[i].Nodes {
			n := &t.Trees[i].Nodes[j]
			n.Column = to[n.Column]
		}
	}
}

func arrangeLinear(l *scoring.Linear, order []int) {
	for _, h := range l.Heads {
		old := slices.Clone(h.Mean)
		for to, from := range order {
			copy(h.Mean[l.Weight(to):], old[l.Weight(from):l.Weight(from)+2])
		}
	}
}
