package lightgbm

import (
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

const objectives = "regression, regression_l1, huber, fair, quantile, mape, poisson, gamma, tweedie, binary, multiclass, multiclassova, cross_entropy, cross_entropy_lambda, lambdarank, rank_xendcg and custom"

// link is what an objective, as a file writes it with its parameters, makes of
// raw margins.
func link(objective string, heads int) (scoring.Link, error) {
	words := strings.Fields(objective)
	if len(words) == 0 {
		return scoring.Link{}, nil
	}
	sqrt, scale := false, 1.0
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, ":")
		switch key {
		case "sqrt":
			sqrt = true
		case "sigmoid":
			f, err := strconv.ParseFloat(value, 64)
			if err != nil || !(f > 0) || f > 1e300 {
				return scoring.Link{}, modelfile.Formatf("sigmoid %.20q of the objective", value)
			}
			scale = f
		}
	}
	switch words[0] {
	case "regression", "regression_l2", "l2", "regression_l1", "l1", "huber", "fair", "quantile", "mape":
		if sqrt {
			return scoring.Link{Kind: scoring.LinkSquare}, nil
		}
		return scoring.Link{}, nil
	case "lambdarank", "rank_xendcg", "custom", "none", "null", "na":
		return scoring.Link{}, nil
	case "poisson", "gamma", "tweedie":
		return scoring.Link{Kind: scoring.LinkExp}, nil
	case "binary", "multiclassova":
		return scoring.Link{Kind: scoring.LinkLogistic, Scale: scale}, nil
	case "cross_entropy", "xentropy":
		return scoring.Link{Kind: scoring.LinkLogistic, Scale: 1}, nil
	case "cross_entropy_lambda", "xentlambda":
		return scoring.Link{Kind: scoring.LinkLog1pExp}, nil
	case "multiclass":
		if heads > 1 {
			return scoring.Link{Kind: scoring.LinkSoftmax}, nil
		}
	}
	return scoring.Link{}, modelfile.Unsupportedf("LightGBM's objective %.60q of %d trees a round; supported are %s", objective, heads, objectives)
}
