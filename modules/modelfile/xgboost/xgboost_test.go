package xgboost_test

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/internal/oracle"
	"github.com/aisle-edge/aisle/modules/modelfile/xgboost"
)

// TestPredictionsAreXGBoosts: the rows and predictions are of XGBoost itself.
func TestPredictionsAreXGBoosts(t *testing.T) {
	for _, c := range []struct {
		model, rows, raw, predictions string
		tol                           float64
	}{
		{"leaves/xgagaricus.model", "leaves/agaricus_test.libsvm", "", "leaves/xgagaricus_true_predictions.txt", 1e-7},
		{"leaves/xgdermatology.model", "leaves/dermatology_test.libsvm", "leaves/xgdermatology_true_predictions.txt", "", 1e-6},
		{"xgboost/agaricus.json", "xgboost/agaricus.txt.test", "xgboost/agaricus_margin.txt", "xgboost/agaricus_pred.txt", 1e-6},
		{"xgboost/agaricus.ubj", "xgboost/agaricus.txt.test", "xgboost/agaricus_margin.txt", "xgboost/agaricus_pred.txt", 1e-6},
		{"xgboost/rank.json", "xgboost/rank.test", "xgboost/rank_pred.txt", "xgboost/rank_pred.txt", 1e-6},
	} {
		t.Run(c.model, func(t *testing.T) {
			m := oracle.Read(t, oracle.Data(t, c.model), xgboost.Read, modelfile.Options{})
			means := oracle.Means(t, m, oracle.Data(t, c.rows))
			if c.raw != "" {
				oracle.Near(t, "raw", means, oracle.Numbers(t, oracle.Data(t, c.raw)), c.tol)
			}
			if c.predictions != "" {
				oracle.Near(t, "predictions", oracle.Predictions(m.Link, means), oracle.Numbers(t, oracle.Data(t, c.predictions)), c.tol)
			}
		})
	}
}
