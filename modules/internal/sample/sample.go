// Package sample makes shapes, models and frames from a seed: for golden
// vectors and for tests. The same seed gives the same bits everywhere. It
// panics on shapes outside the limits.
package sample

import (
	"math"
	"math/rand/v2"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Rand is the source of a seed.
func Rand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// Shape is a small shape with any of its parts absent now and then.
func Shape(r *rand.Rand) scoring.Shape {
	s := scoring.Shape{Frame: abi.Shape{
		ContextDense: r.IntN(6), ContextCategorical: r.IntN(5),
		Dense: r.IntN(4) * r.IntN(24), Categorical: r.IntN(8),
		Heads: 1 + r.IntN(3), Variance: r.IntN(2) == 0,
	}}
	categorical := s.Frame.ContextCategorical + s.Frame.Categorical
	if categorical == 0 {
		return s
	}
	s.Bits = 4 + r.IntN(8)
	for range r.IntN(3) * r.IntN(20) {
		s.Crosses = append(s.Crosses, scoring.Cross{A: r.IntN(categorical), B: r.IntN(categorical)})
	}
	return s
}

// Linear is a model of the shape with no parameter zero by design.
func Linear(s scoring.Shape, r *rand.Rand) *scoring.Linear {
	l, err := scoring.New(s)
	if err != nil {
		panic(err)
	}
	for _, h := range l.Heads {
		for e := range h.Mean {
			if e == s.Nothing() {
				continue
			}
			h.Mean[e] = number(r)
			if s.Frame.Variance {
				h.Variance[e] = r.Float32()
			}
		}
	}
	return l
}

// Fill writes values into all columns of a frame; a share of them is missing.
func Fill(f *abi.Frame, r *rand.Rand, missing float64) {
	fillDense(f.ContextDense(), r, missing)
	fillCategorical(f.ContextCategorical(), r, missing)
	for b := range abi.Blocks(f.Rows()) {
		for c := range f.Shape().Dense {
			fillDense(f.Dense(b, c)[:], r, missing)
		}
		for c := range f.Shape().Categorical {
			fillCategorical(f.Categorical(b, c)[:], r, missing)
		}
	}
}

func fillDense(values []float32, r *rand.Rand, missing float64) {
	for i := range values {
		values[i] = number(r)
		if r.Float64() < missing {
			values[i] = float32(math.NaN())
		}
	}
}

func fillCategorical(ids []uint32, r *rand.Rand, missing float64) {
	for i := range ids {
		ids[i] = r.Uint32()
		if r.Float64() < missing {
			ids[i] = 0
		}
	}
}

// number is between -2 and 2.
func number(r *rand.Rand) float32 { return float32(4*r.Float32()) - 2 }
