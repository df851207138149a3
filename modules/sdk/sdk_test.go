package sdk_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/sdk"
)

// rule is what a program does, in plain Go: the terms of one head of one row
// without missing values, and the variance.
type rule struct {
	shape    abi.Shape
	terms    func(head int, or func(column int, other float64) float64, id func(column int) uint32) []float64
	variance func(head int, or func(column int, other float64) float64) float64
}

var template = rule{
	shape: abi.Shape{ContextDense: 1, Dense: 3, Categorical: 1, Heads: 1},
	terms: func(_ int, or func(int, float64) float64, id func(int) uint32) []float64 {
		unknown := 0.0
		if id(4) == 0 {
			unknown = -0.25
		}
		return []float64{0.1, 0, 0.5 * or(1, 0.2), 0.3 * or(2, 0), 0.02 * (or(0, 20) - 20) * or(3, 0), unknown}
	},
}

var every = rule{
	shape: abi.Shape{ContextDense: 2, ContextCategorical: 2, Dense: 3, Categorical: 2, Heads: 2, Variance: true},
	terms: func(head int, or func(int, float64) float64, id func(int) uint32) []float64 {
		none := 0.0
		if id(8) == 0 {
			none = -3
		}
		return []float64{
			float64(1 + head), or(0, 0.25) * 2, or(1, -1), float64(id(2)%8) / 2, float64(id(3) % 4),
			float64(head+1) * or(4, 0.5), 0.125 * or(5, 0), or(6, 1) * or(0, 0.25), float64(id(7)%16) / 4, none,
		}
	},
	variance: func(head int, or func(int, float64) float64) float64 {
		return 0.5 + float64(head) + float64(or(4, 0.5)*or(4, 0.5))
	},
}

// row reads a row of the frame by column number.
func row(f *abi.Frame, i int) (or func(int, float64) float64, id func(int) uint32) {
	s := f.Shape()
	dense := append([]float32{}, f.ContextDense()...)
	dense = append(dense, make([]float32, s.ContextCategorical)...)
	dense = f.DenseRow(dense, i)
	ids := append(make([]uint32, s.ContextDense), f.ContextCategorical()...)
	ids = f.CategoricalRow(append(ids, make([]uint32, s.Dense)...), i)
	or = func(column int, other float64) float64 {
		if x := float64(dense[column]); !math.IsNaN(x) {
			return x
		}
		return other
	}
	return or, func(column int) uint32 { return ids[column] }
}

// agrees compares a scored frame and what is said of its rows with the rule.
func (r rule) agrees(t testing.TB, f *abi.Frame, explain func(row, head int) []float64) {
	t.Helper()
	for i := range f.Rows() {
		or, id := row(f, i)
		for head := range r.shape.Heads {
			terms, mean := r.terms(head, or, id), 0.0
			for _, v := range terms {
				mean += v
			}
			if got := f.Mean(head)[i]; got != mean {
				t.Fatalf("row %d of %d, head %d: %v, want %v", i, f.Rows(), head, got, mean)
			}
			if r.variance != nil && f.Variance(head)[i] != r.variance(head, or) {
				t.Fatalf("row %d of %d, head %d: variance %v, want %v", i, f.Rows(), head, f.Variance(head)[i], r.variance(head, or))
			}
			if explain == nil || i%97 > 3 {
				continue
			}
			if got := explain(i, head); !slices.Equal(got, terms) {
				t.Fatalf("row %d of %d, head %d is explained by %v, want %v", i, f.Rows(), head, got, terms)
			}
		}
	}
}

// fill puts values, missing ones in any of their forms, and behind the last row
// what no program may trip over.
func fill(f *abi.Frame, r *rand.Rand, missing float64) {
	sample.Fill(f, r, missing)
	nan := []uint32{0x7fc00000, 0xffc00001, 0x7f800001, 0xffffffff}
	for b := range abi.Blocks(f.Rows()) {
		for c := range f.Shape().Dense {
			for i, x := range f.Dense(b, c) {
				if x != x || 16*b+i >= f.Rows() {
					f.Dense(b, c)[i] = math.Float32frombits(nan[r.IntN(len(nan))])
				}
			}
		}
	}
}

// cases are numbers of rows and the share of missing values.
var cases = []struct {
	rows    int
	missing float64
}{{37, 0.2}, {0, 0}, {1, 1}, {16, 0}, {17, 0.5}, {abi.MaxRows, 0.1}, {5, 1}, {1000, 0.3}}

// programs are the template and one that uses all there is, row by row and block
// by block.
var programs = map[string]struct {
	rule
	name   string
	blocks bool
}{
	"template": {template, "", false}, "rows": {every, "every", false}, "blocks": {every, "every", true},
}

// TestGuestsScoreAsTheirRuleSays builds each project with its own toolchain, and
// runs it as it is and metered.
func TestGuestsScoreAsTheirRuleSays(t *testing.T) {
	for _, lang := range sdk.Languages() {
		for name, p := range programs {
			t.Run(lang+"/"+name, func(t *testing.T) {
				code := build(t, lang, p.name, p.blocks)
				scores(t, newPlain(t, code), p.rule)
				sealed := seal(t, code)
				fast := newMetered(t, sealed, host.Limits{})
				fuel := fast.scores(p.rule)
				if again := fast.scores(p.rule); !slices.Equal(fuel, again) {
					t.Errorf("spends %d, and then %d on the same: it keeps something", fuel, again)
				}
				slow := newMetered(t, sealed, host.Limits{Interpreter: true}).scores(p.rule)
				if !slices.Equal(fuel, slow) {
					t.Errorf("spends %d in the compiler, %d in the interpreter", fuel, slow)
				}
			})
		}
	}
}

func scores(t *testing.T, g *plain, r rule) {
	random := sample.Rand(7)
	for _, c := range cases {
		f := g.frame(r.shape, c.rows)
		fill(f, random, c.missing)
		if status := g.score(); status != abi.OK {
			t.Fatalf("%d rows: %v", c.rows, status)
		}
		r.agrees(t, f, g.explain)
	}
	g.refuses(t, r)
}

// refuses tries what is not for this module.
func (p *plain) refuses(t *testing.T, r rule) {
	other := r.shape
	other.Dense++
	p.frame(other, 3)
	if status := p.score(); status != abi.BadFrame {
		t.Errorf("a frame of another shape: %v", status)
	}
	f := p.frame(r.shape, 3)
	for _, at := range []struct{ row, head int }{{3, 0}, {-1, 0}, {0, r.shape.Heads}, {0, -1}} {
		if got := p.call(abi.ExportExplain, uint64(p.at), uint64(uint32(at.row)), uint64(uint32(at.head))); got != 0 {
			t.Errorf("row %d, head %d of a frame of 3 rows is explained at %d", at.row, at.head, got)
		}
	}
	f.Bytes()[3] = 1
	if status := p.score(); status != abi.BadFrame {
		t.Errorf("a frame of another version: %v", status)
	}
}

// TestProjectsKeepWhatIsThere: a folder that holds something is left alone.
func TestProjectsKeepWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "mine")
	if err := os.WriteFile(kept, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sdk.New("c", dir, "trial"); !errors.Is(err, sdk.ErrOccupied) {
		t.Errorf("an occupied folder: %v", err)
	}
	if err := sdk.New("c", kept, "trial"); err == nil {
		t.Error("a file was taken for a folder")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := sdk.New("cobol", filepath.Join(dir, "a"), "trial"); !errors.Is(err, sdk.ErrLanguage) {
		t.Errorf("cobol: %v", err)
	}
	for _, name := range []string{"", "../up", "a b", "Big", "-x"} {
		if err := sdk.New("c", filepath.Join(dir, "a"), name); !errors.Is(err, sdk.ErrName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
		t.Error("a refused project left a folder")
	}
}
