package rules_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Prices that decisions of a slot have in common are those that each alone would come
// to: what a caller gives is priced in each decision, and costs, and is removed, the
// same, whoever asks and in whatever order.
func TestKeptPricesAreThoseOfTheDecision(t *testing.T) {
	const offers = `rain,category,x,20,,,,"{""context.weather"": ""rain""}"
gold,brand,G,30,,,,"{""profile.clubs"": ""gold""}"
either,brand,H,25,,,,"{""$or"": [{""profile.clubs"": ""gold""}, {""context.weather"": ""rain""}]}"
once,category,y,40,,one_time,,
capped,items,i001|i002,50,,,1,"{""context.capped"": ""yes""}"
paid,items,i003|i004,60,500,,,"{""context.paid"": ""yes""}"
mixed,brand,G,10,,,,"{""context.mixed"": ""yes"", ""$or"": [{""item.brand"": ""H""}, {""profile.clubs"": ""gold""}]}"
`
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n  - {id: margin, kind: margin, floor: 0.3}\n  - {id: cheap, kind: price, least: 400}\n", "percent,budget,cadence,per_person_cap,condition", offers)
	for i := range 60 {
		n.Put(nodetest.Item(fmt.Sprintf("i%03d", i), func(it *wire.Item) {
			it.Price.Amount, it.Cost, it.CostKnown = 500+int64(i%7)*100, 200+int64(i%11)*30, true
			it.Brand, it.Category = []string{"G", "H", "I"}[i%3], []string{"x", "y"}[i%2]
		}))
	}
	own := b.View(n.Catalogue.Snapshot(), n.Store.Now()).Source()
	var ids []string
	for i := range own.Len() {
		ids = append(ids, own.ID(i))
	}
	var given rules.Candidates
	var kept, fresh rules.Allowed
	common := 0
	rapid.Check(t, func(r *rapid.T) {
		says := map[string]any{}
		for _, key := range []string{"capped", "paid", "mixed"} {
			if rapid.IntRange(0, 4).Draw(r, key) == 0 {
				says[key] = "yes"
			}
		}
		if rapid.Bool().Draw(r, "rain") {
			says["weather"] = "rain"
		}
		a := rules.Asked{Now: n.Store.Now(), Context: said(says), Known: rapid.Bool().Draw(r, "known")}
		if rapid.Bool().Draw(r, "gold") {
			a.Profile = gold
		}
		last, used := rapid.Int64Range(0, 1).Draw(r, "redeemed"), rapid.Int64Range(0, 500).Draw(r, "used")
		a.Redeemed, a.Used = func(string) int64 { return last }, func(string) int64 { return used }
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, 5), 0, 3).Draw(r, "shown") {
			a.Person = append(a.Person, attribution.Entry{Type: attribution.Shown, Item: hash(ids[i]), Slot: attribution.SlotKey("hero"), Times: 1, At: 1})
		}
		own.Allow(&kept, nil, a)
		if err := own.View.Give(&given, ids); err != nil {
			t.Fatal(err)
		}
		given.Allow(&fresh, nil, a)
		if kept.Beside() != nil {
			common++
		}
		alone := says["capped"] != nil && len(a.Person) == 0 || says["paid"] != nil && used == 0 || says["mixed"] != nil // of this decision
		if fresh.Beside() != nil || alone && kept.Beside() != nil {
			r.Fatalf("%v: kept for all, or of given candidates", says)
		}
		if !slices.Equal(kept.Bits, fresh.Bits) || !slices.Equal(kept.Removed, fresh.Removed) {
			r.Fatalf("%v %v: %v, %v; alone %v, %v", says, a.Profile, kept.Bits, kept.Removed, fresh.Bits, fresh.Removed)
		}
		for i := range ids {
			if got, want := own.Price(&kept, i), given.Price(&fresh, i); got.Gross != want.Gross || got.Net != want.Net || got.Personal != want.Personal || got.Offers() != want.Offers() {
				r.Fatalf("%v: %s costs %v, alone %v", says, ids[i], got, want)
			}
		}
	})
	if common < 10 && !testing.Short() {
		t.Errorf("%d decisions had prices in common", common)
	}
}
