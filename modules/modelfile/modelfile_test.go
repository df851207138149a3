package modelfile_test

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/oracle"
	"github.com/aisle-edge/aisle/modules/scoring"
)

func TestFormatsAreDetected(t *testing.T) {
	for path, want := range map[string]string{
		"lightgbm/testdata/v4.txt": modelfile.LightGBM, "lightgbm/testdata/v4.json": modelfile.LightGBM, "xgboost/testdata/small.json": modelfile.XGBoost,
		"vw/testdata/pairs.txt": modelfile.VW,
		"modelfile.go":          "", "xgboost/testdata/models.py": "",
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := modelfile.Detect(b); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got := modelfile.Detect([]byte("\x07\x00\x00\x008.11.0\x00\x01\x00\x00\x00\x00m")); got != modelfile.VW {
		t.Errorf("a binary model of Vowpal Wabbit is %q", got)
	}
	if got := modelfile.Detect(nil); got != "" {
		t.Errorf("nothing is %q", got)
	}
	for name, want := range map[string]string{
		"leaves/xgagaricus.model": modelfile.XGBoost, "leaves/xgdermatology.model": modelfile.XGBoost, "xgboost/agaricus.ubj": modelfile.XGBoost,
		"xgboost/rank.json": modelfile.XGBoost, "leaves/lg_dart_breast_cancer.json": modelfile.LightGBM, "leaves/lgmulticlass.model": modelfile.LightGBM,
	} {
		b, err := os.ReadFile(oracle.Data(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := modelfile.Detect(b); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// wide is a model of a hundred thousand features, of which nodes ask for three.
func wide(nodes int) (*modelfile.Model, *scoring.Trees) {
	t := &scoring.Trees{Base: []float64{0}, Divisor: 1}
	t.Frame.Heads = 1
	for i := range nodes {
		n := scoring.Node{Column: 100_000 - 7*i, Left: ^0, Right: ^1}
		t.Trees = append(t.Trees, scoring.Tree{Nodes: []scoring.Node{n}, Leaves: []float64{0, 1}, Expect: []float64{0.5}})
	}
	m := &modelfile.Model{}
	m.Rows.Width = 100_001
	return m, t
}

func TestWideModelsKeepTheColumnsThatAreAskedFor(t *testing.T) {
	m, trees := wide(3)
	if err := m.Finish(trees); err != nil {
		t.Fatal(err)
	}
	if want := []int{99_986, 99_993, 100_000}; !slices.Equal(m.Rows.Index, want) || trees.Frame.Dense != 3 {
		t.Fatalf("columns %v of %+v", m.Rows.Index, trees.Frame)
	}
	if want := []string{"f99986", "f99993", "f100000"}; !slices.Equal(m.Features, want) {
		t.Errorf("features %q", m.Features)
	}
	for i, column := range []int{2, 1, 0} {
		if got := trees.Trees[i].Nodes[0].Column; got != column {
			t.Errorf("tree %d asks for column %d, not %d", i, got, column)
		}
	}
	m, trees = wide(abi.MaxColumns + 1)
	if err := m.Finish(trees); !errors.Is(err, modelfile.ErrUnsupported) || !strings.Contains(err.Error(), "1025 features") {
		t.Errorf("too many columns: %v", err)
	}
	m, trees = wide(1)
	if trees.Frame.Heads = abi.MaxHeads + 1; !errors.Is(m.Finish(trees), modelfile.ErrUnsupported) {
		t.Error("too many heads")
	}
}

func TestTreesAreGrownAsTheyAreMet(t *testing.T) {
	leaf := func(v, w float64) modelfile.Step { return modelfile.Step{Leaf: true, Value: v, Weight: w} }
	node := func(l, r int) modelfile.Step {
		return modelfile.Step{Node: scoring.Node{Left: l, Right: r}}
	}
	steps := map[int]modelfile.Step{9: node(4, 7), 4: leaf(1, 0), 7: node(2, 3), 2: leaf(2, 1), 3: leaf(4, 3), 5: node(6, 8), 6: leaf(1, 0), 8: leaf(2, 0),
		10: node(10, 4), 11: node(12, 12), 12: leaf(0, 0), 13: node(14, 4), 14: leaf(0, math.NaN()), 15: node(16, 4), 16: leaf(0, -1)}
	step := func(at int) (modelfile.Step, error) { return steps[at], nil }
	got, err := modelfile.Grow(9, step)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Nodes; len(n) != 2 || n[0].Left != ^0 || n[0].Right != 1 || n[1].Left != ^1 || n[1].Right != ^2 {
		t.Errorf("nodes %+v", n)
	}
	if !slices.Equal(got.Leaves, []float64{1, 2, 4}) || !slices.Equal(got.Expect, []float64{3.5, 3.5}) {
		t.Errorf("leaves %v, expected %v", got.Leaves, got.Expect)
	}
	if got, _ = modelfile.Grow(5, step); !slices.Equal(got.Expect, []float64{1.5}) {
		t.Errorf("without weights: %v", got.Expect)
	}
	if got, err = modelfile.Grow(3, step); err != nil || len(got.Nodes) != 0 || !slices.Equal(got.Leaves, []float64{4}) {
		t.Errorf("a leaf: %+v, %v", got, err)
	}
	for _, root := range []int{10, 11, 13, 15} {
		if _, err := modelfile.Grow(root, step); err == nil {
			t.Errorf("grown from %d", root)
		}
	}
}
