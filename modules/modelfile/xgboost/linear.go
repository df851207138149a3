package xgboost

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// linearModel makes gblinear's weights a linear model: what is missing adds
// nothing.
func (l *learner) linearModel(m *modelfile.Model, base []float64, o modelfile.Options) error {
	if len(l.weights) != (l.features+1)*l.heads {
		return modelfile.Formatf("%d weights of %d features and %d outputs", len(l.weights), l.features, l.heads)
	}
	if l.features > abi.MaxColumns || l.heads > scoring.MaxHeads {
		return modelfile.Unsupportedf("a linear model of %d features and %d outputs; at most %d and %d are supported", l.features, l.heads, abi.MaxColumns, scoring.MaxHeads)
	}
	if o.Iterations > 0 {
		return modelfile.Unsupportedf("the first rounds of a gblinear model, which keeps only its last weights")
	}
	s, err := scoring.New(scoring.Shape{Frame: abi.Shape{Dense: l.features, Heads: l.heads}})
	if err != nil {
		return modelfile.Formatf("%v", err)
	}
	for h, head := range s.Heads {
		head.Mean[0] = float32(base[h]) + float32(l.weights[l.features*l.heads+h])
		for f := range l.features {
			head.Mean[s.Weight(f)] = float32(l.weights[f*l.heads+h])
		}
	}
	if _, err := s.Encode(); err != nil {
		return modelfile.Formatf("weights that are not numbers")
	}
	m.Scorer = s
	m.Name()
	return nil
}
