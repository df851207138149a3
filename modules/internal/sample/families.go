package sample

import (
	"math/rand/v2"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// LinUCBShape is a shape of up to the most columns.
func LinUCBShape(r *rand.Rand) scoring.LinUCBShape {
	s := scoring.LinUCBShape{
		Frame: abi.Shape{ContextDense: r.IntN(3) * r.IntN(16), Dense: r.IntN(32), Heads: 1 + r.IntN(3), Variance: true},
		Bias:  r.IntN(2) == 0,
	}
	if s.Width() == 0 {
		s.Bias = true
	}
	return s
}

// LinUCB is a model of the shape with no parameter zero by design.
func LinUCB(s scoring.LinUCBShape, r *rand.Rand) *scoring.LinUCB {
	l, err := scoring.NewLinUCB(s)
	if err != nil {
		panic(err)
	}
	numbers(l.Default, r)
	d := s.Width()
	for _, p := range l.Heads {
		numbers(p.Mean, r)
		for i := range d {
			numbers(p.Root[i*d:][:i+1], r)
		}
	}
	return l
}

// FactorShape is a small shape with any of its parts absent now and then.
func FactorShape(r *rand.Rand) scoring.FactorShape {
	s := scoring.FactorShape{
		Frame: abi.Shape{
			ContextDense: r.IntN(4), ContextCategorical: r.IntN(4),
			Dense: r.IntN(3) * r.IntN(20), Categorical: r.IntN(4) * r.IntN(8), Heads: 1 + r.IntN(3),
		},
		Factors: 1 + r.IntN(20)*(1+r.IntN(3)),
	}
	if s.Frame.ContextCategorical+s.Frame.Categorical > 0 {
		s.Bits = 3 + r.IntN(5)
	}
	return s
}

// Factor is a model of the shape with no parameter zero by design.
func Factor(s scoring.FactorShape, r *rand.Rand) *scoring.Factor {
	m, err := scoring.NewFactor(s)
	if err != nil {
		panic(err)
	}
	nothing := s.Linear().Nothing()
	for _, h := range m.Heads {
		for e := range h.Mean {
			if e == nothing {
				continue
			}
			h.Mean[e] = number(r)
			if e > 0 {
				numbers(h.Factor[e*s.Factors:][:s.Factors], r)
			}
		}
	}
	return m
}

func numbers(values []float32, r *rand.Rand) {
	for i := range values {
		values[i] = number(r)
	}
}
