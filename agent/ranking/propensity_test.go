package ranking_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// contended is a slot with caps, none and holds, whose stock moves in the middle
// of decisions: after the rules were applied, before anything is drawn.
const contendedSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 100}}
    count: 2
    none: {floor: 0.15}
    hold: {ttl: 1s}
    policy: {kind: squarecb, epsilon: 0.3, gamma: 8}
    experiment: {id: loop, arms: [{id: a, share: 0.7, policy: learned}, {id: c, share: 0.3, policy: uniform}]}
    reward: {weights: {click: 1}}
`

const contendedRules = `
version: 0
rules:
  - {id: stock, kind: stock}
  - {id: cap, kind: cap, count: 1, window: 24h, per: session}
`

// plainFeatures leave a score to the item alone, so that equal situations have
// equal scores.
const plainFeatures = `
version: 0
features:
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: item, scope: item, kind: hashed, source: item.id}
bits: 10
`

// contendedDecisions makes many decisions on a contended node and gives their records.
func contendedDecisions(t *testing.T, many int) []*wire.Decision {
	n := newMoving(t, 5, 5, 2)
	n.Use(nodetest.Files(t, nodetest.Slots(contendedSlot), contendedRules, plainFeatures, map[string]func(*scoring.Linear){"hero": nodetest.Random(11)}))
	n.Put(n.items...)
	return n.decides(many, 10, 400*time.Millisecond, func(i int) ranking.Request { return ranking.Request{SessionID: fmt.Sprint("s", i/2)} })
}

// outcomes of one situation: what was allowed, what stands above, and by which
// policy it was drawn.
type situation struct {
	n        int
	observed map[string]int
	logged   map[string]float64
}

// Promise 5, with caps, none and holds that move under the decision.
func TestLoggedConditionalsAreTrue(t *testing.T) {
	t.Parallel()
	decisions := contendedDecisions(t, 12_000)
	t.Run("draws", func(t *testing.T) { drawnAsLogged(t, decisions) })
	t.Run("known rewards", func(t *testing.T) { unbiased(t, decisions) })
}

// drawnAsLogged: what is shown comes as often as the logged probabilities say.
func drawnAsLogged(t *testing.T, decisions []*wire.Decision) {
	situations := map[string]*situation{}
	for _, d := range decisions {
		above := ""
		for i, s := range d.Shown {
			key := fmt.Sprintf("%x after %s by %s", d.Allowed, above, d.Policy.Kind)
			at := situations[key]
			if at == nil {
				at = &situation{observed: map[string]int{}, logged: map[string]float64{}}
				situations[key] = at
			}
			at.n++
			at.observed[d.Items[i]]++
			if p, ok := at.logged[d.Items[i]]; ok && math.Abs(p-s.Probability) > 1e-12 {
				t.Fatalf("%s: %q was logged with %v and with %v", key, d.Items[i], p, s.Probability)
			}
			at.logged[d.Items[i]] = s.Probability
			above += d.Items[i] + ","
		}
	}
	chi, freedom := chiSquared(t, situations)
	z := (chi - float64(freedom)) / math.Sqrt(2*float64(freedom))
	t.Logf("chi-squared %.0f at %d degrees of freedom (z = %.2f), in %d situations", chi, freedom, z, len(situations))
	if math.Abs(z) > 4 || freedom < 30 {
		t.Errorf("chi-squared %.0f at %d degrees of freedom", chi, freedom)
	}
}

// unbiased: estimates that weigh by the logged probabilities come out at the known
// rewards of policies that were never run.
func unbiased(t *testing.T, decisions []*wire.Decision) {
	reward := func(id string, position int) float64 {
		if id == "" {
			return 0.5
		}
		return float64(id[len(id)-1]-'0'+1) / float64(position+1)
	}
	policies := map[string]func(feasible []string) map[string]float64{
		"uniform": func(feasible []string) map[string]float64 {
			p := map[string]float64{}
			for _, id := range feasible {
				p[id] = 1 / float64(len(feasible))
			}
			return p
		},
		"the last": func(feasible []string) map[string]float64 { return map[string]float64{feasible[len(feasible)-1]: 1} },
	}
	for name, policy := range policies {
		var estimates, truths []float64
		for _, d := range decisions {
			feasible := feasibleOf(d)
			truth, p := 0.0, policy(feasible)
			for id, share := range p {
				truth += share * reward(id, 0)
			}
			estimate := p[d.Items[0]] / d.Shown[0].Probability * reward(d.Items[0], 0)
			if len(d.Shown) > 1 { // and what the second position adds, weighed by both
				below := slices.DeleteFunc(slices.Clone(feasible), func(id string) bool { return id == "" || id == d.Items[0] })
				q := policy(below)
				estimate += p[d.Items[0]] / d.Shown[0].Probability * q[d.Items[1]] / d.Shown[1].Probability * reward(d.Items[1], 1)
			}
			truth += second(feasible, policy, reward)
			estimates, truths = append(estimates, estimate), append(truths, truth)
		}
		var sum, squares float64
		for i := range estimates {
			x := estimates[i] - truths[i]
			sum, squares = sum+x, squares+x*x
		}
		n := float64(len(estimates))
		mean, deviation := sum/n, math.Sqrt(squares/n/n)
		t.Logf("%s: off by %.4f ± %.4f", name, mean, deviation)
		if math.Abs(mean) > 4*deviation || deviation > 0.1 {
			t.Errorf("%s is valued %.4f ± %.4f off its known reward", name, mean, deviation)
		}
	}
}

// second is the known reward of the second position under a policy.
func second(feasible []string, policy func([]string) map[string]float64, reward func(string, int) float64) (sum float64) {
	for first, share := range policy(feasible) {
		below := slices.DeleteFunc(slices.Clone(feasible), func(id string) bool { return id == "" || id == first })
		if first == "" || len(below) == 0 {
			continue
		}
		for id, p := range policy(below) {
			sum += share * p * reward(id, 1)
		}
	}
	return sum
}

// feasibleOf are the ids that were allowed, none's is "".
func feasibleOf(d *wire.Decision) (ids []string) {
	for i := range int(d.Candidates) {
		if d.Allowed[i/8]>>(i%8)&1 == 1 {
			ids = append(ids, fmt.Sprintf("item-%05d", i))
		}
	}
	if d.Policy.None {
		ids[len(ids)-1] = ""
	}
	return ids
}
