package scoring_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// small is a shape with one of everything.
func small() scoring.Shape {
	return scoring.Shape{
		Frame: abi.Shape{ContextDense: 1, ContextCategorical: 1, Dense: 2, Categorical: 1, Heads: 1, Variance: true},
		Bits:  2, Crosses: []scoring.Cross{{A: 0, B: 1}},
	}
}

// TestScoreIsTheDocumentedSum works one row out by hand, entry by entry.
func TestScoreIsTheDocumentedSum(t *testing.T) {
	l, err := scoring.New(small())
	if err != nil {
		t.Fatal(err)
	}
	// 0 bias; 1, 2 context dense; 3, 4 and 5, 6 dense; 7 nothing; 8 to 11 the table.
	copy(l.Heads[0].Mean, []float32{1, 10, 20, 100, 200, 1000, 2000, 0, 3, 5, 7, 11})
	copy(l.Heads[0].Variance, []float32{0.5, 1, 2, 3, 4, 5, 6, 0, 0.25, 0.5, 0.75, 1})
	nan := float32(math.NaN())
	cross := func(a, b uint32) uint32 { return (a*16777619 ^ b) & 3 }
	table, tableVariance := []float64{3, 5, 7, 11}, []float64{0.25, 0.5, 0.75, 1}
	for name, tc := range map[string]struct {
		row            scoring.Row
		mean, variance float64
	}{
		"all there": {
			scoring.Row{ContextDense: []float32{2}, ContextCategorical: []uint32{5}, Dense: []float32{0.5, -1}, Categorical: []uint32{6}},
			1 + 10*2 + table[5&3] + 100*0.5 - 1000 + table[6&3] + table[cross(5, 6)],
			0.5 + 1*4 + tableVariance[5&3] + 3*0.25 + 5*1 + tableVariance[6&3] + tableVariance[cross(5, 6)],
		},
		"dense missing": {
			scoring.Row{ContextDense: []float32{nan}, ContextCategorical: []uint32{5}, Dense: []float32{nan, 2}, Categorical: []uint32{8}},
			1 + 20 + table[1] + 200 + 2000 + table[0] + table[cross(5, 8)],
			0.5 + 2 + tableVariance[1] + 4 + 5*4 + tableVariance[0] + tableVariance[cross(5, 8)],
		},
		"ids missing": {
			scoring.Row{ContextDense: []float32{0}, ContextCategorical: []uint32{0}, Dense: []float32{0, 0}, Categorical: []uint32{6}},
			1 + table[2],
			0.5 + tableVariance[2],
		},
		"nothing known": {
			scoring.Row{ContextDense: []float32{nan}, ContextCategorical: []uint32{0}, Dense: []float32{nan, nan}, Categorical: []uint32{0}},
			1 + 20 + 200 + 2000,
			0.5 + 2 + 4 + 6,
		},
	} {
		mean, variance := l.Heads[0].Sum(l.Terms(nil, tc.row))
		if mean != tc.mean || variance != tc.variance {
			t.Errorf("%s: %v, %v, want %v, %v", name, mean, variance, tc.mean, tc.variance)
		}
		sum := 0.0
		for _, c := range l.Contributions(0, tc.row) {
			sum += c
		}
		if sum != tc.mean {
			t.Errorf("%s: contributions sum to %v, want %v", name, sum, tc.mean)
		}
	}
}

func TestFramesAreScoredRowByRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample.Rand(rapid.Uint64().Draw(t, "seed"))
		l := sample.Linear(sample.Shape(r), r)
		f, err := abi.New(l.Frame, r.IntN(40))
		if err != nil {
			t.Fatal(err)
		}
		sample.Fill(&f, r, 0.2)
		if err := l.Score(&f); err != nil {
			t.Fatal(err)
		}
		for i := range f.Rows() {
			terms := l.Terms(nil, scoring.Row{
				ContextDense: f.ContextDense(), ContextCategorical: f.ContextCategorical(),
				Dense: f.DenseRow(nil, i), Categorical: f.CategoricalRow(nil, i),
			})
			for h, head := range l.Heads {
				mean, variance := head.Sum(terms)
				if f.Mean(h)[i] != mean || l.Frame.Variance && f.Variance(h)[i] != variance {
					t.Fatalf("row %d of head %d differs", i, h)
				}
			}
		}
	})
}

func TestFramesOfAnotherShapeAreRefused(t *testing.T) {
	l, _ := scoring.New(small())
	f, _ := abi.New(abi.Shape{Heads: 1}, 1)
	if err := l.Score(&f); !errors.Is(err, scoring.ErrShape) {
		t.Fatal(err)
	}
}

func TestRowsOfAnotherShapeDoNotFit(t *testing.T) {
	fits := scoring.Row{ContextDense: make([]float32, 1), ContextCategorical: make([]uint32, 1), Dense: make([]float32, 2), Categorical: make([]uint32, 1)}
	if !small().Fits(fits) {
		t.Error("a row of the shape")
	}
	for _, change := range []func(r *scoring.Row){
		func(r *scoring.Row) { r.ContextDense = nil },
		func(r *scoring.Row) { r.ContextCategorical = make([]uint32, 2) },
		func(r *scoring.Row) { r.Dense = r.Dense[:1] },
		func(r *scoring.Row) { r.Categorical = nil },
	} {
		row := fits
		change(&row)
		if small().Fits(row) {
			t.Errorf("%+v fits", row)
		}
	}
}

// TestGoldenModel: testdata/v0.model is version 0 and stays for ever.
func TestGoldenModel(t *testing.T) {
	golden, err := os.ReadFile("testdata/v0.model")
	if err != nil {
		t.Fatal(err)
	}
	l, err := scoring.Decode(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := sample.Linear(small(), sample.Rand(0))
	for e := range want.Heads[0].Mean {
		if l.Heads[0].Mean[e] != want.Heads[0].Mean[e] || l.Heads[0].Variance[e] != want.Heads[0].Variance[e] {
			t.Fatalf("entry %d reads otherwise", e)
		}
	}
	if b, err := want.Encode(); err != nil || !bytes.Equal(b, golden) {
		t.Fatalf("models of version 0 have changed: %v", err)
	}
}

func TestModelsReadBack(t *testing.T) {
	for seed := range uint64(30) {
		r := sample.Rand(seed)
		b, err := sample.Linear(sample.Shape(r), r).Encode()
		if err != nil {
			t.Fatal(err)
		}
		l, err := scoring.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := l.Encode()
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("seed %d does not read back: %v", seed, err)
		}
	}
}

func TestWeightsThatAreNotNumbersAreRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, spoil := range map[string]func(l *scoring.Linear){
		"NaN weight":          func(l *scoring.Linear) { l.Heads[0].Mean[3] = nan },
		"infinite weight":     func(l *scoring.Linear) { l.Heads[0].Mean[3] = inf },
		"NaN variance":        func(l *scoring.Linear) { l.Heads[0].Variance[3] = nan },
		"negative variance":   func(l *scoring.Linear) { l.Heads[0].Variance[3] = -1 },
		"weight of nothing":   func(l *scoring.Linear) { l.Heads[0].Mean[l.Nothing()] = 1 },
		"variance of nothing": func(l *scoring.Linear) { l.Heads[0].Variance[l.Nothing()] = 1 },
		"entry missing":       func(l *scoring.Linear) { l.Heads[0].Mean = l.Heads[0].Mean[1:] },
		"head missing":        func(l *scoring.Linear) { l.Heads = nil },
	} {
		l := sample.Linear(small(), sample.Rand(0))
		spoil(l)
		if _, err := l.Encode(); !errors.Is(err, scoring.ErrModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, _ := sample.Linear(small(), sample.Rand(0)).Encode()
	for e := range small().Entries() {
		spoilt := bytes.Clone(b)
		copy(spoilt[128+8*e:], []byte{0, 0, 0x80, 0x7f}) // infinity
		if _, err := scoring.Decode(spoilt); !errors.Is(err, scoring.ErrModel) {
			t.Errorf("infinite entry %d: %v", e, err)
		}
	}
	padded := small()
	padded.Frame.Heads, padded.Frame.Variance = 3, false
	b, _ = sample.Linear(padded, sample.Rand(0)).Encode()
	b[len(b)-1] = 0x3f
	if _, err := scoring.Decode(b); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("padding that is not zero: %v", err)
	}
}

func TestShapesOutsideTheLimitsAreRefused(t *testing.T) {
	for name, change := range map[string]func(s *scoring.Shape){
		"no heads":              func(s *scoring.Shape) { s.Frame.Heads = 0 },
		"too many heads":        func(s *scoring.Shape) { s.Frame.Heads = scoring.MaxHeads + 1 },
		"table without columns": func(s *scoring.Shape) { s.Frame.Categorical, s.Frame.ContextCategorical, s.Crosses = 0, 0, nil },
		"columns without table": func(s *scoring.Shape) { s.Bits = 0 },
		"table too large":       func(s *scoring.Shape) { s.Bits = scoring.MaxBits + 1 },
		"cross of nothing":      func(s *scoring.Shape) { s.Crosses[0].B = 2 },
		"too many crosses":      func(s *scoring.Shape) { s.Crosses = make([]scoring.Cross, scoring.MaxCrosses+1) },
	} {
		s := small()
		change(&s)
		if _, err := scoring.New(s); !errors.Is(err, scoring.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	golden, err := os.ReadFile("testdata/v0.model")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := scoring.Decode(b)
		if err != nil {
			if !errors.Is(err, scoring.ErrModel) {
				t.Fatal(err)
			}
			return
		}
		if again, err := l.Encode(); err != nil || !bytes.Equal(b, again) {
			t.Fatalf("accepted bytes that do not read back: %v", err)
		}
	})
}

func BenchmarkTerms(b *testing.B) {
	s := scoring.Shape{Frame: abi.Shape{ContextCategorical: 3, Dense: 4, Categorical: 3, Heads: 1, Variance: true}, Bits: 16,
		Crosses: []scoring.Cross{{A: 0, B: 3}, {A: 1, B: 4}}}
	row := scoring.Row{ContextCategorical: []uint32{1, 2, 3}, Dense: make([]float32, 4), Categorical: []uint32{4, 5, 6}}
	l := sample.Linear(s, sample.Rand(0))
	var terms []scoring.Term
	b.ReportAllocs()
	for b.Loop() {
		terms = l.Terms(terms[:0], row)
		l.Heads[0].Sum(terms)
	}
}
