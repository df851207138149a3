package ranking_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// onOffers is a node with five items of 1000 each and a slot, and the rows of its
// offers.csv.
func onOffers(t testing.TB, o nodetest.Options, slot, rows string) *nodetest.Node {
	t.Helper()
	n := nodetest.New(t, o)
	files := nodetest.Files(t, nodetest.Slots(slot), noRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)})
	files["offers.csv"] = []byte("id,kind,target,percent,budget,cadence,condition,priority\n" + rows)
	n.Use(files)
	items := nodetest.Items(5)
	for _, it := range items {
		it.Price.Amount = 1000
	}
	n.Put(items...)
	return n
}

// offersSlot shows two items of its offers.
var offersSlot = strings.NewReplacer("count: 3", "count: 2", "{catalogue: {limit: 10000}}", "{offers: true}").Replace(nodetest.Slot)

// Promise 4: of a budget no more is given away than there is, however many kiosks
// ask at once for the last of it; what was sold, let go or lapsed is counted right,
// also after a power cut.
func TestBudgetsRace(t *testing.T) {
	const kiosks, discounts = 16, 25
	n := onOffers(t, nodetest.Options{}, offersSlot, fmt.Sprintf("o,brand,brand0,10,%d,,,\np,items,item-00001|item-00002|item-00003|item-00004,10,%d,,,\n", 100, 100*discounts))
	given := map[string]int{}
	var one *ranking.Answer
	for _, a := range untilNothing(t, n, kiosks) {
		for _, it := range a.Items {
			given[it.OfferID]++
			if it.OfferID == "p" {
				one = a
			}
		}
	}
	if given["o"] != 1 || given["p"] != discounts || len(given) != 2 || n.Budgets.Used("p") != 100*discounts {
		t.Errorf("given away were %v, used are %d", given, n.Budgets.Used("p"))
	}
	decisions, _ := n.Decisions()
	masked := 0
	for _, d := range decisions {
		if len(d.Shown) > 0 && len(d.Shown[len(d.Shown)-1].Contenders) > 0 {
			masked++
		}
		if got, err := n.Decider.Replay(d.EventId); err != nil || !got.Agrees {
			t.Errorf("replay: %+v, %v", got, err)
		}
	}
	t.Logf("%d decisions, %d reruns, %d of scarce budgets", len(decisions), n.Decider.Stats().Reruns, masked)
	if masked == 0 {
		t.Error("no slate had to share what was left of a budget")
	}
	nothing := func(when string) {
		t.Helper()
		if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) > 0 {
			t.Errorf("%s: %+v is promised", when, a.Items)
		}
	}
	n.Cut() // every answer was durable before it was given
	n.Again()
	nothing("after a power cut")
	tell := func(id, kind string) {
		t.Helper()
		item := one.Items[0].ID
		if one.Items[0].OfferID != "p" {
			item = one.Items[1].ID
		}
		if _, err := n.Decider.Tell(ctx, []attribution.Outcome{{ID: id, EventID: one.EventID, ItemID: item, Type: kind}}); err != nil {
			t.Fatal(err)
		}
	}
	tell("o1", "purchase")
	nothing("after a sale")
	n.Advance(10*time.Minute - time.Millisecond)
	nothing("just before the promises lapse")
	n.Advance(time.Millisecond)
	if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != 2 || n.Budgets.Spent("p") != 100 {
		t.Errorf("after they lapsed: %+v, %d spent", a.Items, n.Budgets.Spent("p"))
	}
	tell("o2", "return")
	if n.Budgets.Spent("p") != 0 {
		t.Errorf("after a return %d are spent", n.Budgets.Spent("p"))
	}
}

// Promise 4 between the rules and the record: what of a budget another kiosk was
// promised meanwhile is not promised again. Nothing races here.
func TestBudgetsMoveMeanwhile(t *testing.T) {
	middle := meanwhile{}
	for budget, want := range map[int]int{100: 0, 199: 0, 200: 1, 250: 1} {
		n := onOffers(t, nodetest.Options{Now: middle.now}, offersSlot, fmt.Sprintf("o,items,item-00001|item-00002,10,%d,,,\n", budget))
		middle.do(func() { decide(t, n, ranking.Request{Slot: "hero", Count: 1}) })
		a := decide(t, n, ranking.Request{Slot: "hero", Count: 1})
		all, _ := n.Decisions()
		if len(a.Items) != want || n.Budgets.Used("o") > int64(budget) || (all[len(all)-1].Attempt == 1) != (want == 0) {
			t.Errorf("of %d: %+v is shown by attempt %d, %d used", budget, a.Items, all[len(all)-1].Attempt, n.Budgets.Used("o"))
		}
	}
}

// A coupon is for those who are known, and for each of them until they redeemed it;
// the record names all offers of a price.
func TestCoupons(t *testing.T) {
	n := onOffers(t, nodetest.Options{}, strings.Replace(nodetest.Slot, "count: 3", "count: 5", 1), "coupon,brand,brand0,10,,one_time,,\nother,items,item-00001,5,,repeating:1d,,\n")
	for _, who := range []string{"ann", "bob"} {
		n.Grant(who, wire.PersonalisedOffers)
	}
	offers := func(who string) (ids string) {
		t.Helper()
		a := decide(t, n, ranking.Request{Slot: "hero", ProfileID: who})
		for _, id := range []string{"item-00000", "item-00001"} {
			for _, it := range a.Items {
				if it.ID == id {
					ids += fmt.Sprintf("%d%s ", it.Price.Amount, it.OfferID)
				}
			}
		}
		return ids
	}
	redeem := func(who, item string) {
		t.Helper()
		a := decide(t, n, ranking.Request{Slot: "hero", ProfileID: who})
		if r, err := n.Decider.Tell(ctx, []attribution.Outcome{{ID: a.EventID, EventID: a.EventID, ItemID: item, Type: "redeem"}}); err != nil || len(r.Accepted) != 1 {
			t.Fatal(r, err)
		}
	}
	want := func(when, who, want string) {
		t.Helper()
		if got := offers(who); got != want {
			t.Errorf("%s %q is shown %s, want %s", when, who, got, want)
		}
	}
	const both, neither = "900coupon 950other ", "1000 1000 "
	want("at first", "", neither)
	want("at first", "stranger", neither)
	want("at first", "ann", both)
	redeem("ann", "item-00000")
	want("redeemed, and", "ann", "1000 950other ")
	want("redeemed by another,", "bob", both)
	redeem("ann", "item-00001")
	want("with both redeemed", "ann", neither)
	n.Restart()
	n.Again()
	want("after a restart", "ann", neither)
	n.Advance(24 * time.Hour)
	want("after a day", "ann", "1000 950other ")
	n.Grant("ann")
	n.Grant("ann", wire.PersonalisedOffers)
	want("forgotten, and", "ann", both)
}

// A threshold counts what was bought by quantity, any begun unit of what is weighed,
// less what came back, and nothing else that has a quantity.
func TestThresholdsCountPieces(t *testing.T) {
	n := onOffers(t, nodetest.Options{}, strings.Replace(nodetest.Slot, "count: 3", "count: 5", 1), "three,items,item-00000|item-00001,10,,threshold:3,,\n")
	n.Grant("ann", wire.PersonalisedOffers)
	for i, step := range []struct {
		kind     string
		quantity float64
		runs     bool
	}{
		{"click", 7, false}, {"purchase", 2, false}, {"add_to_basket", 3, false}, {"purchase", 0.4, true},
		{"return", 1, false}, {"redeem", 0, true}, {"void", 3, false}, {"purchase", 3, true},
	} {
		o := attribution.Outcome{ID: fmt.Sprint(i), ProfileID: "ann", ItemID: fmt.Sprintf("item-%05d", i%2), Type: step.kind, Quantity: step.quantity}
		if r, err := n.Decider.Tell(ctx, []attribution.Outcome{o}); err != nil || len(r.Accepted) != 1 {
			t.Fatal(r, err)
		}
		if i == 4 {
			n.Restart()
			n.Again()
		}
		reduced := 0
		for _, it := range decide(t, n, ranking.Request{Slot: "hero", ProfileID: "ann"}).Items {
			if it.OfferID == "three" {
				reduced++
			}
		}
		if (reduced == 2) != step.runs || reduced == 1 {
			t.Errorf("after step %d, %s of %v, %d items are on the offer", i, step.kind, step.quantity, reduced)
		}
	}
}

// What one person bought once counts once, though two slots showed it and each has a
// record of the sale.
func TestThresholdsCountASaleOnce(t *testing.T) {
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 5", 1)
	n := onOffers(t, nodetest.Options{}, slot+strings.Replace(slot, "id: hero", "id: till", 1), "two,items,item-00000|item-00001,10,,threshold:2,,\n")
	n.Grant("ann", wire.PersonalisedOffers, wire.Measurement)
	for i, runs := range []bool{false, true} {
		for _, slot := range []string{"hero", "till"} {
			decide(t, n, ranking.Request{Slot: slot, ProfileID: "ann", SessionID: "s"})
		}
		o := attribution.Outcome{ID: fmt.Sprint("o", i), ProfileID: "ann", SessionID: "s", ItemID: "item-00001", Type: "purchase"}
		if r, err := n.Decider.Tell(ctx, []attribution.Outcome{o}); err != nil || len(r.Accepted) != 1 {
			t.Fatal(r, err)
		}
		var ids []string
		for _, rec := range n.Records() {
			if o := rec.GetOutcome(); o != nil {
				ids = append(ids, o.Id)
			}
		}
		if len(ids) != 2*(i+1) || ids[2*i+1] != o.ID+"@till" {
			t.Fatalf("recorded were %v", ids)
		}
		reduced := false
		for _, it := range decide(t, n, ranking.Request{Slot: "hero", ProfileID: "ann"}).Items {
			reduced = reduced || it.OfferID == "two"
		}
		if reduced != runs {
			t.Errorf("with %d bought, the offer runs: %v", i+1, reduced)
		}
	}
}

// By value, what is drawn from is prediction times net margin after the offer, times
// how much is left of its budget; the record says so, and replays.
func TestCampaignsCompeteByValue(t *testing.T) {
	slot := strings.Replace(nodetest.Slot, "rules: []", "arbitration: {by: value, scale: 0.001}\n    rules: []", 1)
	n := onOffers(t, nodetest.Options{}, slot, "half,items,item-00001|item-00002,10,1000,,,\nall,items,item-00003,20,,,,\n")
	for i := range 40 {
		r := ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), Explain: true}
		if a := decide(t, n, r); i < 4 && len(a.Items[0].Reasons) == 0 {
			t.Errorf("no reasons: %+v", a)
		}
		if got, err := n.Decider.Replay(r.EventID); err != nil || !got.Agrees || !got.Module || !got.Reference {
			t.Fatalf("replay: %+v, %v", got, err)
		}
	}
	all, _ := n.Decisions()
	used, checked := int64(0), 0
	for _, d := range all {
		predictions, err := wire.View[float64](d.Prediction)
		weights, err2 := wire.View[float64](d.Worth)
		means, err3 := wire.View[float64](d.Mean)
		variances, err4 := wire.View[float64](d.Variance)
		if err != nil || err2 != nil || err3 != nil || err4 != nil || len(predictions) != len(d.Items) || len(weights) != len(means) {
			t.Fatal(d)
		}
		for row, id := range d.Items {
			// of 1000 with 19 % tax are 840 net, of 900 756, of 800 672; each cost 500
			margin := map[string]float64{"item-00003": 172}[id]
			switch id {
			case "item-00001", "item-00002":
				if margin = 256 * float64(1000-used) / 1000; used >= 1000 {
					margin = 340
				}
			case "item-00000", "item-00004":
				margin = 340
			}
			if k := margin * 0.001; math.Abs(weights[row]-k) > 1e-12 || predictions[row] > 0 && math.Abs(means[row]-k*predictions[row]) > 1e-12 || variances[row] < 0 {
				t.Fatalf("with %d used %s weighs %v, want %v; %v of %v", used, id, weights[row], k, means[row], predictions[row])
			}
			checked++
		}
		for _, s := range d.Shown {
			for _, a := range s.Applied {
				used += a.Discount * int64(a.Units)
			}
		}
	}
	if used != 1000 || checked < 150 {
		t.Errorf("%d used, %d rows", used, checked)
	}
}

// With tiers, offers of the highest priority have the first positions; the rest
// follow, each with its true probability.
func TestTiersComeFirst(t *testing.T) {
	slot := strings.NewReplacer("count: 3", "count: 4", "rules: []", "arbitration: {tiers: true}\n    rules: []").Replace(nodetest.Slot)
	n := onOffers(t, nodetest.Options{}, slot, "top,items,item-00003|item-00004,10,,,,7\nlow,items,item-00001,10,,,,-1\nrain,items,item-00000,20,,,\"{\"\"context.weather\"\": \"\"rain\"\"}\",9\n")
	tier := map[string]int{"item-00003": 1, "item-00004": 1, "item-00001": 2, "item-00000": 3, "item-00002": 3}
	for i := range 60 {
		r := ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i)}
		if i%2 == 1 {
			r.Context = features.Values{text("weather", "rain")}
			tier["item-00000"] = 0
		} else {
			tier["item-00000"] = 3
		}
		a := decide(t, n, r)
		for k, it := range a.Items {
			if k > 0 && tier[it.ID] < tier[a.Items[k-1].ID] {
				t.Fatalf("%s stands before %s", a.Items[k-1].ID, it.ID)
			}
		}
		if alone := a.Items[0].Probability == 1; alone != (i%2 == 1) {
			t.Fatalf("the first of the tier has probability %v", a.Items[0].Probability)
		}
		if got, err := n.Decider.Replay(r.EventID); err != nil || !got.Agrees {
			t.Fatalf("replay: %+v, %v", got, err)
		}
	}
}

// Promise 4 within one answer: what its positions take from a budget together is
// there, and those that it does not reach are not shown at its price.
func TestASlateSharesABudget(t *testing.T) {
	slot := strings.Replace(offersSlot, "count: 2", "count: 5", 1)
	pinned := strings.Replace(slot, "rules: []", "pins: [{position: 1, item: item-00001}, {position: 2, item: item-00002}, {position: 4, item: item-00003}]\n    rules: []", 1)
	for name, slot := range map[string]string{"drawn": slot, "pinned": pinned} {
		n := onOffers(t, nodetest.Options{}, slot, "o,items,item-00001|item-00002|item-00003|item-00004,10,250,,,\n")
		for _, want := range []int{2, 0} {
			if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != want || n.Budgets.Used("o") != 200 {
				t.Errorf("%s: %d items, want %d, %d used of 250", name, len(a.Items), want, n.Budgets.Used("o"))
			}
		}
	}
}
