package scoring_test

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

var write = flag.Bool("write", false, "write golden models that are missing")

func smallLinUCB() scoring.LinUCBShape {
	return scoring.LinUCBShape{Frame: abi.Shape{ContextDense: 1, Dense: 2, Heads: 2, Variance: true}, Bias: true}
}

func smallFactor() scoring.FactorShape {
	return scoring.FactorShape{
		Frame:   abi.Shape{ContextDense: 1, ContextCategorical: 1, Dense: 1, Categorical: 2, Heads: 2},
		Bits:    2,
		Factors: 5,
	}
}

// families are a small model of each family by the name of its golden file.
func families() map[string]scoring.Model {
	return map[string]scoring.Model{
		"v0.model":  sample.Linear(small(), sample.Rand(0)),
		"v0.linucb": sample.LinUCB(smallLinUCB(), sample.Rand(0)),
		"v0.factor": sample.Factor(smallFactor(), sample.Rand(0)),
	}
}

// TestGoldenFamilies: the files are version 0 and stay for ever.
func TestGoldenFamilies(t *testing.T) {
	for name, want := range families() {
		b, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.ReadFile("testdata/" + name)
		if errors.Is(err, os.ErrNotExist) && *write {
			golden, err = b, os.WriteFile("testdata/"+name, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, golden) {
			t.Errorf("%s: models of version 0 have changed", name)
		}
		back, err := scoring.Parse(golden)
		if err != nil || back.FrameShape() != want.FrameShape() {
			t.Fatalf("%s: %v", name, err)
		}
		if again, err := back.Encode(); err != nil || !bytes.Equal(again, golden) {
			t.Errorf("%s does not read back: %v", name, err)
		}
	}
}

// TestSpoiltModelsAreRefused: a NaN in the place of any word, and a one in the
// place of any zero that must be one, make no model.
func TestSpoiltModelsAreRefused(t *testing.T) {
	for name, m := range families() {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(b); at += 4 {
			spoilt := bytes.Clone(b)
			copy(spoilt[at:], []byte{0, 0, 0xc0, 0x7f})
			if _, err := scoring.Parse(spoilt); !errors.Is(err, scoring.ErrModel) {
				t.Errorf("%s: NaN at byte %d: %v", name, at, err)
			}
			spoilt = bytes.Clone(b)
			copy(spoilt[at:], []byte{0, 0, 0x80, 0x3f})
			_, err := scoring.Parse(spoilt)
			if zero := bytes.Equal(b[at:at+4], make([]byte, 4)); (err != nil) != (zero || at < 64) && (at&^63 != 64 || name != "v0.model") { // crosses lie there
				t.Errorf("%s: one at byte %d: %v", name, at, err)
			}
		}
		for n := range len(b) {
			if _, err := scoring.Parse(b[:n]); !errors.Is(err, scoring.ErrModel) {
				t.Errorf("%s cut off after %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestLinUCBIsTheQuadraticForm compares with xᵀ·(L·Lᵀ)·x in f64, computed by way
// of the covariance instead of its root.
func TestLinUCBIsTheQuadraticForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample.Rand(rapid.Uint64().Draw(t, "seed"))
		l := sample.LinUCB(sample.LinUCBShape(r), r)
		f, err := abi.New(l.Frame, 1+r.IntN(20))
		if err != nil {
			t.Fatal(err)
		}
		sample.Fill(&f, r, 0.2)
		if err := l.Score(&f); err != nil {
			t.Fatal(err)
		}
		for i := range f.Rows() {
			x := linUCBColumns(l, f.ContextDense(), f.DenseRow(nil, i))
			for h, p := range l.Heads {
				mean, variance, size := quadratic(p, x)
				if math.Abs(f.Mean(h)[i]-mean) > 1e-3 || math.Abs(f.Variance(h)[i]-variance) > 1e-5*size {
					t.Fatalf("row %d: %v ± %v, want %v ± %v", i, f.Mean(h)[i], f.Variance(h)[i], mean, variance)
				}
				if f.Variance(h)[i] < 0 {
					t.Fatalf("variance %v", f.Variance(h)[i])
				}
			}
		}
	})
}

func linUCBColumns(l *scoring.LinUCB, context, row []float32) (x []float64) {
	if l.Bias {
		x = append(x, 1)
	}
	for i, v := range append(append([]float32{}, context...), row...) {
		if math.IsNaN(float64(v)) {
			v = l.Default[i]
		}
		x = append(x, float64(v))
	}
	return x
}

func quadratic(p scoring.Posterior, x []float64) (mean, variance, size float64) {
	d := len(x)
	for i := range d {
		mean += float64(p.Mean[i]) * x[i]
		for k := range d {
			covariance := 0.0
			for j := range min(i, k) + 1 {
				covariance += float64(p.Root[i*d+j]) * float64(p.Root[k*d+j])
			}
			term := x[i] * covariance * x[k]
			variance, size = variance+term, size+math.Abs(term)
		}
	}
	return mean, variance, 1 + size
}

// TestFactorIsTheDocumentedModel compares with the formula in f64.
func TestFactorIsTheDocumentedModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample.Rand(rapid.Uint64().Draw(t, "seed"))
		m := sample.Factor(sample.FactorShape(r), r)
		f, err := abi.New(m.Frame, 1+r.IntN(20))
		if err != nil {
			t.Fatal(err)
		}
		sample.Fill(&f, r, 0.2)
		if err := m.Score(&f); err != nil {
			t.Fatal(err)
		}
		for i := range f.Rows() {
			for h := range m.Heads {
				want := factorMean(m, h, rowOf(&f, i))
				if got := f.Mean(h)[i]; math.Abs(got-want) > 1e-3*(1+math.Abs(want)) {
					t.Fatalf("row %d: %v, want %v", i, got, want)
				}
			}
		}
	})
}

func rowOf(f *abi.Frame, i int) scoring.Row {
	return scoring.Row{
		ContextDense: f.ContextDense(), ContextCategorical: f.ContextCategorical(),
		Dense: f.DenseRow(nil, i), Categorical: f.CategoricalRow(nil, i),
	}
}

func factorMean(m *scoring.Factor, h int, r scoring.Row) float64 {
	head := m.Heads[h]
	mean := float64(head.Mean[0])
	dense := m.Frame.ContextDense + m.Frame.Dense
	side := func(first int, values []float32, ids []uint32) []float64 {
		sum := make([]float64, m.Factors)
		add := func(entry int, x float64) {
			mean += float64(head.Mean[entry]) * x
			for f := range sum {
				sum[f] += float64(head.Factor[entry*m.Factors+f]) * x
			}
		}
		for i, x := range values {
			if math.IsNaN(float64(x)) {
				add(2+2*(first+i), 1)
			} else {
				add(1+2*(first+i), float64(x))
			}
		}
		for _, id := range ids {
			if id != 0 {
				add(2+2*dense+int(id%(1<<m.Bits)), 1)
			}
		}
		return sum
	}
	context := side(0, r.ContextDense, r.ContextCategorical)
	for f, v := range side(m.Frame.ContextDense, r.Dense, r.Categorical) {
		mean += v * context[f]
	}
	return mean
}

// TestContributionsSumToTheMean, of every family, up to f32's rounding.
func TestContributionsSumToTheMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample.Rand(rapid.Uint64().Draw(t, "seed"))
		linear := sample.Shape(r)
		for name, m := range map[string]scoring.Model{
			"linear": sample.Linear(linear, r),
			"linucb": sample.LinUCB(sample.LinUCBShape(r), r),
			"factor": sample.Factor(sample.FactorShape(r), r),
		} {
			s := m.FrameShape()
			f, err := abi.New(s, 3)
			if err != nil {
				t.Fatal(err)
			}
			sample.Fill(&f, r, 0.2)
			if err := m.Score(&f); err != nil {
				t.Fatal(err)
			}
			terms := 1 + s.Columns()
			if name == "linear" {
				terms += len(linear.Crosses)
			}
			for h := range s.Heads {
				sum, size := 0.0, 1.0
				c := m.Contributions(h, rowOf(&f, 2))
				for _, v := range c {
					sum, size = sum+v, size+math.Abs(v)
				}
				if len(c) != terms || math.Abs(sum-f.Mean(h)[2]) > 1e-5*size {
					t.Fatalf("%s: %d contributions sum to %v, the mean is %v", name, len(c), sum, f.Mean(h)[2])
				}
			}
		}
	})
}

func TestFamiliesOutsideTheLimitsAreRefused(t *testing.T) {
	for name, change := range map[string]func(s *scoring.LinUCBShape){
		"no heads":    func(s *scoring.LinUCBShape) { s.Frame.Heads = 0 },
		"no columns":  func(s *scoring.LinUCBShape) { s.Bias, s.Frame.ContextDense, s.Frame.Dense = false, 0, 0 },
		"no variance": func(s *scoring.LinUCBShape) { s.Frame.Variance = false },
		"categorical": func(s *scoring.LinUCBShape) { s.Frame.Categorical = 1 },
		"too wide":    func(s *scoring.LinUCBShape) { s.Frame.Dense = scoring.MaxWidth - 1 },
	} {
		s := smallLinUCB()
		change(&s)
		if _, err := scoring.NewLinUCB(s); !errors.Is(err, scoring.ErrShape) {
			t.Errorf("linucb, %s: %v", name, err)
		}
	}
	for name, change := range map[string]func(s *scoring.FactorShape){
		"no factors":  func(s *scoring.FactorShape) { s.Factors = 0 },
		"too many":    func(s *scoring.FactorShape) { s.Factors = scoring.MaxFactors + 1 },
		"variance":    func(s *scoring.FactorShape) { s.Frame.Variance = true },
		"no table":    func(s *scoring.FactorShape) { s.Bits = 0 },
		"huge tables": func(s *scoring.FactorShape) { s.Bits, s.Factors = scoring.MaxBits, scoring.MaxFactors },
	} {
		s := smallFactor()
		change(&s)
		if _, err := scoring.NewFactor(s); !errors.Is(err, scoring.ErrShape) {
			t.Errorf("factor, %s: %v", name, err)
		}
	}
}

func TestFramesOfAnotherFamilyAreRefused(t *testing.T) {
	f, _ := abi.New(abi.Shape{Heads: 1}, 1)
	for name, m := range families() {
		if err := m.Score(&f); !errors.Is(err, scoring.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for name, m := range families() {
		b, err := m.Encode()
		if err != nil {
			f.Fatal(name, err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := scoring.Parse(b)
		if err != nil {
			if !errors.Is(err, scoring.ErrModel) {
				t.Fatal(err)
			}
			return
		}
		if again, err := m.Encode(); err != nil || !bytes.Equal(b, again) {
			t.Fatalf("accepted bytes that do not read back: %v", err)
		}
	})
}
