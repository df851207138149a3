package ranking_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Promise 9 for policies that draw by variances: the record holds what they need, and
// the decision comes out the same again. The budget of exploration is one of a slate.
func TestPoliciesWithVariancesReplay(t *testing.T) {
	for kind, policy := range map[string]string{"thompson": "{kind: thompson, epsilon: 0.2, budget: 0.3}", "linucb": "{kind: linucb, epsilon: 0.2, budget: 0.3, alpha: 1.5}"} {
		t.Run(kind, func(t *testing.T) {
			slot := strings.Replace(nodetest.Slot, "policy: {kind: squarecb, epsilon: 0.2, gamma: 10}", "none: {floor: 0.1}\n    policy: "+policy, 1)
			n := learned(t, nodetest.Options{}, slot, noRules)
			firsts := map[string]bool{}
			for i := range 60 {
				r := ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), Context: features.Values{text("weather", "rain")}}
				if i%7 == 0 {
					r.BudgetMs = 1
				}
				decide(t, n, r)
				if got, err := n.Decider.Replay(r.EventID); err != nil || !got.Agrees {
					t.Fatalf("event %d: %+v, %v", i, got, err)
				}
			}
			all, _ := n.Decisions()
			by := 0
			for _, d := range all {
				if d.Policy.Kind != kind {
					continue
				}
				by++
				firsts[d.Items[0]] = true
				variances, err := wire.View[float64](d.Variance)
				if alpha := map[string]float64{"linucb": 1.5}[kind]; err != nil || len(variances) != len(d.Items) || d.Policy.Alpha != alpha || math.Abs(d.Policy.Epsilon-0.1) > 1e-12 {
					t.Fatalf("%v, %d variances of %d rows, %v", d.Policy, len(variances), len(d.Items), err)
				}
			}
			if by < 40 || len(firsts) < 3 {
				t.Errorf("%d decisions by %s showed %d items first", by, kind, len(firsts))
			}
		})
	}
}
