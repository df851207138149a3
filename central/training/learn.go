package training

import (
	"math"

	"github.com/aisle-edge/aisle/modules/scoring"
)

// learner is one model while it is learned: head 0 of a scoring.Linear, in f64
// and with mean and variance of a weight side by side.
type learner struct {
	shape   scoring.Shape
	columns []byte
	prior   float64 // variance of a weight

	weights []weight
	noise   float64 // σ², the running mean of squared errors

	terms []scoring.Term // reused
}

type weight struct{ Mean, Variance float64 }

// noiseMemory is over about how many observations σ² is averaged.
const noiseMemory = 10_000

// newLearner makes a model that knows nothing, of rewards within span.
func newLearner(m Model, span, prior float64) *learner {
	l := &learner{shape: m.Shape, columns: m.Columns, prior: prior * span * span, noise: span * span / 16}
	l.weights = make([]weight, m.Shape.Entries())
	for i := range l.weights {
		l.weights[i].Variance = l.prior
	}
	l.weights[m.Shape.Nothing()] = weight{}
	return l
}

// learn takes one observation in; see the package for the method.
func (l *learner) learn(r scoring.Row, reward, importance float64) {
	l.terms = l.shape.Terms(l.terms[:0], r)
	mean, uncertainty := 0.0, 0.0
	for _, t := range l.terms {
		w, x := &l.weights[t.Entry], float64(t.Value)
		mean += w.Mean * x
		uncertainty += w.Variance * x * x
	}
	miss := reward - mean
	s := l.noise/importance + uncertainty
	if math.IsNaN(miss) || math.IsInf(miss, 0) || math.IsInf(s, 0) {
		return // features or a reward out of all bounds
	}
	for _, t := range l.terms {
		w, x := &l.weights[t.Entry], float64(t.Value)
		gain := w.Variance * x / s
		w.Mean += gain * miss
		w.Variance -= gain * w.Variance * x
	}
	l.noise += (miss*miss - l.noise) / noiseMemory
}

// fade lets what was learned weigh share as much: the precision that data added
// to the prior's shrinks, the means stay.
func (l *learner) fade(share float64) {
	prior := 1 / l.prior
	for i := range l.weights {
		if w := &l.weights[i]; w.Variance < l.prior && w.Variance > 0 {
			w.Variance = 1 / (prior + (1/w.Variance-prior)*share)
		}
	}
}

// linear is the model as it is scored.
func (l *learner) linear() *scoring.Linear {
	m, err := scoring.New(l.shape)
	if err != nil {
		panic(err) // the shape was valid when the trainer was opened
	}
	for i, w := range l.weights {
		m.Heads[0].Mean[i] = float32(w.Mean)
		if m.Heads[0].Variance != nil {
			m.Heads[0].Variance[i] = float32(w.Variance)
		}
	}
	return m
}
