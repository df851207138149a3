package ranking_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const ofPairs = `
version: 0
features:
  - {name: size, scope: context, kind: dense, source: basket.size}
  - {name: worth, scope: context, kind: dense, source: basket.value}
  - {name: seen, scope: context, kind: dense, source: session.shown}
  - {name: clicks, scope: context, kind: dense, source: session.clicked}
  - {name: since, scope: context, kind: dense, source: session.seconds}
  - {name: times, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers}
  - {name: brand, scope: item, kind: dense, source: pair.brand_affinity, purpose: personalised_offers}
`

// rows are the columns of pairs in a record, by item, and the context's.
func recorded(t *testing.T, d *wire.Decision) (rows map[string][]float32, context []float32) {
	t.Helper()
	dense, err := wire.View[float32](d.Features.Dense)
	if err != nil {
		t.Fatal(err)
	}
	if context, err = wire.View[float32](d.Features.ContextDense); err != nil {
		t.Fatal(err)
	}
	rows = map[string][]float32{}
	for i, id := range d.Items {
		rows[id] = dense[2*i : 2*i+2]
	}
	return rows, context
}

// A sale comes back as a feature of the buyer's next decision where they granted
// it, leaves the node only where training was granted, too, and is missing, and
// told to be withheld, once it is withdrawn. All of it replays and is explained.
func TestWhatWasBoughtScores(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(nodetest.Slot), noRules, ofPairs, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)}))
	n.Put(nodetest.Items(12)...)
	all := []wire.Purpose{wire.PersonalisedOffers, wire.ProfileBuilding, wire.ModelTraining}
	n.Grant("p", all...)
	tell := func(id, kind, item string) {
		t.Helper()
		r, err := n.Decider.Tell(ctx, []attribution.Outcome{{ID: id, ProfileID: "p", ItemID: item, Type: kind}, {ID: id, ProfileID: "p", ItemID: item, Type: kind}})
		if err != nil || len(r.Accepted) != 1 || len(r.Duplicate) != 1 {
			t.Fatal(r, err)
		}
	}
	tell("s1", "purchase", "item-00001")
	tell("s2", "purchase", "item-00001")
	tell("s3", "redeem", "item-00002")
	tell("s4", "purchase", "item-00003")
	tell("s5", "return", "item-00003")
	n.Restart()
	n.Again()

	events := 0
	ask := func(person string) (*ranking.Answer, map[string][]float32) {
		t.Helper()
		events++
		r := ranking.Request{EventID: fmt.Sprint("e", events), Slot: "hero", ProfileID: person, Count: 12, Explain: true,
			Context: features.Values{{Name: "basket", Kind: features.List, List: []string{"item-00001", "unheard", "item-00002"}}}}
		a := decide(t, n, r)
		got, err := n.Decider.Replay(r.EventID)
		if err != nil || !got.Agrees {
			t.Errorf("%s: replayed %+v, %v", r.EventID, got, err)
		}
		decisions, _ := n.Decisions()
		rows, context := recorded(t, decisions[len(decisions)-1])
		if len(rows) != 12 {
			t.Fatalf("%d rows", len(rows))
		}
		if context[0] != 3 || context[1] != 1191+1192 || !nan(context[2]) {
			t.Errorf("of the basket and no session: %v", context)
		}
		return a, rows
	}
	explained := func(a *ranking.Answer) bool {
		return slices.ContainsFunc(a.Items, func(it ranking.Item) bool {
			return slices.ContainsFunc(it.Reasons, func(r ranking.Reason) bool { return r.Feature == "times" })
		})
	}
	a, rows := ask("p")
	for id, want := range map[string]float32{"item-00001": 2, "item-00002": 1, "item-00003": 0} {
		if rows[id][0] != want || nan(rows[id][1]) {
			t.Errorf("%s was bought %v times, want %v; its brand has %v", id, rows[id][0], want, rows[id][1])
		}
	}
	if !explained(a) {
		t.Error("no reason names the column")
	}
	if len(a.Ignored) > 0 {
		t.Errorf("ignored %v", a.Ignored)
	}
	a = decide(t, n, ranking.Request{Slot: "hero", DryRun: true, Explain: true, Context: features.Values{text("season", "spring"), text("basket", "item-00001")}})
	if !slices.Equal(a.Ignored, []string{"season"}) {
		t.Errorf("of a season that nobody declared, ignored %v", a.Ignored)
	}
	n.Grant("p", all[:2]...)
	if a, rows = ask("p"); !explained(a) || len(a.Basis.Withheld) > 0 {
		t.Errorf("without training: %+v", a.Basis)
	}
	missing(t, "in the log without training", rows)
	n.Grant("p", wire.ProfileBuilding, wire.ModelTraining, wire.Measurement)
	if a, rows = ask("p"); len(a.Basis.Withheld) != 1 || a.Basis.Withheld[0].Field != "purchases" || a.Basis.Withheld[0].Why != "not_granted" {
		t.Errorf("withdrawn: %+v", a.Basis)
	}
	missing(t, "once withdrawn", rows)
	_, rows = ask("nobody")
	missing(t, "of a person nobody knows", rows)
}

func missing(t *testing.T, when string, rows map[string][]float32) {
	t.Helper()
	for id, row := range rows {
		if !nan(row[0]) || !nan(row[1]) {
			t.Errorf("%s %s has %v", when, id, row)
		}
	}
}

func nan(x float32) bool { return x != x }

// A session's columns count what it was shown and clicked since it began.
func TestSessionColumns(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(nodetest.Slot), noRules, ofPairs, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)}))
	n.Put(nodetest.Items(12)...)
	want := [][]float32{{0, 0, 0}, {3, 0, 0}, {6, 2, 30}}
	for i, w := range want {
		a := decide(t, n, ranking.Request{EventID: fmt.Sprint("e", i), Slot: "hero", SessionID: "s"})
		decisions, _ := n.Decisions()
		_, context := recorded(t, decisions[i])
		if !nan(context[0]) || !slices.Equal(context[2:], w) {
			t.Errorf("decision %d: %v, want %v", i, context, w)
		}
		if i == 1 {
			for k := range 2 {
				if _, err := n.Decider.Tell(ctx, []attribution.Outcome{{ID: fmt.Sprint("c", k), SessionID: "s", ItemID: a.Items[k].ID, Type: "click"}}); err != nil {
					t.Fatal(err)
				}
			}
			n.Advance(30 * time.Second)
		}
	}
}
