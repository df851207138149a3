package xgboost_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/xgboost"
	"github.com/aisle-edge/aisle/modules/scoring"
)

func small(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(s string) (*modelfile.Model, error) {
	return xgboost.Read(strings.NewReader(s), modelfile.Options{})
}

// TestNoMoreRoundsThanThereAre: whoever asks for more hears how many there are,
// whether or not the file says where each begins.
func TestNoMoreRoundsThanThereAre(t *testing.T) {
	for _, text := range []string{small(t), strings.Replace(small(t), `"iteration_indptr":[0,1,2],`, "", 1)} {
		for rounds, trees := range map[int]int{0: 2, 1: 1, 2: 2, 3: -1, math.MaxInt: -1} {
			m, err := xgboost.Read(strings.NewReader(text), modelfile.Options{Iterations: rounds})
			if trees < 0 && (!errors.Is(err, modelfile.ErrUnsupported) || !strings.Contains(err.Error(), "has 2")) || trees >= 0 && (err != nil || len(m.Scorer.(*scoring.Trees).Trees) != trees) {
				t.Errorf("%d rounds: %v", rounds, err)
			}
		}
	}
}

// TestNodesDecideAsXGBoost works rows through small.json by hand: below the
// threshold goes left, what is in a set goes right.
func TestNodesDecideAsXGBoost(t *testing.T) {
	m, err := read(small(t))
	if err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		row  []float32
		want float64
	}{
		{[]float32{0.4, 0, -2}, 1}, {[]float32{0.4, 0, -1.25}, 2}, {[]float32{nan, 0, nan}, 2}, {[]float32{0.5, 0, 0}, 4},
		{[]float32{0.5, 1, 0}, 8}, {[]float32{0.5, 33, 0}, 8}, {[]float32{0.5, 2, 0}, 4}, {[]float32{0.5, 64, 0}, 4}, {[]float32{0.5, 1e30, 0}, 4},
		{[]float32{0.5, -1, 0}, 4}, {[]float32{0.5, nan, 0}, 8},
	} {
		if got := m.Scorer.(*scoring.Trees).Mean(0, scoring.Row{Dense: c.row}); got != c.want+16.5 {
			t.Errorf("%v: %v, want %v", c.row, got, c.want+16.5)
		}
	}
	// By sum_hessian: the left child 1.25, the right one 7, the root their mean.
	expect := m.Scorer.(*scoring.Trees).Trees[0].Expect
	if !slices.Equal(expect, []float64{4.125, 1.25, 7}) && !slices.Equal(expect, []float64{4.125, 7, 1.25}) {
		t.Errorf("nodes expect %v", expect)
	}
	if !slices.Equal(m.Features, []string{"a", "b c", "d"}) {
		t.Errorf("features %q", m.Features)
	}
}

// ubj writes what encoding/json read as UBJSON, numbers of an array as one type.
func ubj(v any) []byte {
	be := binary.BigEndian
	length := func(b []byte, n int) []byte { return be.AppendUint64(append(b, 'L'), uint64(n)) }
	switch v := v.(type) {
	case string:
		return append(length([]byte{'S'}, len(v)), v...)
	case float64:
		return be.AppendUint64([]byte{'D'}, math.Float64bits(v))
	case []any:
		numbers := !slices.ContainsFunc(v, func(e any) bool { _, ok := e.(float64); return !ok })
		if numbers {
			b := length([]byte("[$d#"), len(v))
			for _, e := range v {
				b = be.AppendUint32(b, math.Float32bits(float32(e.(float64))))
			}
			return b
		}
		b := length([]byte("[#"), len(v))
		for _, e := range v {
			b = append(b, ubj(e)...)
		}
		return b
	case map[string]any:
		b := []byte("{")
		for key, e := range v {
			b = append(append(length(b, len(key)), key...), ubj(e)...)
		}
		return append(b, '}')
	}
	return []byte{'Z'}
}

func encoded(t testing.TB, m *modelfile.Model) []byte {
	t.Helper()
	b, err := m.Scorer.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func asUBJ(t testing.TB, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return string(ubj(v))
}

func TestJSONAndUBJSONAreOneModel(t *testing.T) {
	a, err := read(small(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := read(asUBJ(t, small(t)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encoded(t, a), encoded(t, b)) {
		t.Error("another model")
	}
}

// old writes a binary model as XGBoost up to 1.7 does: one stump of three nodes.
func old(major int32, base float32, objective, booster string) []byte {
	le := binary.LittleEndian
	words := func(b []byte, size int, values ...uint32) []byte {
		from := len(b)
		for _, v := range values {
			b = le.AppendUint32(b, v)
		}
		return append(b, make([]byte, size-(len(b)-from))...)
	}
	text := func(b []byte, s string) []byte { return append(le.AppendUint64(b, uint64(len(s))), s...) }
	f := math.Float32bits
	b := words(nil, 136, f(base), 2, 0, 0, 0, uint32(major))
	b = text(text(b, objective), booster)
	if booster == "gblinear" {
		b = le.AppendUint64(words(b, 136), 3)
		return words(b, 12, f(2), f(-3), f(0.5))
	}
	b = words(b, 160, 1, 1)
	b = words(b, 148, 1, 3, 0, 0, 2)
	none := uint32(math.MaxUint32)
	for _, n := range [][5]uint32{{none, 1, 2, 1 | 1<<31, f(0.5)}, {0, none, none, 0, f(1)}, {0, none, none, 0, f(2)}} {
		b = words(b, 20, n[:]...)
	}
	for _, hessian := range []float32{4, 3, 1} {
		b = words(b, 16, 0, f(hessian))
	}
	b = words(b, 4, 0)
	if booster == "dart" {
		b = words(le.AppendUint64(b, 1), 4, f(0.5))
	}
	return b
}

// TestBinaryModels: the base score is a margin before 1.0; headers may stand
// before it; DART's weights and gblinear's are counted in.
func TestBinaryModels(t *testing.T) {
	for name, c := range map[string]struct {
		file         []byte
		below, above float64
	}{
		"before 1.0":    {old(0, -1, "binary:logistic", "gbtree"), 0, 1},
		"since 1.0":     {old(1, 0.5, "binary:logistic", "gbtree"), 1, 2},
		"with a header": {append([]byte("binf"), old(1, 0.5, "binary:logistic", "gbtree")...), 1, 2},
		"pickled":       {append([]byte("CONFIG-offset:\x00\x00\x00\x00\x00\x00\x00\x00"), old(1, 0.5, "binary:logistic", "gbtree")...), 1, 2},
		"dart":          {old(1, 1, "count:poisson", "dart"), 0.5, 1},
		"gblinear":      {old(1, 0.25, "reg:squarederror", "gblinear"), 0.75, 0.75 - 3},
	} {
		m, err := read(string(c.file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for x, want := range map[float32]float64{0: c.below, 1: c.above} {
			if got := score(t, m.Scorer, []float32{0, x}); got != want {
				t.Errorf("%s of %v: %v, want %v", name, x, got, want)
			}
		}
		if got := score(t, m.Scorer, []float32{0, float32(math.NaN())}); got != c.below {
			t.Errorf("%s of missing: %v, want %v", name, got, c.below)
		}
		if modelfile.Detect(c.file) != modelfile.XGBoost {
			t.Errorf("%s: not detected", name)
		}
		if m, err := read(string(c.file[:len(c.file)-1])); !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("%s cut off: %+v, %v", name, m, err)
		}
	}
	whole := old(1, 0.5, "binary:logistic", "dart")
	for cut := range whole {
		if m, err := read(string(whole[:cut])); !errors.Is(err, modelfile.ErrFormat) {
			t.Fatalf("cut off after %d bytes: %+v, %v", cut, m, err)
		}
	}
}

func TestBaseScoresAreMadeMargins(t *testing.T) {
	log := math.Log
	for _, c := range []struct {
		objective, base string
		want            float64 // NaN: refused
	}{
		{"reg:squarederror", "-3", -3}, {"binary:logistic", "2.5E-1", -log(3)}, {"binary:logistic", "[2.5E-1]", -log(3)}, {"binary:logistic", "0", math.NaN()},
		{"binary:logistic", "1", math.NaN()}, {"count:poisson", "2", log(2)}, {"reg:gamma", "-1", math.NaN()}, {"binary:logitraw", "2.5E-1", 0.25},
		{"rank:ndcg", "[2.5E-1]", 0.25}, {"reg:squarederror", "[1,2]", math.NaN()}, {"reg:squarederror", "x", math.NaN()}, {"reg:squarederror", "nan", math.NaN()},
	} {
		text := strings.Replace(small(t), "[5E-1]", c.base, 1)
		m, err := read(strings.Replace(text, "reg:squarederror", c.objective, 1))
		if math.IsNaN(c.want) {
			if !errors.Is(err, modelfile.ErrFormat) {
				t.Errorf("%s of %s: %v", c.base, c.objective, err)
			}
			continue
		}
		if err != nil || m.Scorer.(*scoring.Trees).Base[0] != float64(float32(c.want)) {
			t.Errorf("%s of %s: %+v, want %v, %v", c.base, c.objective, m, c.want, err)
		}
	}
}

// TestSpoiltFilesAreRefused: none is read as another model, and errors say what
// is wrong, in JSON as in UBJSON.
func TestSpoiltFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		old, new, says string
		err            error
	}{
		{`"reg:squarederror"`, `"reg:sums"`, `objective "reg:sums"`, modelfile.ErrUnsupported},
		{`"gbtree"}`, `"gbforest"}`, `booster "gbforest"`, modelfile.ErrUnsupported},
		{`"num_target":"1"`, `"num_target":"200"`, "200 outputs", modelfile.ErrUnsupported},
		{`"num_nodes":"7","size_leaf_vector":"1"`, `"num_nodes":"7","size_leaf_vector":"3"`, "vectors", modelfile.ErrUnsupported},
		{`"categories":[1,33]`, `"categories":[1,9999999]`, "category 9999999", modelfile.ErrUnsupported},
		{`"categories":[1,33]`, `"categories":[1,-3]`, "category -3", modelfile.ErrFormat},
		{`"categories_sizes":[2]`, `"categories_sizes":[3]`, "categories of node", modelfile.ErrFormat},
		{`"categories_nodes":[2]`, `"categories_nodes":[1]`, "categories of node 1", modelfile.ErrFormat},
		{`"split_type":[0,0,1`, `"split_type":[0,0,2`, "categories of node 2", modelfile.ErrFormat},
		{`"split_type":[0,0,1`, `"split_type":[0,1,1`, "no categories", modelfile.ErrFormat},
		{`"left_children":[1`, `"left_children":[0`, "twice", modelfile.ErrFormat},
		{`"left_children":[1`, `"left_children":[2`, "twice", modelfile.ErrFormat},
		{`"left_children":[1`, `"left_children":[99`, "no node 99", modelfile.ErrFormat},
		{`"left_children":[1`, `"left_children":[-2`, "no node -2", modelfile.ErrFormat},
		{`"right_children":[2`, `"right_children":[0.5`, "whole number", modelfile.ErrFormat},
		{`"split_indices":[0`, `"split_indices":[3`, "feature 3", modelfile.ErrFormat},
		{`"split_indices":[0`, `"split_indices":[-1`, "feature -1", modelfile.ErrFormat},
		{`"default_left":[1,0`, `"default_left":[1`, "default_left has 6", modelfile.ErrFormat},
		{`"num_nodes":"7"`, `"num_nodes":"8"`, "num_nodes says 8", modelfile.ErrFormat},
		{`"tree_info":[0,0]`, `"tree_info":[0,1]`, "output 1 of 1", modelfile.ErrFormat},
		{`"tree_info":[0,0]`, `"tree_info":[0]`, "tree_info", modelfile.ErrFormat},
		{`"iteration_indptr":[0,1,2]`, `"iteration_indptr":[0,-1,2]`, "iteration_indptr", modelfile.ErrFormat},
		{`"num_feature":"3","num_target"`, `"num_feature":"x","num_target"`, "features", modelfile.ErrFormat},
		{`"num_feature":"3","num_target"`, `"num_feature":"2","num_target"`, "2 features", modelfile.ErrFormat},
		{`"name":"gbtree"`, `"name":7`, "name is not a string", modelfile.ErrFormat},
		{`"name":"gbtree"`, `"name":"dart"`, "weight_drop is missing", modelfile.ErrFormat},
		{`"name":"gbtree"`, `"name":"dart","weight_drop":[1],"gbtree":{"model":{}}`, "gbtree_model_param is missing", modelfile.ErrFormat},
		{`"name":"gbtree"`, `"name":"gblinear"`, "weights is missing", modelfile.ErrFormat},
		{`"split_conditions":[1.6E1]`, `"split_conditions":[1e39]`, "leaves that are numbers", modelfile.ErrFormat},
		{`"learner_model_param"`, `"learner_model"`, "learner_model_param is missing", modelfile.ErrFormat},
	} {
		spoilt := strings.Replace(small(t), c.old, c.new, 1)
		files := []string{spoilt}
		if c.says != "leaves that are numbers" { // where JSON's reader of numbers is first to object
			files = append(files, asUBJ(t, spoilt))
		} else {
			files[0] = asUBJ(t, spoilt)
		}
		for i, f := range files {
			if _, err := read(f); !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, file %d: %v", c.new, i, err)
			}
		}
	}
	nan := strings.Replace(small(t), `"split_conditions":[5E-1`, `"split_conditions":[NaN`, 1)
	if _, err := read(nan); !errors.Is(err, modelfile.ErrFormat) || !strings.Contains(err.Error(), "not a number") {
		t.Errorf("a threshold of NaN: %v", err)
	}
	for _, whole := range []string{strings.TrimSpace(small(t)), asUBJ(t, small(t))} {
		for cut := range len(whole) {
			if m, err := read(whole[:cut]); !errors.Is(err, modelfile.ErrFormat) {
				t.Fatalf("cut off after %d bytes: %+v, %v", cut, m, err)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small(f)))
	f.Add([]byte(asUBJ(f, small(f))))
	for _, booster := range []string{"gbtree", "dart", "gblinear"} {
		f.Add(old(1, 0.5, "reg:squarederror", booster))
	}
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

func score(t *testing.T, s scoring.Model, dense []float32) float64 {
	t.Helper()
	f, err := abi.New(s.FrameShape(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for c, x := range dense {
		f.Dense(0, c)[0] = x
	}
	if err := s.Score(&f); err != nil {
		t.Fatal(err)
	}
	return f.Mean(0)[0]
}
