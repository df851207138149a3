package ranking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

// wide is a features.yaml of 32 dense columns of items, and a few others.
func wide() string {
	var b strings.Builder
	b.WriteString("version: 0\nfeatures:\n")
	b.WriteString("  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}\n")
	b.WriteString("  - {name: hour, scope: context, kind: dense, source: time.hour}\n")
	b.WriteString("  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p}\n")
	b.WriteString("  - {name: margin, scope: item, kind: dense, source: item.margin}\n")
	b.WriteString("  - {name: stock, scope: item, kind: dense, source: item.stock, scale: 0.01}\n")
	for i := range 29 {
		fmt.Fprintf(&b, "  - {name: x%d, scope: item, kind: dense, source: item.attr.x%d}\n", i, i)
	}
	return b.String()
}

const shopRules = `
version: 0
rules:
  - {id: in-stock, kind: stock}
  - {id: live, kind: active}
  - {id: margin, kind: margin, floor: 0.05}
  - {id: no-tobacco, kind: exclude, categories: [tobacco]}
  - {id: cap, kind: cap, count: 1000, window: 24h, per: person}
  - {id: had-it, kind: suppress, outcomes: [purchase, dismiss], window: 168h}
`

const shopSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 10000}}
    count: 3
    policy: {kind: squarecb, epsilon: 0.1, gamma: 50}
    experiment: {id: loop, arms: [{id: learned, share: 0.8, policy: learned}, {id: fixed, share: 0.1, policy: fixed}, {id: random, share: 0.1, policy: uniform}]}
    reward: {weights: {click: 0.1, purchase: 1}}
`

func shop(b testing.TB, n int) *nodetest.Node { return shopOf(b, n, shopRules) }

func shopOf(b testing.TB, n int, rules string) *nodetest.Node {
	node := nodetest.New(b, nodetest.Options{})
	slots := strings.Replace(nodetest.Slots(shopSlot), "frame_share: 0.05", "frame_share: 0.01", 1)
	node.Use(nodetest.Files(b, slots, rules, wide(), map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	items := nodetest.Items(n)
	for i, it := range items {
		for k := range 29 {
			it.Attributes[fmt.Sprintf("x%d", k)] = fmt.Sprintf("%.3f", float64((i*7919+k*104729)%1000)/1000)
		}
	}
	node.Put(items...)
	a := node.Releases.Active()
	_, err := node.Consents.Import(ctx, a.Terms, a.Profile, func(yield func(consent.Person, error) bool) {
		for _, p := range people {
			who := nodetest.Person(p)
			c := &wire.Consent{Pseudonym: who[:], Version: 1, Source: "hub", ConfirmedMs: node.Store.Now(),
				Purposes: []string{"personalised_offers", "profile_building", "measurement", "model_training", "device_storage"}}
			fields := []consent.Field{{Name: "taste", Value: consent.Value{Kind: consent.Text, Text: "sweet"}}}
			if !yield(consent.Person{Who: who, Consent: c, Fields: fields}, nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	return node
}

// people are those of the shop who can be known.
var people = func() (all [5000]string) {
	for i := range all {
		all[i] = fmt.Sprint("p", i)
	}
	return all
}()

// serve runs the loops that a node runs beside its decisions, until it is called.
func serve(b testing.TB, node *nodetest.Node) (stop func()) {
	running, end := context.WithCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() { _ = node.Log.Run(running) })
	loops.Go(func() { _ = node.Store.Run(running) })
	return func() {
		end()
		loops.Wait()
	}
}

// BenchmarkDecide is a decision in process, over a slot's own candidates and 32
// dense columns, with rules, features, score, draw, full record and the answer: of
// somebody who can be known, and of nobody. Its allocations must not grow with the
// candidates.
func BenchmarkDecide(b *testing.B) {
	for _, who := range []string{"nobody", "session", "person"} {
		for _, n := range []int{100, 1000, 10_000} {
			b.Run(fmt.Sprintf("%s/candidates=%d", who, n), func(b *testing.B) {
				node := shop(b, n)
				r := ranking.Request{Slot: "hero", Context: features.Values{{Name: "weather", Kind: features.Text, Text: "rain"}}}
				defer serve(b, node)()
				i := 0
				b.ReportAllocs()
				for b.Loop() {
					i++
					if who != "nobody" {
						r.SessionID = fmt.Sprint("s", i/4)
					}
					if who == "person" {
						r.ProfileID = people[i%len(people)]
					}
					a, err := node.Decider.Decide(ctx, &r)
					if err != nil || len(a.Items) != 3 {
						b.Fatal(err, a)
					}
				}
			})
		}
	}
}

// BenchmarkFairness is a decision of somebody among 1,000 candidates, with five groups
// watched and without: what counting them costs on top.
func BenchmarkFairness(b *testing.B) {
	const groups = `fairness:
  - {id: a, items: {item.brand: brand1}}
  - {id: b, items: {item.department: dept2}}
  - {id: c, items: {item.price: {$lt: 1220}}}
  - {id: d, customers: {profile.taste: sweet}}
  - {id: e, customers: {time.hour: {$lt: 12}}}
`
	for name, rules := range map[string]string{"none": shopRules, "five": shopRules + groups} {
		b.Run("groups="+name, func(b *testing.B) {
			node := shopOf(b, 1000, rules)
			r := ranking.Request{Slot: "hero"}
			defer serve(b, node)()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.ProfileID = people[i%len(people)]
				if a, err := node.Decider.Decide(ctx, &r); err != nil || len(a.Items) != 3 {
					b.Fatal(err, a)
				}
			}
		})
	}
}

// BenchmarkExplain is the same decision with the reasons of three items and
// without: what they cost on top.
func BenchmarkExplain(b *testing.B) {
	node := shop(b, 1000)
	defer serve(b, node)()
	for _, explain := range []bool{false, true} {
		b.Run(fmt.Sprintf("explain=%v", explain), func(b *testing.B) {
			r := ranking.Request{Slot: "hero", Explain: explain}
			b.ReportAllocs()
			for b.Loop() {
				a, err := node.Decider.Decide(ctx, &r)
				if err != nil || explain && len(a.Items[0].Reasons) == 0 {
					b.Fatal(err, a)
				}
			}
		})
	}
}

// BenchmarkPersonalOffers compares decisions in a slot of 1,000 items without offers,
// and with ten that are decided for each request and are for a thirteenth of the items
// each. A rule about margins looks at all prices.
func BenchmarkPersonalOffers(b *testing.B) {
	for _, offers := range []int{0, 10} {
		b.Run(fmt.Sprint(offers), func(b *testing.B) {
			n := nodetest.New(b, nodetest.Options{})
			files := nodetest.Files(b, nodetest.Slots(strings.Replace(nodetest.Slot, "rules: []", "rules: [live, margin]", 1)), noRules+"  - {id: margin, kind: margin, floor: 0.1}\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)})
			rows := "id,kind,target,percent,condition\n"
			for k := range offers {
				rows += fmt.Sprintf("o%d,brand,brand%d,10,\"{\"\"context.weather\"\": {\"\"$in\"\": [\"\"rain\"\", \"\"sun\"\"]}, \"\"time.hour\"\": {\"\"$gte\"\": 0}}\"\n", k, k)
			}
			files["offers.csv"] = []byte(rows)
			n.Use(files)
			n.Put(nodetest.Items(1000)...)
			r := ranking.Request{Slot: "hero", Context: features.Values{text("weather", "rain")}}
			for b.Loop() {
				if _, err := n.Decider.Decide(ctx, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
