//go:build !race

package ranking_test // under the race detector pools forget at random

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// A decision allocates the same whatever the number of its candidates: of a session
// and of somebody who is known, recorded or not.
func TestAllocations(t *testing.T) {
	requests := map[string]ranking.Request{
		"session, dry": {Slot: "hero", SessionID: "s", DryRun: true},
		"session":      {Slot: "hero", SessionID: "s"},
		"person":       {Slot: "hero", SessionID: "s", ProfileID: "p"},
	}
	counts := map[string]map[int]float64{}
	for _, items := range []int{100, 10_000} {
		n := nodetest.New(t, nodetest.Options{})
		n.Use(nodetest.Files(t, strings.Replace(nodetest.Slots(nodetest.Slot), "frame_share: 0.05", "frame_share: 0", 1), noRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
		n.Put(nodetest.Items(items)...)
		n.Grant("p", wire.PersonalisedOffers, wire.ProfileBuilding, wire.Measurement, wire.ModelTraining)
		n.Know("p", "taste", "sweet")
		for name, r := range requests {
			if counts[name] == nil {
				counts[name] = map[int]float64{}
			}
			least := math.Inf(1)
			for range 5 { // a new file of the log costs 500, once
				least = min(least, testing.AllocsPerRun(200, func() { decide(t, n, r) }))
			}
			counts[name][items] = least
		}
	}
	for name, by := range counts {
		if t.Logf("%s: allocations by candidates: %v", name, by); math.Abs(by[100]-by[10_000]) > 1 {
			t.Errorf("%s: allocations by candidates: %v", name, by)
		}
	}
}

// A decision among given actions costs the same in a small catalogue and in a large
// one, of whose texts there are as many as items.
func TestGivenActionsKnowNoCatalogueSize(t *testing.T) {
	const features = `
version: 0
features:
  - {name: size, scope: item, kind: dense, source: item.attr.size}
  - {name: colour, scope: item, kind: hashed, source: item.attr.colour}
  - {name: shape, scope: item, kind: hashed, source: item.attr.colour, purpose: personalised_offers}
bits: 10
`
	spent := func(catalogue int) float64 {
		n := nodetest.New(t, nodetest.Options{})
		n.Use(nodetest.Files(t, strings.Replace(nodetest.Slots(nodetest.Slot), "frame_share: 0.05", "frame_share: 0", 1), noRules, features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
		items := nodetest.Items(catalogue)
		for i, it := range items {
			it.Attributes["size"], it.Attributes["colour"] = fmt.Sprint(i), fmt.Sprint("c", i)
		}
		n.Put(items...)
		n.Grant("p", wire.PersonalisedOffers)
		r := ranking.Request{Slot: "hero", ProfileID: "p"}
		for _, it := range items[:50] {
			r.Actions = append(r.Actions, ranking.Action{ID: it.Id})
		}
		decide(t, n, r)
		var before, after runtime.MemStats
		least := math.Inf(1)
		for range 5 {
			runtime.ReadMemStats(&before)
			for range 50 {
				decide(t, n, r)
			}
			runtime.ReadMemStats(&after)
			least = min(least, float64(after.TotalAlloc-before.TotalAlloc)/50)
		}
		return least
	}
	small, large := spent(100), spent(10_000)
	if t.Logf("%.0f bytes a decision among 100 items, %.0f among 10,000", small, large); large > small+4<<10 {
		t.Errorf("%.0f bytes a decision among 100 items, %.0f among 10,000", small, large)
	}
}
