package lightgbm_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/lightgbm"
	"github.com/aisle-edge/aisle/modules/scoring"
)

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(s string) (*modelfile.Model, error) {
	return lightgbm.Read(strings.NewReader(s), modelfile.Options{})
}

// TestNodesDecideAsLightGBM works rows through v4.txt by hand, by LightGBM's
// rules: missing none takes NaN for 0, zero takes 0 and NaN for missing.
func TestNodesDecideAsLightGBM(t *testing.T) {
	m, err := read(file(t, "v4.txt"))
	if err != nil {
		t.Fatal(err)
	}
	nan, inf, end := math.NaN(), math.Inf(1), 0.0625
	for _, c := range []struct {
		row  [5]float64
		want float64
	}{
		{[5]float64{0.1, -2, 0, 0, 1}, 1 + 0.5 + end},                        // at the threshold, at most -1.5, in the set
		{[5]float64{nan, -1.5, 0, 0, 33.9}, 1 + 0.5 + end},                   // NaN is 0 <= 0.1; 33.9 is category 33
		{[5]float64{-5, 0, 0, 0, 2}, 2 + 0.25 + end},                         // zero is missing: right in one tree, left in the other
		{[5]float64{-5, nan, 0, 0, nan}, 2 + 0.25 + end},                     // NaN is zero, which is missing; NaN is in no set
		{[5]float64{-5, 1e-35, 0, 0, -3}, 2 + 0.25 + end},                    // almost zero
		{[5]float64{-5, 1, 0, 0, 65}, 2 + 0.125 + end},                       // not missing, above; past the set
		{[5]float64{0.10000001, -2, nan, 0, 1}, 4 + 0.5 + end},               // NaN goes left by default
		{[5]float64{1, -2, 1e-35, 0, 1}, 4 + 0.5 + end},                      // at the threshold that is almost zero
		{[5]float64{1, -2, 2e-35, 1e38, 1}, 8 + 0.5 + end},                   // below 1e300
		{[5]float64{1, -2, 1, inf, 1}, 16 + 0.5 + end},                       // not even at most 1e300
		{[5]float64{1, -2, 1, nan, 1e30}, 16 + 0.25 + end},                   // NaN goes right by default
		{[5]float64{math.Nextafter(0.1, 0), -2, 0, 0, 1}, 1 + 0.5 + end},     // f64 just below
		{[5]float64{-inf, -inf, -inf, -inf, -inf}, 1 + 0.25 + end},           // least of all
		{[5]float64{1e300, -1.5000000001, 3, 3, 1}, 8 + 0.5 + end},           // rounded down
		{[5]float64{0.05, math.Nextafter(-1.5, -2), 3, 3, 0}, 1 + .25 + end}, // f64 just below
	} {
		var row scoring.Row
		for _, x := range c.row {
			row.Dense = append(row.Dense, m.Rows.Round(x))
		}
		if got := m.Scorer.(*scoring.Trees).Mean(0, row); got != c.want {
			t.Errorf("%v: %v, want %v", c.row, got, c.want)
		}
	}
	if want := (scoring.Link{Kind: "logistic", Scale: 2}); m.Link != want || m.Objective != "binary sigmoid:2" {
		t.Errorf("%+v of %s", m.Link, m.Objective)
	}
	if want := []string{"price", "in=stock", "größe", "d", "category"}; !slices.Equal(m.Features, want) {
		t.Errorf("features %q", m.Features)
	}
	// What nodes expect, by leaf_count: of tree 0 40 rows of 1.75 and 60 of 14.333.
	expect := m.Scorer.(*scoring.Trees).Trees[0].Expect
	if want := (10*1 + 30*2 + 5*4 + 5*8 + 50*16) / 100.0; math.Abs(expect[0]-want) > 1e-14 || math.Abs(expect[1]-1.75) > 1e-14 {
		t.Errorf("nodes expect %v, the root should %v", expect, want)
	}
}

func TestTextAndDumpAreOneModel(t *testing.T) {
	a, err := read(file(t, "v4.txt"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := read(file(t, "v4.json"))
	if err != nil {
		t.Fatal(err)
	}
	windows, err := read(strings.ReplaceAll(file(t, "v4.txt"), "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := a.Scorer.Encode()
	for _, m := range []*modelfile.Model{b, windows} {
		if got, err := m.Scorer.Encode(); err != nil || !bytes.Equal(got, want) || m.Link != a.Link || !slices.Equal(m.Features, a.Features) {
			t.Errorf("another model: %v", err)
		}
	}
}

func TestForestsAreDivided(t *testing.T) {
	forest := strings.Replace(file(t, "v4.txt"), "feature_names", "average_output\nfeature_names", 1)
	m, err := read(forest)
	if err != nil || m.Scorer.(*scoring.Trees).Divisor != 3 || m.Link.Kind != "logistic" {
		t.Fatalf("%+v, %v", m, err)
	}
	// Of v2, margins stay margins, and what are predictions already stay so.
	old := strings.Replace(forest, "version=v4", "version=v2", 1)
	if m, err = read(old); err != nil || m.Link.Kind != "logistic" {
		t.Fatalf("%+v, %v", m, err)
	}
	converted := strings.Replace(old, "leaf_value=1 2 4 8 16", "leaf_value=0.1 0.2 0.4 0.8 1", 1)
	if m, err = read(converted); err != nil || m.Link.Kind != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	// The first rounds only.
	m, err = lightgbm.Read(strings.NewReader(forest), modelfile.Options{Iterations: 2})
	if err != nil || m.Scorer.(*scoring.Trees).Divisor != 2 || len(m.Scorer.(*scoring.Trees).Trees) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
}

// TestNoMoreRoundsThanThereAre: whoever asks for more hears how many there are.
func TestNoMoreRoundsThanThereAre(t *testing.T) {
	for _, name := range []string{"v4.txt", "v4.json"} {
		for rounds, ok := range map[int]bool{3: true, 4: false, math.MaxInt: false} {
			m, err := lightgbm.Read(strings.NewReader(file(t, name)), modelfile.Options{Iterations: rounds})
			if ok && (err != nil || len(m.Scorer.(*scoring.Trees).Trees) != 3) || !ok && (!errors.Is(err, modelfile.ErrUnsupported) || !strings.Contains(err.Error(), "has 3")) {
				t.Errorf("%d rounds of %s: %v", rounds, name, err)
			}
		}
	}
}

func TestObjectives(t *testing.T) {
	for objective, want := range map[string]scoring.Link{
		"regression": {}, "regression sqrt": {Kind: "square"}, "quantile alpha:0.9": {}, "huber": {}, "lambdarank": {}, "rank_xendcg": {}, "custom": {}, "": {},
		"poisson": {Kind: "exp"}, "tweedie tweedie_variance_power:1.5": {Kind: "exp"}, "gamma": {Kind: "exp"}, "cross_entropy_lambda": {Kind: "log1pexp"},
		"cross_entropy": {Kind: "logistic", Scale: 1}, "binary sigmoid:0.5": {Kind: "logistic", Scale: 0.5}, "multiclassova num_class:3 sigmoid:1": {Kind: "logistic", Scale: 1},
	} {
		m, err := read(strings.Replace(file(t, "v4.txt"), "objective=binary sigmoid:2", "objective="+objective, 1))
		if err != nil || m.Link != want {
			t.Errorf("%s: %+v, %v", objective, m, err)
		}
	}
}

// TestSpoiltFilesAreRefused: none is read as another model, and errors say what
// is wrong.
func TestSpoiltFilesAreRefused(t *testing.T) {
	text := file(t, "v4.txt")
	for _, c := range []struct {
		old, new, says string
		err            error
	}{
		{"version=v4", "version=v5", `version "v5"`, modelfile.ErrUnsupported},
		{"version=v4\n", "", "without a version", modelfile.ErrUnsupported},
		{"binary sigmoid:2", "lovasz", `objective "lovasz"`, modelfile.ErrUnsupported},
		{"binary sigmoid:2", "multiclass num_class:1", `objective "multiclass`, modelfile.ErrUnsupported},
		{"binary sigmoid:2", "binary sigmoid:-1", "sigmoid", modelfile.ErrFormat},
		{"is_linear=0", "is_linear=1", "linear trees", modelfile.ErrUnsupported},
		{"num_class=1", "num_class=x", "num_class", modelfile.ErrFormat},
		{"num_tree_per_iteration=1", "num_tree_per_iteration=0", "0 trees a round", modelfile.ErrFormat},
		{"num_tree_per_iteration=1", "num_tree_per_iteration=2", "3 trees, but 2", modelfile.ErrFormat},
		{"max_feature_idx=4", "max_feature_idx=5", "feature names", modelfile.ErrFormat},
		{"max_feature_idx=4", "max_feature_idx=-5", "feature names", modelfile.ErrFormat},
		{"Tree=1", "Tree=2", "where tree 1 should begin", modelfile.ErrFormat},
		{"num_leaves=5", "num_leaves=-5", "-5 leaves", modelfile.ErrFormat},
		{"num_leaves=5", "num_leaves=999999999", "leaves", modelfile.ErrFormat},
		{"num_leaves=5", "num_leaves=6", "not 6", modelfile.ErrFormat},
		{"split_feature=0 1", "split_feature=5 1", "feature 5", modelfile.ErrFormat},
		{"split_feature=0 1", "split_feature=-1 1", "feature -1", modelfile.ErrFormat},
		{"threshold=0.1", "threshold=nan0.1", "threshold", modelfile.ErrFormat},
		{"threshold=0.10000000000000001", "threshold=nan", "not a number", modelfile.ErrFormat},
		{"decision_type=0", "decision_type=12", "decision_type 12", modelfile.ErrFormat},
		{"decision_type=0", "decision_type=-1", "decision_type -1", modelfile.ErrFormat},
		{"left_child=1 -1", "left_child=0 -1", "twice", modelfile.ErrFormat},
		{"left_child=1 -1", "left_child=1 -2", "twice", modelfile.ErrFormat},
		{"left_child=1 -1", "left_child=4 -1", "no node 4", modelfile.ErrFormat},
		{"left_child=1 -1", "left_child=1 -9", "no leaf 8", modelfile.ErrFormat},
		{"leaf_value=1 2", "leaf_value=nan 2", "leaves that are numbers", modelfile.ErrFormat},
		{"leaf_value=1 2", "leaf_value=inf 2", "leaves that are numbers", modelfile.ErrFormat},
		{"leaf_count=10", "leaf_count=-10", "negative", modelfile.ErrFormat},
		{"leaf_count=10", "leaf_count=nan", "negative", modelfile.ErrFormat},
		{"cat_boundaries=0 2", "cat_boundaries=0 3", "cat_boundaries", modelfile.ErrFormat},
		{"cat_boundaries=0 2", "cat_boundaries=2 0", "cat_boundaries", modelfile.ErrFormat},
		{"cat_threshold=2 2", "cat_threshold=2 -2", "cat_threshold", modelfile.ErrFormat},
		{"threshold=0 -1.5", "threshold=1 -1.5", "set of categories", modelfile.ErrFormat},
		{"threshold=0 -1.5", "threshold=0.5 -1.5", "set of categories", modelfile.ErrFormat},
		{"num_cat=1", "num_cat=-1", "num_cat", modelfile.ErrFormat},
		{"end of trees", "end of tree", "cut off", modelfile.ErrFormat},
		{"tree\n", "forest\n", "forest", modelfile.ErrFormat},
	} {
		spoilt := strings.Replace(text, c.old, c.new, 1)
		if _, err := read(spoilt); !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	whole, _, _ := strings.Cut(text, "\nfeature_importances")
	for cut := range len(whole) - len("\n") {
		if m, err := read(whole[:cut]); !errors.Is(err, modelfile.ErrFormat) && !errors.Is(err, modelfile.ErrUnsupported) {
			t.Fatalf("cut off after %d bytes: %+v, %v", cut, m, err)
		}
	}
}

func TestSpoiltDumpsAreRefused(t *testing.T) {
	text := file(t, "v4.json")
	for _, c := range []struct{ old, new, says string }{
		{`"version":"v4",`, ``, "version is missing"}, {`"v4"`, `4`, "version is not a string"}, {`"leaf_value":16`, `"leaf_value":null`, "leaf_value is missing"},
		{`"split_feature":4`, `"split_feature":5`, "feature 5"}, {`"split_feature":4`, `"split_feature":4.5`, "not a whole number"},
		{`"<="`, `"<"`, "decision_type"}, {`"1||33"`, `"1||x"`, "category"}, {`"1||33"`, `"1||-1"`, "category"}, {`"1||33"`, `"1||99999999"`, "category"},
		{`"missing_type":"None"`, `"missing_type":"Some"`, "missing_type"}, {`"leaf_count":10`, `"leaf_count":-1`, "negative"},
		{`"leaf_value":16`, `"leaf_value":16,"leaf_const":1`, "linear trees"}, {`"threshold":1e300`, `"threshold":NaN`, "not a number"},
		{`"right_child":{"leaf_index":4,"leaf_value":16,"leaf_count":50}`, `"x":0`, "right_child is missing"},
	} {
		spoilt := strings.Replace(text, c.old, c.new, 1)
		if _, err := read(spoilt); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	for cut := range len(text) - 2 {
		if _, err := read(text[:cut]); !errors.Is(err, modelfile.ErrFormat) {
			t.Fatalf("cut off after %d bytes: %v", cut, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(file(f, "v4.txt")))
	f.Add([]byte(file(f, "v4.json")))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := read(string(b))
		if err != nil {
			if !errors.Is(err, modelfile.ErrFormat) && !errors.Is(err, modelfile.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		if _, err := m.Scorer.Encode(); err != nil || m.Link.Validate() != nil || len(m.Features) != m.Rows.Columns() {
			t.Fatalf("%+v: %v", m, err)
		}
	})
}
