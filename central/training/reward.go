package training

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// rewards is a slot's reward, by outcome type.
type rewards struct {
	rulebook.Reward
	weight map[wire.OutcomeType]float64
}

func newRewards(r rulebook.Reward) rewards {
	byType := make(map[wire.OutcomeType]float64)
	for number, name := range wire.OutcomeType_name {
		name = strings.ToLower(strings.TrimPrefix(name, "OUTCOME_"))
		if w, ok := r.Weights[name]; ok {
			byType[wire.OutcomeType(number)] = w
		}
	}
	if _, weighed := byType[wire.OutcomeType_OUTCOME_REWARD]; !weighed {
		byType[wire.OutcomeType_OUTCOME_REWARD] = 1
	}
	return rewards{r, byType}
}

// worth is what one outcome earns, and whether it is one that the slot counts.
func (r *rewards) worth(o *outcome, margin float64) (float64, bool) {
	w, counts := r.weight[o.kind]
	switch {
	case counts && o.kind == wire.OutcomeType_OUTCOME_REWARD:
		return w * o.value, true
	case r.NetMargin != nil && o.kind == wire.OutcomeType_OUTCOME_PURCHASE:
		return r.NetMargin.Scale * margin * pieces(o), true
	}
	return w, counts
}

func pieces(o *outcome) float64 {
	if o.quantity > 0 {
		return o.quantity
	}
	return 1
}

// of is the reward of one position from its outcomes in the order of their node
// times; NaN when a margin is needed that nobody knows.
func (r *rewards) of(told []outcome, margin float64) float64 {
	sum, came := 0.0, false
	earned := 0.0                // by sales that were not taken back
	bought, redeemed := 0.0, 0.0 // pieces of them; a coupon's redemption tells of a sale too
	for i := range told {
		o := &told[i]
		switch o.kind {
		case wire.OutcomeType_OUTCOME_RETURN, wire.OutcomeType_OUTCOME_VOID:
			if sold := max(bought, redeemed); sold > 0 {
				left := max(1-pieces(o)/sold, 0)
				sum -= earned * (1 - left)
				earned, bought, redeemed = earned*left, bought*left, redeemed*left
			}
			continue
		}
		worth, counts := r.worth(o, margin)
		if !counts || came && r.Aggregation == rulebook.Earliest {
			continue
		}
		came = true
		sum += worth
		switch o.kind {
		case wire.OutcomeType_OUTCOME_PURCHASE:
			earned, bought = earned+worth, bought+pieces(o)
		case wire.OutcomeType_OUTCOME_REDEEM:
			earned, redeemed = earned+worth, redeemed+pieces(o)
		}
	}
	if !came {
		sum = r.Default
	}
	if math.IsNaN(sum) {
		return sum
	}
	return min(max(sum, r.Range[0]), r.Range[1])
}

// byTime orders outcomes by node time; those of one time in the order of the
// ledger, so that sums come out the same however they were attached.
func byTime(told []outcome) {
	slices.SortFunc(told, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.atMs, b.atMs), a.at.compare(b.at))
	})
}
