package compile_test

import (
	"crypto/sha256"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// TestEdgesOfFamilies: no columns of a kind, lines that fill a function and fall
// short of one, embeddings that fill registers and exceed them, groups of ids.
func TestEdgesOfFamilies(t *testing.T) {
	e := open(t, false)
	for i, s := range []scoring.LinUCBShape{
		{Frame: abi.Shape{Heads: 1}, Bias: true},
		{Frame: abi.Shape{Dense: 1, Heads: 1}},
		{Frame: abi.Shape{Dense: 63, Heads: 2}, Bias: true},
		{Frame: abi.Shape{Dense: 64, Heads: 1}},
		{Frame: abi.Shape{ContextDense: 64, Heads: 1}},
		{Frame: abi.Shape{ContextDense: 9, Dense: 8, Heads: 3}},
		{Frame: abi.Shape{ContextDense: 3, Dense: 9, Heads: 8}, Bias: true},
	} {
		s.Frame.Variance = true
		r := sample.Rand(uint64(i))
		agree(t, e, sample.LinUCB(s, r), r, sha256.New(), 15, 17)
	}
	for i, s := range []scoring.FactorShape{
		{Frame: abi.Shape{Heads: 1}, Factors: 1},
		{Frame: abi.Shape{Dense: 33, Heads: 2}, Factors: 3},
		{Frame: abi.Shape{ContextDense: 33, Heads: 1}, Factors: 4},
		{Frame: abi.Shape{ContextCategorical: 1, Categorical: 1, Heads: 8}, Bits: 4, Factors: 31},
		{Frame: abi.Shape{ContextCategorical: 2, Categorical: 16, Heads: 1}, Bits: 4, Factors: 32},
		{Frame: abi.Shape{ContextDense: 1, Dense: 2, Categorical: 17, Heads: 2}, Bits: 1, Factors: 63},
		{Frame: abi.Shape{ContextDense: 1, Dense: 40, Categorical: 50, Heads: 1}, Bits: 6, Factors: 64},
	} {
		r := sample.Rand(uint64(i))
		agree(t, e, sample.Factor(s, r), r, sha256.New(), 15, 17)
	}
}

// TestLongFrames: the most rows there can be.
func TestLongFrames(t *testing.T) {
	e, r := open(t, false), sample.Rand(1)
	agree(t, e, sample.LinUCB(scoring.LinUCBShape{Frame: abi.Shape{ContextDense: 2, Dense: 5, Heads: 1, Variance: true}}, r), r, sha256.New(), abi.MaxRows)
	agree(t, e, sample.Factor(scoring.FactorShape{Frame: abi.Shape{ContextCategorical: 1, Dense: 3, Categorical: 2, Heads: 1}, Bits: 8, Factors: 8}, r), r, sha256.New(), abi.MaxRows)
}

// TestModulesAreTheirReference, of all families, for any shape, in both engines.
func TestModulesAreTheirReference(t *testing.T) {
	engines := []*host.Engine{open(t, false), open(t, true)}
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		family := rapid.SampledFrom([]string{"linear", "linucb", "factor"}).Draw(r, "family")
		e := rapid.SampledFrom(engines).Draw(r, "engine")
		agree(t, e, samples(seed)[family], sample.Rand(seed), sha256.New())
	})
}

// TestExtremeValues: zeros of both signs, subnormal and large values, and missing
// ones between them, give the reference's bits wherever its answers are finite.
func TestExtremeValues(t *testing.T) {
	values := []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -1e-40, 1e15, -1e15, float32(math.NaN()), 1}
	e := open(t, false)
	for seed := range uint64(12) {
		for _, model := range samples(seed) {
			r := sample.Rand(seed)
			f, err := abi.New(model.FrameShape(), 40)
			if err != nil {
				t.Fatal(err)
			}
			sample.Fill(&f, r, 0.1)
			pick := func(column []float32) {
				for i := range column {
					column[i] = values[r.IntN(len(values))]
				}
			}
			pick(f.ContextDense())
			for b := range abi.Blocks(f.Rows()) {
				for c := range f.Shape().Dense {
					pick(f.Dense(b, c)[:])
				}
			}
			m := admitted(t, e, model)
			same(t, m, model, &f, sha256.New())
			m.Close()
		}
	}
}
