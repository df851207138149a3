package localapi

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ranked gives every action the probability with which it would have been shown,
// as Personalizer did: what is shown first, then the others, best first, then
// those that were excluded or removed.
func (a *API) ranked(answer *ranking.Answer, request *ranking.Request) []rankedAction {
	first := rankedAction{answer.Items[0].ID, answer.Items[0].Probability}
	all := []rankedAction{first}
	probabilities := map[string]float64{}
	if _, rec, _, err := a.Events.Find(answer.EventID); err == nil {
		probabilities = distribution(rec)
	}
	for _, action := range request.Actions {
		if action.ID != first.ID {
			all = append(all, rankedAction{action.ID, probabilities[action.ID]})
		}
	}
	slices.SortStableFunc(all[1:], func(x, y rankedAction) int { return cmp.Compare(y.Probability, x.Probability) })
	return all
}

// distribution is that of a recorded decision's one position, by action. Its
// rows are what was shown and then the other contenders, best first: the one that
// was shown is a contender too, unless only exploration gave it its probability.
func distribution(rec *wire.Decision) map[string]float64 {
	means, err := wire.View[float64](rec.Mean)
	variances, err2 := wire.View[float64](rec.Variance)
	candidates, err3 := wire.View[uint32](rec.Candidate)
	if err != nil || err2 != nil || err3 != nil || len(rec.Shown) != 1 || len(means) != len(rec.Items) || len(candidates) != len(means) {
		return nil
	}
	if len(variances) != len(means) {
		variances = make([]float64, len(means))
	}
	if len(rec.Shown[0].Contenders) > 0 {
		return recordedSpread(rec, means, variances)
	}
	n, policy := int(rec.Shown[0].Feasible), ranking.PolicyOf(rec.Policy)
	rank := func(i int) float64 { return policy.Rank(means[i], variances[i]) }
	for _, others := range []int{min(explore.Contenders, n) - 1, min(explore.Contenders, n)} {
		if len(means) < 1+others {
			continue
		}
		order := make([]int, 0, 1+others)
		for i := range others {
			order = append(order, 1+i)
		}
		if others < min(explore.Contenders, n) {
			at := slices.IndexFunc(order, func(i int) bool {
				return rank(i) < rank(0) || rank(i) == rank(0) && candidates[i] > candidates[0]
			})
			if at < 0 {
				at = len(order)
			}
			order = slices.Insert(order, at, 0)
		}
		if of := spread(rec, order, means, variances); of != nil {
			return of
		}
	}
	return nil
}

// recordedSpread is for a position that says itself what it weighed. What else was
// feasible there is known only if all that was allowed was.
func recordedSpread(rec *wire.Decision, means, variances []float64) map[string]float64 {
	rows, err := wire.View[uint32](rec.Shown[0].Contenders)
	adjusted, err2 := wire.View[float64](rec.Shown[0].Mean)
	if err != nil || err2 != nil || len(adjusted) > 0 && len(adjusted) != len(rows) {
		return nil
	}
	means = slices.Clone(means)
	order := make([]int, len(rows))
	for k, row := range rows {
		if int(row) >= len(means) {
			return nil
		}
		if order[k] = int(row); len(adjusted) > 0 {
			means[row] = adjusted[k]
		}
	}
	return spread(rec, order, means, variances)
}

func allowedOf(rec *wire.Decision) (n int) {
	for _, b := range rec.Allowed {
		n += bits.OnesCount8(b)
	}
	return n
}

// spread gives each allowed action its probability, if these contenders are those
// that were weighed: then what was shown comes out as it was recorded.
func spread(rec *wire.Decision, order []int, means, variances []float64) map[string]float64 {
	c := explore.Choice{Policy: ranking.PolicyOf(rec.Policy), Feasible: int(rec.Shown[0].Feasible)}
	for _, i := range order {
		c.Means, c.Variances = append(c.Means, means[i]), append(c.Variances, variances[i])
	}
	shares, rest, err := c.Spread(nil)
	if err != nil {
		return nil
	}
	shown := rest
	if k := slices.Index(order, 0); k >= 0 {
		shown = shares[k]
	}
	if shown != rec.Shown[0].Probability {
		return nil
	}
	of := map[string]float64{}
	if len(order) < c.Feasible && allowedOf(rec) == c.Feasible {
		for i, id := range rec.Actions {
			if i/8 < len(rec.Allowed) && rec.Allowed[i/8]>>(i%8)&1 == 1 {
				of[id] = rest
			}
		}
	}
	for k, i := range order {
		of[rec.Items[i]] = shares[k]
	}
	return of
}
