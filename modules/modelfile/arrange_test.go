package modelfile_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// TestArrangedModelsAnswerTheSame: each value goes where its name went, and what
// comes out stays.
func TestArrangedModelsAnswerTheSame(t *testing.T) {
	const columns = 7
	make := map[string]func() scoring.Model{
		"linear": func() scoring.Model {
			return sample.Linear(scoring.Shape{Frame: abi.Shape{Dense: columns, Heads: 2}}, sample.Rand(4))
		},
		"trees": func() scoring.Model {
			trees := &scoring.Trees{Frame: abi.Shape{Dense: columns, Heads: 1}, Base: []float64{0}, Divisor: 1}
			for c := range columns {
				trees.Trees = append(trees.Trees, scoring.Tree{
					Nodes:  []scoring.Node{{Column: c, Threshold: float32(c) / 8, Left: ^0, Right: ^1}},
					Leaves: []float64{0, float64(int(1) << c)}, Expect: []float64{0},
				})
			}
			return trees
		},
	}
	for name, family := range make {
		for seed := range uint64(20) {
			r := sample.Rand(seed)
			plain, m := family(), &modelfile.Model{Scorer: family()}
			m.Rows.Width = columns
			m.Name()
			context := map[string]bool{}
			for _, f := range m.Features {
				context[f] = r.IntN(2) == 0
			}
			if err := m.Arrange(func(name string) bool { return context[name] }); err != nil {
				t.Fatal(err)
			}
			row := []float32{0.1, -0.5, 0.3, 1.5, 0.6, -1, 2}
			var moved []float32
			for c, f := range m.Features {
				if f != fmt.Sprintf("f%d", m.Rows.Feature(c)) {
					t.Fatalf("%s: column %d is %s, and feature %d", name, c, f, m.Rows.Feature(c))
				}
				moved = append(moved, row[m.Rows.Feature(c)])
			}
			n := m.Scorer.FrameShape().ContextDense
			for c, f := range m.Features {
				if context[f] != (c < n) {
					t.Fatalf("%s: %v of the context, %v", name, m.Features[:n], context)
				}
			}
			want := answers(t, plain, scoring.Row{Dense: row})
			if got := answers(t, m.Scorer, scoring.Row{ContextDense: moved[:n], Dense: moved[n:]}); !slices.Equal(got, want) && name == "trees" || !near(got, want) {
				t.Fatalf("%s with %v of the context: %v, want %v", name, m.Features[:n], got, want)
			}
		}
	}
}

// near allows for sums in another order.
func near(got, want []float64) bool {
	return slices.EqualFunc(got, want, func(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 })
}

func answers(t *testing.T, m scoring.Model, r scoring.Row) (out []float64) {
	t.Helper()
	f, err := abi.New(m.FrameShape(), 1)
	if err != nil {
		t.Fatal(err)
	}
	copy(f.ContextDense(), r.ContextDense)
	for c, x := range r.Dense {
		f.Dense(0, c)[0] = x
	}
	if err := m.Score(&f); err != nil {
		t.Fatal(err)
	}
	for h := range f.Shape().Heads {
		out = append(out, f.Mean(h)[0])
	}
	return out
}
