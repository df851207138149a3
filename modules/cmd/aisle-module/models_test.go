package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// TestModelFilesScoreAsTheirLibraries: from a file to predictions by the command
// alone. The predictions are those of the libraries.
func TestModelFilesScoreAsTheirLibraries(t *testing.T) {
	for _, c := range []struct {
		model, rows, raw, predictions string
		flags                         []string
		tol                           float64
	}{
		{"leaves/lgmulticlass.model", "leaves/multiclass_test.tsv", "leaves/lgmulticlass_true_raw_predictions.txt", "leaves/lgmulticlass_true_predictions.txt", nil, 1e-7},
		{"leaves/lg_dart_breast_cancer.model", "leaves/breast_cancer_test.tsv", "", "leaves/lg_dart_breast_cancer_true_predictions.txt", nil, 1e-6},
		{"leaves/lg_dart_breast_cancer.json", "leaves/breast_cancer_test.tsv", "", "leaves/lg_dart_breast_cancer_true_predictions.txt", []string{"--objective", "binary"}, 1e-6},
		{"leaves/lg_breast_cancer.txt", "leaves/lg_breast_cancer_data.txt", "", "", nil, 0},
		{"leaves/xgagaricus.model", "leaves/agaricus_test.libsvm", "", "leaves/xgagaricus_true_predictions.txt", nil, 1e-7},
		{"leaves/xgdermatology.model", "leaves/dermatology_test.libsvm", "leaves/xgdermatology_true_predictions.txt", "", nil, 1e-6},
		{"xgboost/agaricus.json", "xgboost/agaricus.txt.test", "xgboost/agaricus_margin.txt", "xgboost/agaricus_pred.txt", nil, 1e-6},
		{"xgboost/agaricus.ubj", "xgboost/agaricus.txt.test", "xgboost/agaricus_margin.txt", "xgboost/agaricus_pred.txt", nil, 1e-6},
		{"xgboost/rank.json", "xgboost/rank.test", "xgboost/rank_pred.txt", "xgboost/rank_pred.txt", nil, 1e-6},
	} {
		t.Run(c.model, func(t *testing.T) {
			dir := t.TempDir()
			sealed, scorer, direct := filepath.Join(dir, "model.bundle"), filepath.Join(dir, "model.wasm"), filepath.Join(dir, "direct.wasm")
			t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
			must(t, append([]string{"import", data(t, c.model), "-o", sealed}, c.flags...)...)
			must(t, "compile", sealed, "-o", scorer)
			must(t, append([]string{"compile", data(t, c.model), "-o", direct}, c.flags...)...)
			if slurp(t, scorer) != slurp(t, direct) {
				t.Error("compiling a model file gives other bytes than importing it first")
			}
			for _, f := range []string{sealed, scorer} {
				must(t, "verify", f)
				inspected(t, f)
			}
			predictions := must(t, "score", scorer, "--rows", data(t, c.rows))
			raw := must(t, "score", scorer, "--rows", data(t, c.rows), "--raw")
			if again := must(t, "score", scorer, "--rows", data(t, c.rows), "--interpreter"); again != predictions {
				t.Error("the interpreter gives other predictions")
			}
			if c.raw != "" {
				near(t, numbers(t, raw), numbers(t, slurp(t, data(t, c.raw))), c.tol)
			}
			if c.predictions != "" {
				near(t, numbers(t, predictions), numbers(t, slurp(t, data(t, c.predictions))), c.tol)
			}
			if n := strings.Count(predictions, "\n"); n < 50 {
				t.Errorf("%d predictions", n)
			}
			contributions(t, scorer, data(t, c.rows))
		})
	}
}

// inspected demands of a report what its reader needs.
func inspected(t *testing.T, name string) {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(must(t, "inspect", "--json", name)), &r); err != nil {
		t.Fatal(err)
	}
	m := r.Module
	if r.Family != "trees" || len(r.Columns) < 28 || !m.Sealed || !m.Explains || len(m.Imports) != 1 || m.Imports[0] != "aisle.refill" || m.Functions < 3 || m.Pages < 1 {
		t.Errorf("%+v", r)
	}
	if len(m.Costs) != 3 || m.Costs[0].Fuel < 1 || m.Costs[2].Fuel <= m.Costs[1].Fuel || m.Costs[2].Micros <= 0 || m.Memory < int(m.Pages)<<16 {
		t.Errorf("costs %+v", m)
	}
	if text := must(t, "inspect", name); !strings.Contains(text, "1000 rows:") || !strings.Contains(text, r.Columns[0].Name+" ") {
		t.Errorf("%s", text)
	}
}

// contributions must sum to the raw margins.
func contributions(t *testing.T, scorer, rows string) {
	t.Helper()
	text := must(t, "score", scorer, "--rows", rows, "--raw", "--contributions")
	header, text, _ := strings.Cut(text, "\n")
	names := strings.Split(header, "\t")
	for i, line := range numbers(t, text) {
		heads := 0
		for _, n := range names {
			if !strings.Contains(n, ":") {
				heads++
			}
		}
		terms := (len(line) - heads) / heads
		for h := range heads {
			sum := 0.0
			for _, x := range line[heads+h*terms : heads+(h+1)*terms] {
				sum += x
			}
			if len(line) != len(names) || math.Abs(sum-line[h]) > 1e-5*max(1, math.Abs(line[h])) {
				t.Fatalf("row %d, head %d: contributions sum to %v, not %v", i, h, sum, line[h])
			}
		}
	}
}
