package modelfile_test

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/oracle"
	"github.com/aisle-edge/aisle/modules/modelfile/lightgbm"
	"github.com/aisle-edge/aisle/modules/modelfile/xgboost"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// TestRealModelsScoreInTheSandbox: from the file of a training library to a
// metered module in the engine, whose answers and contributions are the
// reference's bits; those are held against the libraries' own by their packages.
func TestRealModelsScoreInTheSandbox(t *testing.T) {
	e, err := host.Open(host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for model, rows := range map[string]string{
		"leaves/lgmulticlass.model":          "leaves/multiclass_test.tsv",
		"leaves/lg_dart_breast_cancer.model": "leaves/breast_cancer_test.tsv",
		"leaves/lg_dart_breast_cancer.json":  "leaves/breast_cancer_test.tsv",
		"leaves/lg_breast_cancer.txt":        "leaves/lg_breast_cancer_data.txt",
		"leaves/xgagaricus.model":            "leaves/agaricus_test.libsvm",
		"leaves/xgdermatology.model":         "leaves/dermatology_test.libsvm",
		"xgboost/agaricus.json":              "xgboost/agaricus.txt.test",
		"xgboost/agaricus.ubj":               "xgboost/agaricus.txt.test",
		"xgboost/rank.json":                  "xgboost/rank.test",
	} {
		t.Run(model, func(t *testing.T) {
			m := detect(t, oracle.Data(t, model))
			code, err := compile.Trees(m.Scorer.(*scoring.Trees))
			if err != nil {
				t.Fatal(err)
			}
			module, err := e.Admit(code, nil, host.Limits{Instances: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer module.Close()
			same(t, module, m.Scorer, oracle.Rows(t, m, oracle.Data(t, rows)))
		})
	}
}

// detect reads a file in the format that it is found to have.
func detect(t *testing.T, path string) *modelfile.Model {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := lightgbm.Read
	if modelfile.Detect(b) == modelfile.XGBoost {
		read = xgboost.Read
	}
	m, err := read(bytes.NewReader(b), modelfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// same scores all rows at once and each hundredth alone, and demands the bits of
// the reference.
func same(t *testing.T, module *host.Module, s scoring.Model, rows [][]float32) {
	t.Helper()
	in, err := module.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	shape := s.FrameShape()
	score := func(rows [][]float32) {
		t.Helper()
		want, err := abi.New(shape, len(rows))
		if err != nil {
			t.Fatal(err)
		}
		got, err := in.Frame(shape, len(rows))
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for c, x := range row {
				want.Dense(i/abi.BlockRows, c)[i%abi.BlockRows] = x
				got.Dense(i/abi.BlockRows, c)[i%abi.BlockRows] = x
			}
		}
		if err := s.Score(&want); err != nil {
			t.Fatal(err)
		}
		if err := in.Score(); err != nil {
			t.Fatal(err)
		}
		for h := range shape.Heads {
			equal(t, "means", got.Mean(h), want.Mean(h))
			for i := 0; i < len(rows); i += 100 {
				terms, err := in.Explain(i, h, 1+shape.Columns())
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "contributions", terms, s.Contributions(h, scoring.Row{Dense: rows[i]}))
			}
		}
	}
	score(rows)
	for i := 0; i < len(rows); i += 100 {
		score(rows[i : i+1])
	}
}

func equal(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d %s, not %d", len(got), what, len(want))
	}
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Fatalf("%s: number %d is %v, not %v", what, i, got[i], want[i])
		}
	}
}
