package rules_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/sync/wire"
)

var gold = []consent.Field{{Name: "clubs", Value: consent.Value{Kind: consent.Text, Text: "gold"}}}

// A price is told to be personal where what is known of the person made it another
// one, be it higher, and nowhere else: worked out by hand for a, b and c.
func TestPersonalPricesAreTold(t *testing.T) {
	const nobodys, golds, either = `"{""context.weather"": ""rain""}"`, `"{""profile.clubs"": ""gold""}"`,
		`"{""$or"": [{""profile.clubs"": ""gold""}, {""context.weather"": ""rain""}]}"`
	shown := []attribution.Entry{{Type: attribution.Shown, Item: xxhash.Sum64String("a"), Slot: attribution.SlotKey("hero"), Times: 1, At: 1 << 60, Seq: 1}}
	known := rules.Asked{Known: true}
	member := rules.Asked{Known: true, Profile: gold}
	wet := rules.Asked{Known: true, Profile: gold, Context: raining}
	for name, c := range map[string]struct {
		offer string
		asked rules.Asked
		want  string // a's price
	}{
		"the weather":                 {"10,,,," + nobodys, wet, "900"},
		"a club":                      {"10,,,," + golds, member, "900 personal"},
		"a club that nobody named":    {"10,,,," + golds, known, "1000"},
		"a club in the rain":          {"10,,,," + either, wet, "900"},
		"a club while it is dry":      {"10,,,," + either, member, "900 personal"},
		"a club and an item":          {`10,,,,"{""profile.clubs"": ""gold"", ""$or"": [{""item.brand"": ""A""}, {""context.weather"": ""rain""}]}"`, member, "900 personal"},
		"either of both and an item":  {`10,,,,"{""$or"": [{""profile.clubs"": ""gold"", ""item.brand"": ""A""}, {""context.weather"": ""rain""}]}"`, wet, "900"},
		"what everybody has, too":     {"10,,,,\nclub,items,a,10,,,," + golds, member, "900"},
		"more than everybody has":     {"10,,,,\nclub,items,a,20,,,," + golds, member, "800 personal"},
		"less than everybody has":     {"10,,,,\nclub,items,a,5,,,," + golds, member, "900"},
		"a coupon":                    {"10,,one_time,,", known, "900 personal"},
		"a coupon that was redeemed":  {"10,,one_time,,", rules.Asked{Known: true, Redeemed: func(string) int64 { return 1 }}, "1000"},
		"a cap not reached":           {"10,,,1,", known, "900"},
		"a cap that was":              {"10,,,1,", rules.Asked{Known: true, Person: shown}, "1000 personal"},
		"a budget":                    {"10,1000,,,", member, "900"},
		"a budget that is used up":    {"10,1000,,,", rules.Asked{Known: true, Used: func(string) int64 { return 1000 }}, "1000"},
		"a budget and a club, no one": {"10,1000,,," + golds, known, "1000"},
	} {
		n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n", "percent,budget,cadence,per_person_cap,condition", "o,items,a,"+c.offer+"\n")
		c.asked.Now = n.Store.Now()
		of := b.View(n.Catalogue.Snapshot(), c.asked.Now).Source()
		var allowed rules.Allowed
		of.Allow(&allowed, nil, c.asked)
		got := fmt.Sprint(of.Price(&allowed, 0).Gross)
		if of.Price(&allowed, 0).Personal {
			got += " personal"
		}
		if got != c.want || of.Price(&allowed, 1).Personal {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The baseline by margin stands by the margins at the prices of the decision, those
// of which nothing is known last, of equals in their order.
func TestBaselineByMarginOfTheDecision(t *testing.T) {
	n, b := campaigns(t, campaignSlot+"    baseline: margin\n", "  - {id: live, kind: active}\n", "percent,condition",
		"m,category,x,15,\ng,brand,G,30,\"{\"\"profile.clubs\"\": \"\"gold\"\"}\"\n")
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 200 {
		n.Put(nodetest.Item(fmt.Sprintf("i%03d", i), func(it *wire.Item) {
			it.Price.Amount, it.TaxRate, it.Cost, it.CostKnown = 500+int64(random.IntN(60))*10, 0.1, int64(random.IntN(300)), i%9 != 0
			it.Brand, it.Category = []string{"G", "H", "H"}[random.IntN(3)], []string{"x", "y"}[random.IntN(2)]
		}))
	}
	of := b.View(n.Catalogue.Snapshot(), n.Store.Now()).Source()
	var ids []string
	for i := range of.Len() {
		ids = append(ids, of.ID(i))
	}
	random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	var given rules.Candidates
	if err := of.View.Give(&given, append(ids, "unheard of")); err != nil {
		t.Fatal(err)
	}
	var allowed rules.Allowed
	moved := 0
	for _, of := range []*rules.Candidates{of, &given, of} {
		for _, profile := range [][]consent.Field{gold, nil, gold} {
			of.Allow(&allowed, nil, rules.Asked{Now: n.Store.Now(), Profile: profile})
			margin := func(i int) int64 {
				it, err := n.Catalogue.Item(of.ID(i))
				if err != nil || !it.CostKnown {
					return -1 << 62
				}
				gross := of.Price(&allowed, i).Gross
				return int64(float64(gross)/(1+it.TaxRate)+0.5) - it.Cost
			}
			order := make([]int, of.Len())
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(margin(b), margin(a)) })
			want := make([]float64, of.Len())
			for rank, i := range order {
				want[i] = 0 - float64(rank)
			}
			got := of.AppendBaseline([]float64{42}, &allowed)
			if !slices.Equal(got[1:], want) || got[0] != 42 {
				t.Fatalf("gold %v: %v\nwant %v", profile != nil, got, want)
			}
			if !slices.Equal(want, of.AppendBaseline(nil, new(rules.Allowed))) {
				moved++
			}
		}
	}
	if moved != 6 {
		t.Errorf("personal prices moved %d orders", moved)
	}
}
