package lightgbm_test

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/oracle"
	"github.com/aisle-edge/aisle/modules/modelfile/lightgbm"
)

// TestOneMoreFile: a model whose data has no predictions is at least read, and its
// rows get probabilities.
func TestOneMoreFile(t *testing.T) {
	m := oracle.Read(t, oracle.Data(t, "leaves/lg_breast_cancer.txt"), lightgbm.Read, modelfile.Options{})
	means := oracle.Means(t, m, oracle.Data(t, "leaves/lg_breast_cancer_data.txt"))
	for i, p := range oracle.Predictions(m.Link, means) {
		if len(means) != 57 || p[0] <= 0 || p[0] >= 1 {
			t.Fatalf("row %d of %d: %v", i, len(means), p)
		}
	}
}

// TestPredictionsAreLightGBMs: the rows and predictions are of LightGBM itself.
func TestPredictionsAreLightGBMs(t *testing.T) {
	for _, c := range []struct {
		model, rows, raw, predictions string
		tol                           float64
	}{
		{"lgmulticlass.model", "multiclass_test.tsv", "lgmulticlass_true_raw_predictions.txt", "lgmulticlass_true_predictions.txt", 1e-7},
		{"lg_dart_breast_cancer.model", "breast_cancer_test.tsv", "", "lg_dart_breast_cancer_true_predictions.txt", 1e-6},
		{"lg_dart_breast_cancer.json", "breast_cancer_test.tsv", "", "lg_dart_breast_cancer_true_predictions.txt", 1e-6},
	} {
		t.Run(c.model, func(t *testing.T) {
			dir := "leaves/"
			m := oracle.Read(t, oracle.Data(t, dir+c.model), lightgbm.Read, modelfile.Options{Objective: "binary"})
			means := oracle.Means(t, m, oracle.Data(t, dir+c.rows))
			if c.raw != "" {
				oracle.Near(t, "raw", means, oracle.Numbers(t, oracle.Data(t, dir+c.raw)), c.tol)
			}
			oracle.Near(t, "predictions", oracle.Predictions(m.Link, means), oracle.Numbers(t, oracle.Data(t, dir+c.predictions)), c.tol)
		})
	}
}
