package xgboost_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/oracle"
	"github.com/aisle-edge/aisle/modules/modelfile/xgboost"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// python finds one that has XGBoost.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import numpy, xgboost").Run() == nil {
			return p
		}
	}
	t.Skip("needs XGBoost for Python (Debian package python3-xgboost); .ci/install brings it")
	return ""
}

// TestXGBoostItselfAgrees trains a model of each kind with XGBoost: margins,
// predictions, those of the first rounds only and contributions must be its own.
func TestXGBoostItselfAgrees(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command(python(t), "testdata/models.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.rows"))
	if err != nil || len(paths) < 30 {
		t.Fatalf("%d models in %s: %v", len(paths), dir, err)
	}
	for _, path := range paths {
		stem := strings.TrimSuffix(path, ".rows")
		t.Run(filepath.Base(stem), func(t *testing.T) {
			for _, ext := range []string{".json", ".ubj", ".deprecated", ".pickle"} {
				if _, err := os.Stat(stem + ext); err != nil {
					continue
				}
				m := oracle.Read(t, stem+ext, xgboost.Read, modelfile.Options{})
				means := oracle.Means(t, m, path)
				oracle.Near(t, ext+" raw", means, oracle.Numbers(t, stem+".raw"), 1e-6)
				oracle.Near(t, ext+" predictions", oracle.Predictions(m.Link, means), oracle.Numbers(t, stem+".pred"), 1e-6)
				if _, err := os.Stat(stem + ".first"); err == nil {
					first := oracle.Read(t, stem+ext, xgboost.Read, modelfile.Options{Iterations: 3})
					oracle.Near(t, ext+" first rounds", oracle.Means(t, first, path), oracle.Numbers(t, stem+".first"), 1e-6)
					oracle.Near(t, ext+" contributions", contributions(t, m, path), oracle.Numbers(t, stem+".contrib"), 2e-5)
				}
			}
		})
	}
}

// contributions as XGBoost lays them out: of each head the columns, then the bias.
func contributions(t *testing.T, m *modelfile.Model, path string) [][]float64 {
	var out [][]float64
	for _, dense := range oracle.Rows(t, m, path) {
		var line []float64
		for h := range m.Scorer.FrameShape().Heads {
			c := m.Scorer.Contributions(h, scoring.Row{Dense: dense})
			line = append(append(line, c[1:]...), c[0])
		}
		out = append(out, line)
	}
	return out
}
