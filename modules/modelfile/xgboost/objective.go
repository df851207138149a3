package xgboost

import (
	"sort"
	"strings"

	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// objective is what XGBoost makes of margins, and of a base score.
type objective struct {
	name   string
	link   scoring.Link
	margin func(prediction float64) (float64, bool)
}

func same(p float64) (float64, bool) { return p, p-p == 0 }

func logit(p float64) (float64, bool) { return 0 - elementary.Log(1/p-1), p > 0 && p < 1 }

func logarithm(p float64) (float64, bool) { return elementary.Log(p), p > 0 && p-p == 0 }

var logistic = scoring.Link{Kind: scoring.LinkLogistic, Scale: 1}

// objectives by name; those that are not here have no closed form or are unknown.
var objectives = map[string]objective{
	"reg:squarederror":     {margin: same},
	"reg:linear":           {margin: same},
	"reg:squaredlogerror":  {margin: same},
	"reg:pseudohubererror": {margin: same},
	"reg:absoluteerror":    {margin: same},
	"reg:quantileerror":    {margin: same},
	"reg:logistic":         {link: logistic, margin: logit},
	"binary:logistic":      {link: logistic, margin: logit},
	"binary:logitraw":      {margin: same},
	"binary:hinge":         {link: scoring.Link{Kind: scoring.LinkStep}, margin: same},
	"count:poisson":        {link: scoring.Link{Kind: scoring.LinkExp}, margin: logarithm},
	"reg:gamma":            {link: scoring.Link{Kind: scoring.LinkExp}, margin: logarithm},
	"reg:tweedie":          {link: scoring.Link{Kind: scoring.LinkExp}, margin: logarithm},
	"survival:cox":         {link: scoring.Link{Kind: scoring.LinkExp}, margin: logarithm},
	"survival:aft":         {link: scoring.Link{Kind: scoring.LinkExp}, margin: logarithm},
	"multi:softmax":        {link: scoring.Link{Kind: scoring.LinkArgmax}, margin: same},
	"multi:softprob":       {link: scoring.Link{Kind: scoring.LinkSoftmax}, margin: same},
	"rank:pairwise":        {margin: same},
	"rank:ndcg":            {margin: same},
	"rank:map":             {margin: same},
}

func find(name string) (objective, error) {
	o, ok := objectives[name]
	if !ok {
		var names []string
		for n := range objectives {
			names = append(names, n)
		}
		sort.Strings(names)
		return o, modelfile.Unsupportedf("XGBoost's objective %.60q; supported are %s", name, strings.Join(names, ", "))
	}
	o.name = name
	return o, nil
}
