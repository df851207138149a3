package nodetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Whole is a node on which a decision has everything to do that there is. Its zero
// value has 1,000 candidates and a rule of every kind.
type Whole struct {
	Options
	Candidates int    // of the catalogue, all in the slot's source; default 1000
	Rules      string // none, each: one of every kind, the default, or fifty
	Holds      bool   // the slot holds what it shows
	NoTraining bool   // people don't let themselves be learned from: their columns are sealed
}

// WholePeople is how many people a whole node knows, as p0 and so on. Each has
// bought eight things.
const WholePeople = 2000

const wholeSlots = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 10000}}
    count: 3
    policy: {kind: squarecb, epsilon: 0.1, gamma: 50}
    experiment: {id: loop, arms: [{id: learned, share: 0.8, policy: learned}, {id: fixed, share: 0.1, policy: fixed}, {id: random, share: 0.1, policy: uniform}]}
    reward: {weights: {click: 0.1, purchase: 1}}
`

// kinds are rules of every kind; %[1]d makes them differ.
var kinds = []string{
	"kind: stock",
	"kind: active",
	"kind: margin, floor: 0.05, floor_amount: %[1]d",
	"kind: price, least: 1%[1]d, max_discount: 0.9",
	"kind: exclude, categories: [tobacco%[1]d]",
	"kind: exclude, where: {item.department: dept%[1]d}, when: {context.weather: snow}",
	"kind: exclude, where: {item.brand: brand%[1]d}, unless: {time.hour: {$gte: 0}}",
	"kind: avoid, attribute: allergens, source: context.allergens",
	"kind: needs, attribute: diet, source: context.diet",
	"kind: age, attribute: min_age, source: context.age",
	"kind: sensitive, class: health, where: {item.department: pharmacy%[1]d}",
	"kind: cap, count: 1000%[1]d, window: 24h, per: person",
	"kind: cap, count: 1000%[1]d, window: 24h, per: session, of: brand",
	"kind: suppress, outcomes: [purchase, dismiss], window: 16%[1]dh",
	"kind: limit, count: 2, of: category",
	"kind: separate, groups: [[brand1], [brand2, brand3]]",
}

func (w *Whole) rules() string {
	var b strings.Builder
	n := map[string]int{"none": 0, "each": len(kinds), "": len(kinds), "fifty": 50}[w.Rules]
	for i := range n {
		line := kinds[i%len(kinds)]
		if strings.Contains(line, "%") {
			line = fmt.Sprintf(line, i/len(kinds))
		}
		fmt.Fprintf(&b, "  - {id: r%d, %s}\n", i, line)
	}
	if n == 0 {
		return "version: 0\nrules:\n  - {id: unused, kind: active}\n"
	}
	return "version: 0\nrules:\n" + b.String()
}

// features are 32 dense columns of items, five of them of pairs of item and person.
func (w *Whole) features() string {
	var b strings.Builder
	b.WriteString("version: 0\nfeatures:\n  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}\n")
	b.WriteString("  - {name: hour, scope: context, kind: dense, source: time.hour}\n  - {name: size, scope: context, kind: dense, source: basket.size}\n")
	for _, key := range []string{"times_bought", "days_since", "category_affinity", "brand_affinity", "price_ratio"} {
		fmt.Fprintf(&b, "  - {name: %s, scope: item, kind: dense, source: pair.%s, purpose: personalised_offers}\n", key, key)
	}
	b.WriteString("  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p}\n  - {name: margin, scope: item, kind: dense, source: item.margin}\n")
	b.WriteString("  - {name: stock, scope: item, kind: dense, source: item.stock, scale: 0.01}\n")
	for i := range 24 {
		fmt.Fprintf(&b, "  - {name: x%d, scope: item, kind: dense, source: item.attr.x%d}\n", i, i)
	}
	return b.String()
}

// Open opens the node.
func (w Whole) Open(t testing.TB) *Node {
	if w.Candidates == 0 {
		w.Candidates = 1000
	}
	slots := wholeSlots
	if w.Holds {
		slots = strings.Replace(slots, "    count: 3\n", "    count: 3\n    hold: {ttl: 1s}\n", 1)
	}
	if w.Rules == "none" {
		slots += "    rules: []\n"
	}
	n := New(t, w.Options)
	n.Use(Files(t, strings.Replace(Slots(slots), "frame_share: 0.05", "frame_share: 0.01", 1), w.rules(), w.features(), map[string]func(*scoring.Linear){"hero": Random(7)}))
	items := Items(w.Candidates)
	for i, it := range items {
		it.Stock = 1_000_000
		it.Attributes["allergens"], it.Attributes["diet"], it.Attributes["min_age"] = []string{"nuts", "milk|nuts", "none"}[i%3], "vegan|halal", fmt.Sprint(i%5*4)
		for k := range 24 {
			it.Attributes[fmt.Sprintf("x%d", k)] = fmt.Sprintf("%.3f", float64((i*7919+k*104729)%1000)/1000)
		}
	}
	n.Put(items...)
	w.people(n, items)
	return n
}

func (w *Whole) people(n *Node, items []*wire.Item) {
	n.t.Helper()
	ctx, a := context.Background(), n.Releases.Active()
	granted := []string{"personalised_offers", "profile_building", "measurement", "device_storage"}
	if !w.NoTraining {
		granted = append(granted, "model_training")
	}
	var sales []attribution.Outcome
	_, err := n.Consents.Import(ctx, a.Terms, a.Profile, func(yield func(consent.Person, error) bool) {
		for i := range WholePeople {
			who := Person(fmt.Sprint("p", i))
			c := &wire.Consent{Pseudonym: who[:], Version: 1, Source: "hub", ConfirmedMs: n.Store.Now(), Purposes: granted}
			fields := []consent.Field{{Name: "taste", Value: consent.Value{Kind: consent.Text, Text: "sweet"}}}
			if !yield(consent.Person{Who: who, Consent: c, Fields: fields}, nil) {
				return
			}
			for k := range 8 {
				sales = append(sales, attribution.Outcome{ID: fmt.Sprint(i, "-", k), ProfileID: fmt.Sprint("p", i), ItemID: items[(i*31+k*97)%len(items)].Id, Type: "purchase"})
			}
		}
	})
	n.check(err)
	r, err := n.Decider.Tell(ctx, sales)
	n.check(err)
	if len(r.Accepted) != len(sales) {
		n.t.Fatalf("%d of %d sales: %v", len(r.Accepted), len(sales), r.Rejected[:1])
	}
}

// WholeRequest is what a kiosk of a whole node asks the i-th time, as JSON.
func WholeRequest(i int64) []byte {
	return fmt.Appendf(nil, `{"slot":"hero","profileId":"p%d","sessionId":"s%d","context":{"weather":"rain","daypart":"noon","age":40,"allergens":["fish"],"diet":["vegan"],"basket":["item-00001","item-00007"]}}`,
		i%WholePeople, i/4)
}
