// Package xgboost reads the models that XGBoost saves: the binary format of 0.7
// to 1.7, JSON and UBJSON of 1.0 and later; boosters gbtree, dart and gblinear.
//
// Margins are summed in f32, the base score first and then trees in order; DART's
// weights are multiplied into the leaves. The base score is in the file as a
// prediction, in binary files before 1.0 as a margin. A set of categories that
// goes right in XGBoost is asked for the other way round. Nodes expect the mean
// of their leaves by the sum of hessians; one that is no number or below zero
// counts as zero.
//
// Not supported, and named in the error: vector leaves, and objectives whose
// predictions are no function of the margins. Categories are the numbers that
// XGBoost trained with; names that it may have kept for them are not looked at.
package xgboost

import (
	"bytes"
	"io"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Read reads a model in any of the formats. Its errors are modelfile.ErrFormat
// and modelfile.ErrUnsupported, and those of r.
func Read(r io.Reader, o modelfile.Options) (*modelfile.Model, error) {
	b, err := modelfile.ReadFile(r)
	if err != nil {
		return nil, err
	}
	var l *learner
	if start := bytes.TrimLeft(b, " \t\r\n"); len(start) > 1 && start[0] == '{' {
		l, err = readDocument(start)
	} else {
		l, err = readBinary(b)
	}
	if err != nil {
		return nil, err
	}
	return l.model(o)
}

// learner is what all formats say.
type learner struct {
	objective string
	base      []float64 // one, or one for each head
	margin    bool      // base is a margin, not a prediction
	heads     int
	features  int
	names     []string
	rounds    []int // where each round's trees begin, and the end; nil: perRound
	perRound  int
	trees     []tree
	groups    []int     // head of each tree
	drop      []float64 // weight of each tree
	weights   []float64 // of gblinear: of each feature for all heads, then biases
	linear    bool
}

func (l *learner) model(o modelfile.Options) (*modelfile.Model, error) {
	m := &modelfile.Model{Objective: l.objective, Features: l.names}
	m.Rows.Width = l.features
	if m.Objective == "" {
		m.Objective = o.Objective
	}
	objective, err := find(m.Objective)
	if err != nil {
		return nil, err
	}
	if m.Link = objective.link; l.heads < 1 || l.features < 0 || len(l.names) != 0 && len(l.names) != l.features {
		return nil, modelfile.Formatf("%d outputs, %d features with %d names", l.heads, l.features, len(l.names))
	}
	if l.heads > abi.MaxHeads {
		return nil, modelfile.Unsupportedf("%d outputs; at most %d are supported", l.heads, abi.MaxHeads)
	}
	base, err := l.bases(objective)
	if err != nil {
		return nil, err
	}
	if l.linear {
		return m, l.linearModel(m, base, o)
	}
	t := &scoring.Trees{Base: base, Divisor: 1, Narrow: true}
	t.Frame.Heads = l.heads
	if err := l.grow(t, o); err != nil {
		return nil, err
	}
	return m, m.Finish(t)
}

// bases are the margins that sums begin with.
func (l *learner) bases(o objective) ([]float64, error) {
	if len(l.base) != 1 && len(l.base) != l.heads {
		return nil, modelfile.Formatf("%d base scores for %d outputs", len(l.base), l.heads)
	}
	out := make([]float64, l.heads)
	for h := range out {
		v := l.base[min(h, len(l.base)-1)]
		if !l.margin {
			var ok bool
			if v, ok = o.margin(v); !ok {
				return nil, modelfile.Formatf("base score %v of objective %s", l.base[min(h, len(l.base)-1)], o.name)
			}
		}
		out[h] = float64(float32(v))
	}
	return out, nil
}

// kept is how many trees of the first rounds there are.
func (l *learner) kept(o modelfile.Options) (int, error) {
	perRound := max(l.perRound, 1)
	all := len(l.trees) / perRound
	if l.rounds != nil {
		all = max(0, len(l.rounds)-1)
	}
	rounds, err := o.Rounds(all)
	switch {
	case err != nil:
		return 0, err
	case o.Iterations <= 0:
		return len(l.trees), nil
	case l.rounds != nil:
		return min(l.rounds[rounds], len(l.trees)), nil
	}
	return rounds * perRound, nil
}

func (l *learner) grow(t *scoring.Trees, o modelfile.Options) error {
	if len(l.trees) > scoring.MaxTrees {
		return modelfile.Unsupportedf("%d trees; at most %d are supported", len(l.trees), scoring.MaxTrees)
	}
	if len(l.groups) != len(l.trees) || l.drop != nil && len(l.drop) != len(l.trees) {
		return modelfile.Formatf("%d trees, %d in tree_info, %d weights of dropped ones", len(l.trees), len(l.groups), len(l.drop))
	}
	kept, err := l.kept(o)
	if err != nil {
		return err
	}
	for i := range l.trees[:kept] {
		from, weight := &l.trees[i], float32(1)
		if from.features = l.features; l.drop != nil {
			weight = float32(l.drop[i])
		}
		if l.groups[i] < 0 || l.groups[i] >= l.heads {
			return modelfile.Formatf("tree %d is of output %d of %d", i, l.groups[i], l.heads)
		}
		tree, err := modelfile.Grow(0, from.step)
		if err != nil {
			return modelfile.Wrap(err, "tree %d", i)
		}
		tree.Head = l.groups[i]
		for j, v := range tree.Leaves {
			tree.Leaves[j] = float64(float32(v) * weight)
		}
		for j := range tree.Expect {
			tree.Expect[j] *= float64(weight)
		}
		t.Trees = append(t.Trees, tree)
	}
	return nil
}
