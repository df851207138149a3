package ranking_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Each check opens a node several times; -rapid.checks asks for more of them.
func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	_ = flag.Set("rapid.checks", "25")
	_ = flag.Set("rapid.steps", "60")
	os.Exit(m.Run())
}

// randomRules is a rulebook with some of every kind of rule.
func randomRules(r *rapid.T) string {
	var b strings.Builder
	b.WriteString("version: 0\nrules:\n")
	rules := []string{
		fmt.Sprintf("{id: stock, kind: stock, safety: %d}", rapid.IntRange(0, 2).Draw(r, "safety")),
		"{id: live, kind: active}",
		fmt.Sprintf("{id: margin, kind: margin, floor: 0.%d}", rapid.IntRange(0, 6).Draw(r, "floor")),
		"{id: not-these, kind: exclude, categories: [drinks/wine], brands: [b3], items: [i2, u1]}",
		fmt.Sprintf("{id: cap-person, kind: cap, count: %d, window: 2h, per: person}", rapid.IntRange(1, 3).Draw(r, "cap")),
		fmt.Sprintf("{id: cap-session, kind: cap, count: %d, window: 1h, per: session}", rapid.IntRange(1, 3).Draw(r, "cap")),
		"{id: had-it, kind: suppress, outcomes: [purchase, dismiss], window: 90m}",

		"{id: wet, kind: exclude, categories: [drinks], when: {context.weather: rain}}",
		"{id: sweet-only, kind: exclude, brands: [b1], unless: {profile.taste: sweet}}",
		"{id: club, kind: exclude, where: {item.price: {$gte: 900}}, unless: {$or: [{item.brand: b1, context.weather: sun}, {item.department: food, time.hour: {$lt: 12}}]}}",
		"{id: cheap, kind: price, least: 300, max_discount: 0.4}",
		"{id: amount, kind: margin, floor_amount: 150, where: {item.department: drinks}, when: {time.weekday: {$in: [1, 3, 5]}}}",
		"{id: counted, kind: stock, safety: 1, where: {item.brand: b2}, unless: {context.weather: sun}}",
		"{id: adult, kind: age, attribute: min_age, source: context.age}",
		"{id: nuts, kind: avoid, attribute: allergens, source: context.allergens}",
		"{id: tastes, kind: needs, attribute: tastes, source: profile.taste}",
		"{id: secret, kind: sensitive, class: alcohol, within: 3h, where: {item.category: {$regex: wine}}}",
		fmt.Sprintf("{id: cap-brand, kind: cap, count: %d, window: 2h, per: session, of: brand}", rapid.IntRange(1, 3).Draw(r, "cap")),
		fmt.Sprintf("{id: cap-top, kind: cap, count: %d, window: 3h, of: category, depth: 1}", rapid.IntRange(2, 5).Draw(r, "cap")),
		"{id: cap-home-brand, kind: cap, count: 2, window: 2h, per: household, of: brand}",
		"{id: cap-slot, kind: cap, count: 3, window: 1h, per: session, of: slot}",
		fmt.Sprintf("{id: cap-offer, kind: cap, count: %d, window: 2h, per: session, of: offer}", rapid.IntRange(1, 3).Draw(r, "cap")),
		"{id: cap-home, kind: cap, count: 2, window: 2h, per: household}",
		"{id: home-had, kind: suppress, outcomes: [purchase, shown], window: 30m, per: household, of: brand}",
		fmt.Sprintf("{id: node-item, kind: cap, count: %d, window: %s, per: node}", rapid.IntRange(1, 4).Draw(r, "cap"), rapid.SampledFrom([]string{"5s", "20m", "3h", "60h"}).Draw(r, "window")),
		"{id: node-brand, kind: cap, count: 4, window: 100m, per: node, of: brand}",
		"{id: node-top, kind: cap, count: 5, window: 3h, per: node, of: category, depth: 1, unless: {context.weather: sun}}",
		"{id: node-slot, kind: cap, count: 6, window: 1h, per: node, of: slot}",
		"{id: node-offer, kind: cap, count: 3, window: 2h, per: node, of: offer}",
		"{id: one-brand, kind: limit, count: 1, of: brand}",
		"{id: rivals, kind: separate, groups: [[b1], [b2, b3]]}",
	}
	for _, rule := range rules {
		if rapid.IntRange(0, 3).Draw(r, "has rule") == 0 {
			b.WriteString("  - " + rule + "\n")
		}
	}
	b.WriteString("  - {id: live-too, kind: active}\n")
	return b.String()
}

func randomSlots(r *rapid.T) string {
	source := func() string {
		return rapid.SampledFrom([]string{"{catalogue: {limit: 10000}}", "{catalogue: {categories: [drinks]}}", "{items: [i0, i1, i2, i3, nobody]}", "{offers: true}"}).Draw(r, "source")
	}
	policy := func() string {
		return rapid.SampledFrom([]string{"{kind: squarecb, epsilon: 0.3, gamma: 10}", "{kind: softmax, epsilon: 0.1, temperature: 0.5}", "{kind: epsilon_greedy, epsilon: 0.5}"}).Draw(r, "policy")
	}
	none := rapid.SampledFrom([]string{"", "\n    none: {floor: 0.2}"}).Draw(r, "none")
	if rapid.IntRange(0, 2).Draw(r, "pins") == 0 {
		none += "\n    pins: [{position: 2, item: i1}]"
	}
	if rapid.IntRange(0, 2).Draw(r, "promoted") == 0 {
		none += "\n    promoted: {share: 0.5, where: {item.brand: b2}}"
	}
	mode := rapid.SampledFrom([]string{"online", "online", "apprentice", "logging_only"}).Draw(r, "mode")
	return nodetest.Slots(fmt.Sprintf(`
  - id: hero
    kind: offer
    source: %s
    count: 3
    policy: %s%s
    mode: %s
    experiment: {id: loop, unit: session, arms: [{id: a, share: 0.5, policy: learned}, {id: b, share: 0.25, policy: fixed}, {id: c, share: 0.25, policy: uniform}]}
    reward: {weights: {click: 1}}
  - id: till
    kind: content
    source: %s
    count: 2
    policy: %s
    hold: {ttl: 10m, quantity: %d}
    reward: {weights: {click: 1}}
`, source(), policy(), none, mode, source(), policy(), rapid.IntRange(1, 2).Draw(r, "held")))
}

func randomItem(r *rapid.T, id string) *wire.Item {
	return nodetest.Item(id, func(it *wire.Item) {
		it.Price.Amount = rapid.Int64Range(0, 2000).Draw(r, "price")
		it.TaxRate = rapid.SampledFrom([]float64{0, 0.07, 0.19}).Draw(r, "tax")
		it.Cost, it.CostKnown = rapid.Int64Range(0, 1500).Draw(r, "cost"), rapid.IntRange(0, 9).Draw(r, "known") > 0
		it.Category = rapid.SampledFrom([]string{"drinks", "drinks/wine", "drinks/wine/red", "food", ""}).Draw(r, "category")
		it.Brand = rapid.SampledFrom([]string{"", "b1", "b2", "b3"}).Draw(r, "brand")
		it.Status = rapid.SampledFrom([]string{"active", "active", "active", "hidden", "discontinued"}).Draw(r, "status")
		it.Stock, it.StockKnown = rapid.Int64Range(0, 5).Draw(r, "stock"), rapid.Bool().Draw(r, "counted")
		it.SafetyStock = rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(r, "safety stock")
		it.Attributes["min_age"] = rapid.SampledFrom([]string{"", "", "16", "18", "grown"}).Draw(r, "age")
		it.Attributes["allergens"] = rapid.SampledFrom([]string{"", "none", "nuts", "Nuts|milk"}).Draw(r, "allergens")
		it.Attributes["tastes"] = rapid.SampledFrom([]string{"", "sweet", "sour|sweet"}).Draw(r, "tastes")
		if it.Price.Amount%7 == 0 {
			it.Price.Currency = "USD"
		}
	})
}

// randomCampaign is what of an offer makes it one: mostly nothing.
func randomCampaign(r *rapid.T, starts, ends string) string {
	condition := rapid.SampledFrom(append(make([]string, 6), slices.Sorted(maps.Keys(conditions))...)).Draw(r, "condition")
	cadences := []string{"", "", "", "one_time", "repeating:1h", "repeating:2d"}
	if ends != "" { // history is not for ever
		cadences = append(cadences, "threshold:1", "threshold:2", "subscription:taste")
	}
	budget := rapid.SampledFrom([]string{"", "", "", "0", "150", "500", "2500"}).Draw(r, "budget")
	pacing := ""
	if budget != "" && starts != "" && ends != "" {
		pacing = rapid.SampledFrom([]string{"", "none", "even"}).Draw(r, "pacing")
	}
	return fmt.Sprintf("\"%s\",%s,%s,%s,%s", strings.ReplaceAll(condition, `"`, `""`), rapid.SampledFrom(cadences).Draw(r, "cadence"), budget, pacing,
		rapid.SampledFrom([]string{"", "yes", "no"}).Draw(r, "stack"))
}

func randomOffers(r *rapid.T, start time.Time) string {
	var b strings.Builder
	b.WriteString("id,title,kind,target,slot,price,percent,currency,starts,ends,per_person_cap,priority,status,condition,cadence,budget,pacing,stack\n")
	for i := range rapid.IntRange(0, 5).Draw(r, "offers") {
		kind := rapid.SampledFrom([]string{"items", "category", "brand"}).Draw(r, "kind")
		target := map[string]string{"items": "i1|i3|i4", "category": "drinks", "brand": "b2"}[kind]
		price, percent, currency := "", "", ""
		if rapid.Bool().Draw(r, "percent") {
			percent = fmt.Sprint(rapid.IntRange(1, 90).Draw(r, "off"))
		} else {
			price, currency = fmt.Sprint(rapid.IntRange(1, 1500).Draw(r, "to")), "EUR"
		}
		time := func(label string) string {
			h := rapid.IntRange(-2, 6).Draw(r, label)
			return start.Add(time.Duration(h) * time.Hour).UTC().Format(time.RFC3339)
		}
		starts, ends := time("starts"), ""
		if rapid.Bool().Draw(r, "ends") {
			ends = start.Add(7 * 3600e9).UTC().Format("2006-01-02T15:04:05Z07:00")
		}
		fmt.Fprintf(&b, "o%d,,%s,%s,%s,%s,%s,%s,%s,%s,%s,%d,%s,%s\n", i, kind, target, rapid.SampledFrom([]string{"", "hero", "till"}).Draw(r, "slot"),
			price, percent, currency, starts, ends, rapid.SampledFrom([]string{"", "1", "2"}).Draw(r, "per person"), rapid.IntRange(0, 2).Draw(r, "priority"),
			rapid.SampledFrom([]string{"active", "active", "active", "paused"}).Draw(r, "status"), randomCampaign(r, starts, ends))
	}
	return b.String()
}

// Promise 4, and what of promises 2 and 3 lies in records: whatever a site sells,
// its people decide, and shoppers do, in whatever order, with restarts and power
// cuts in between, every recorded decision allowed exactly what the rules leave,
// showed nothing else, and remembers nobody who may not be known.
func TestNoAnswerBreaksARule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := nodetest.New(t, nodetest.Options{})
		defer n.Close()
		offers := randomOffers(r, n.Now())
		files := nodetest.Files(t, randomSlots(r), randomRules(r), homely, map[string]func(*scoring.Linear){"hero": nodetest.Random(3), "till": nodetest.Random(4)})
		files["offers.csv"] = []byte(offers)
		if rapid.Bool().Draw(r, "no model") {
			delete(files, "model/till")
		}
		nodetest.Rankings(t, files, map[string][]string{"hero": {"i4", "gone", "i1", "i0"}})
		n.Use(files)
		for i := range rapid.IntRange(1, 9).Draw(r, "items") {
			n.Put(randomItem(r, fmt.Sprint("i", i)))
		}
		world := world{map[string]ranking.Request{}, map[string]map[string]string{}}
		tellAll(r, t, n, world)
		book := n.Releases.Active().Rulebook
		var parsed []*wire.Offer
		for o, err := range item.Offers(bytes.NewReader(files["offers.csv"]), item.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, o)
		}
		if o := judge(book, parsed, world, n.Records()); len(o.broken) > 0 {
			r.Fatalf("%s\noffers:\n%s\nrules:\n%s\nslots:\n%s", strings.Join(o.broken, "\n"), offers, files["rules.yaml"], files["slots.yaml"])
		}
	})
}

// tellAll lets shoppers and staff do things in any order.
func tellAll(r *rapid.T, t *testing.T, n *nodetest.Node, w world) {
	id := 0
	unique := func(kind string) string { id++; return fmt.Sprint(kind, id) }
	var events []string
	anyone := func() string { return rapid.SampledFrom([]string{"", "p1", "p2"}).Draw(r, "person") }
	session := func() string { return rapid.SampledFrom([]string{"", "s1", "s1", "s1", "s2"}).Draw(r, "session") }
	decides := func(r *rapid.T) { decideSomething(r, t, n, w, anyone(), session(), &events, unique) }
	r.Repeat(map[string]func(*rapid.T){
		"decide": decides, "decide too": decides, "decide three": decides, "decide more": decides,
		"activate": func(r *rapid.T) {
			if len(events) > 0 {
				err := n.Decider.Activate(ctx, rapid.SampledFrom(events).Draw(r, "event"))
				var refusal *ranking.Refusal
				if err != nil && !(errors.As(err, &refusal) && refusal.Problem == ranking.UnknownEvent) { // it was long ago
					t.Fatal(err)
				}
			}
		},
		"outcome": func(r *rapid.T) {
			o := attribution.Outcome{ID: unique("o"), ProfileID: anyone(), SessionID: session(), ItemID: fmt.Sprint("i", rapid.IntRange(0, 9).Draw(r, "item")),
				Type:     rapid.SampledFrom([]string{"click", "purchase", "purchase", "redeem", "dismiss", "void", "return", "not_found"}).Draw(r, "type"),
				Quantity: rapid.SampledFrom([]float64{0, 0, 1, 0.3, 1.2, 2}).Draw(r, "quantity")}
			if len(events) > 0 && rapid.Bool().Draw(r, "of an event") {
				o.EventID = rapid.SampledFrom(events).Draw(r, "event")
			}
			for range rapid.IntRange(1, 2).Draw(r, "times") {
				if _, err := n.Decider.Tell(ctx, []attribution.Outcome{o}); err != nil {
					t.Fatal(err)
				}
			}
		},
		"stock": func(r *rapid.T) {
			n.Move(unique("m"), fmt.Sprint("i", rapid.IntRange(0, 9).Draw(r, "item")), rapid.Int64Range(-2, 3).Draw(r, "delta"))
		},
		"item": func(r *rapid.T) { n.Put(randomItem(r, fmt.Sprint("i", rapid.IntRange(0, 9).Draw(r, "item")))) },
		"consent": func(r *rapid.T) {
			purposes := []wire.Purpose{wire.PersonalisedOffers, wire.PersonalisedContent, wire.Measurement, wire.ProfileBuilding, wire.ModelTraining, "sensitive:alcohol"}
			n.Grant(rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "who"), rapid.SliceOfDistinct(rapid.SampledFrom(purposes), rapid.ID[wire.Purpose]).Draw(r, "purposes")...)
		},
		"know": func(r *rapid.T) { w.know(r, t, n) }, "know too": func(r *rapid.T) { w.know(r, t, n) },
		"time": func(r *rapid.T) {
			n.Advance(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, 9 * time.Minute, 10 * time.Minute, time.Hour, 40 * time.Hour, 170 * time.Hour}).Draw(r, "by"))
		},
		"restart": func(*rapid.T) { n.Restart(); n.Again() },
		"cut": func(*rapid.T) {
			if err := n.Store.Sync(ctx, n.Log.Last()); err != nil {
				t.Fatal(err)
			}
			n.Cut()
			n.Again()
		},
	})
}

func decideSomething(r *rapid.T, t *testing.T, n *nodetest.Node, w world, person, session string, events *[]string, unique func(string) string) {
	q := ranking.Request{Slot: rapid.SampledFrom([]string{"hero", "hero", "till"}).Draw(r, "slot"), ProfileID: person, SessionID: session,
		Count: rapid.IntRange(0, 4).Draw(r, "count"), DeferActivation: rapid.IntRange(0, 3).Draw(r, "defer") == 0, DryRun: rapid.IntRange(0, 5).Draw(r, "dry") == 0,
		Context: features.Values{{Name: "weather", Kind: features.Text, Text: rapid.SampledFrom([]string{"rain", "sun"}).Draw(r, "weather")}}}
	if rapid.IntRange(0, 3).Draw(r, "no weather") == 0 {
		q.Context = nil
	}
	if age := rapid.IntRange(14, 20).Draw(r, "age"); age > 14 {
		q.Context = append(q.Context, features.Value{Name: "age", Kind: features.Number, Number: float64(age)})
	}
	if rapid.IntRange(0, 2).Draw(r, "allergic") == 0 {
		q.Context = append(q.Context, features.Value{Name: "allergens", Kind: features.List, List: []string{"nuts", "kiwi"}})
	}
	if rapid.IntRange(0, 2).Draw(r, "given") == 0 {
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"i0", "i1", "i2", "i3", "i4", "i5", "u1", "u2"}), 1, 8, rapid.ID[string]).Draw(r, "actions") {
			q.Actions = append(q.Actions, ranking.Action{ID: id, Features: features.Values{{Name: "said", Kind: features.Number, Number: 1}}})
		}
	}
	if rapid.IntRange(0, 3).Draw(r, "exclude") == 0 {
		q.ExcludedActions = []string{"i1", "u2", "nobody"}
	}
	if rapid.Bool().Draw(r, "named") {
		q.EventID = unique("e")
	}
	before := n.Log.Last()
	a, err := n.Decider.Decide(ctx, &q)
	if err != nil {
		t.Fatal(err)
	}
	if q.DryRun {
		for _, rec := range n.Records()[before:] {
			if rec.GetTick() == nil {
				t.Fatalf("a dry run recorded %v", rec)
			}
		}
		return
	}
	*events = append(*events, a.EventID)
	if _, again := w.asked[a.EventID]; !again {
		w.asked[a.EventID] = q
	}
	for _, it := range a.Items {
		if slices.Contains(q.ExcludedActions, it.ID) {
			t.Fatalf("%s was excluded", it.ID)
		}
	}
	q.EventID = a.EventID
	again, err := n.Decider.Decide(ctx, &q)
	if err != nil || !sameItems(a, again) || a.Degraded != again.Degraded || a.Personalised != again.Personalised || a.Holdback != again.Holdback || a.Short != again.Short {
		t.Fatalf("the same request again: %v\n%+v\n%+v", err, a, again)
	}
	q.Count = 5
	var refusal *ranking.Refusal
	if _, err := n.Decider.Decide(ctx, &q); !errors.As(err, &refusal) || refusal.Problem != ranking.EventClash {
		t.Fatalf("another request of this event: %v", err)
	}
}

func sameItems(a, b *ranking.Answer) bool {
	return slices.EqualFunc(a.Items, b.Items, func(x, y ranking.Item) bool {
		return x.ID == y.ID && x.Rank == y.Rank && x.Score == y.Score && x.Probability == y.Probability && x.OfferID == y.OfferID &&
			(x.Price == nil) == (y.Price == nil) && (x.Price == nil || *x.Price == *y.Price && reflect.DeepEqual(x.Availability, y.Availability))
	})
}
