package features_test

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// pairs is a features.yaml with every pair of a person with an item, and some of
// them for another purpose or for less time.
const pairs = `
version: 0
features:
  - {name: times, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers, transform: log1p}
  - {name: days, scope: item, kind: dense, source: pair.days_since, purpose: personalised_offers, scale: 0.01}
  - {name: category, scope: item, kind: dense, source: pair.category_affinity, purpose: personalised_offers}
  - {name: brand, scope: item, kind: dense, source: pair.brand_affinity, purpose: personalised_offers, offset: -0.5}
  - {name: ratio, scope: item, kind: dense, source: pair.price_ratio, purpose: personalised_offers}
  - {name: lately, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers, ttl: 240h}
  - {name: wider, scope: item, kind: dense, source: pair.times_bought, purpose: audience_statistics}
  - {name: price, scope: item, kind: dense, source: item.price}
`

func pairShop(t testing.TB, features string, items ...*wire.Item) *nodetest.Node {
	n := nodetest.New(t, nodetest.Options{})
	files := nodetest.Files(t, nodetest.Slots(slots), "version: 0\nrules: [{id: live, kind: active}]\n", features, map[string]func(*scoring.Linear){"hero": nil})
	files["offers.csv"] = []byte("id,kind,target,slot,percent,status\no,items,item-00002,hero,50,active\n")
	n.Use(files)
	n.Put(items...)
	return n
}

func hash(id string) uint64 { return xxhash.Sum64String(id) }

func purchases(setAt int64, all ...consent.Purchase) []consent.Field {
	slices.SortFunc(all, func(a, b consent.Purchase) int {
		if a.Item < b.Item {
			return -1
		}
		return 1
	})
	return []consent.Field{{Name: "purchases", Value: consent.Value{Kind: consent.History, History: all}, SetAtMs: setAt}}
}

// told is what an item is, for the oracle.
type told struct {
	brand, category string
	regular, price  int64
}

// oracle is what the columns of pairs must be, worked out from the history alone
// and candidate by candidate, without a table.
func oracle(t *testing.T, goods map[string]told, history []consent.Purchase, now int64, id string) []float32 {
	const day = 86_400_000
	item, known := goods[id]
	nothing := float32(math.NaN())
	out := []float32{nothing, nothing, nothing, nothing, nothing, nothing, nothing}
	if len(history) == 0 {
		return out
	}
	out[0], out[6] = 0, 0
	var all, same, branded, paid, times float64
	for _, p := range history {
		age := now/day - int64(p.Day)
		if age < 0 {
			age = 0
		}
		recent := now-int64(p.Day)*day < 240*3_600_000
		if recent && out[5] != out[5] {
			out[5] = 0
		}
		if p.Item == hash(id) {
			out[0], out[1], out[6] = float32(elementary.Log1p(float64(p.Times))), float32(float64(age)*0.01), float32(p.Times)
			if recent {
				out[5] = float32(p.Times)
			}
		}
		for other, o := range goods {
			if hash(other) != p.Item {
				continue
			}
			w := float64(float64(p.Times) * elementary.Exp(-float64(age)*(math.Ln2/60)))
			price := float64(p.Price)
			if price == 0 {
				price = float64(o.regular)
			}
			all += w
			if o.brand == item.brand {
				branded += w
			}
			if o.category == item.category {
				same += w
				times += float64(p.Times)
				paid += float64(p.Times) * price
			}
		}
	}
	if !known {
		return out
	}
	if all > 0 {
		out[2], out[3] = float32(same/all), float32(branded/all-0.5)
	}
	usual := paid / times
	if times == 0 {
		var prices []int64
		for _, o := range goods {
			if o.category == item.category {
				prices = append(prices, o.regular)
			}
		}
		sort.Slice(prices, func(i, j int) bool { return prices[i] < prices[j] })
		usual = float64(prices[(len(prices)-1)/2])
	}
	out[4] = float32(float64(item.price) / usual)
	return out
}

// What columns of pairs hold has the bits that an oracle works out, whatever was
// bought, whenever, and whichever candidates there are.
func TestPairsOfAPersonWithItems(t *testing.T) {
	n := pairShop(t, pairs, nodetest.Items(40)...)
	slot := n.Releases.Active().Slot("hero")
	view := slot.Book.View(n.Catalogue.Snapshot(), n.Store.Now())
	goods := map[string]told{}
	for i, it := range nodetest.Items(40) {
		price := it.Price.Amount
		if i == 2 {
			price = (price + 1) / 2
		}
		if price != view.Gross[i] {
			t.Fatalf("%s costs %d, view says %d", it.Id, price, view.Gross[i])
		}
		goods[it.Id] = told{it.Brand, it.Category, it.Price.Amount, price}
	}
	now := n.Store.Now()
	today := consent.DayOf(now)
	var rows features.Rows
	var given rules.Candidates
	rapid.Check(t, func(r *rapid.T) {
		bought := rapid.SliceOfNDistinct(rapid.IntRange(0, 45), 0, 30, func(i int) int { return i }).Draw(r, "bought")
		var history []consent.Purchase
		for _, i := range bought {
			history = append(history, consent.Purchase{Item: hash(fmt.Sprintf("item-%05d", i)), Times: rapid.Uint16Range(1, 500).Draw(r, "times"),
				Day: uint16(int(today) - rapid.IntRange(-2, 400).Draw(r, "age")), Price: rapid.SampledFrom([]uint32{0, 1, 999, 5000}).Draw(r, "price")})
		}
		field := purchases(now, history...)
		of := view.Source()
		ids := make([]string, 40)
		for i := range ids {
			ids[i] = fmt.Sprintf("item-%05d", i)
		}
		if rapid.Bool().Draw(r, "given") {
			ids = []string{"item-00044", "item-00002", "item-00039", "nothing"}
			of = &given
			if err := view.Give(of, ids); err != nil {
				t.Fatal(err)
			}
		}
		if len(history) == 0 && rapid.Bool().Draw(r, "no field") {
			field = nil
		}
		granted := rapid.Bool().Draw(r, "statistics")
		asked := features.Asked{Catalogue: n.Catalogue, Now: now, Profile: field,
			Granted: func(p wire.Purpose) bool { return granted || p != wire.AudienceStatistics }}
		if err := slot.Plan.Rows(&rows, of, &asked); err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			got, _ := rows.Append(nil, nil, i)
			want := oracle(t, goods, history, now, id)
			if !granted {
				want[6] = missing
			}
			for c := range want {
				if math.Float32bits(got[c]) != math.Float32bits(want[c]) {
					r.Fatalf("%s, column %d: %v, want %v; %d purchases", id, c, got[c], want[c], len(history))
				}
			}
		}
	})
	want := []consent.Declared{
		{Name: "purchases", Purpose: wire.PersonalisedOffers}, {Name: "purchases", Purpose: wire.PersonalisedOffers, TTL: 240 * time.Hour},
		{Name: "purchases", Purpose: wire.AudienceStatistics},
	}
	if !slices.Equal(slot.Plan.Profile, want) || len(slot.Plan.Others) > 0 {
		t.Errorf("fields %v, others %v", slot.Plan.Profile, slot.Plan.Others)
	}
}

// A field that two columns read, each for its own purpose and time, is missing in
// the one whose purpose is not granted, or whose time is over.
func TestEachColumnByItsOwnPurposeAndTime(t *testing.T) {
	n := pairShop(t, `
version: 0
features:
  - {name: near, scope: context, kind: dense, source: profile.size, purpose: personalised_offers, ttl: 1h}
  - {name: far, scope: context, kind: dense, source: profile.size, purpose: audience_statistics, ttl: 10h}
`)
	plan := n.Releases.Active().Slot("hero").Plan
	now := time.UnixMilli(n.Store.Now())
	size := consent.Field{Name: "size", Value: consent.Value{Kind: consent.Number, Number: 42}}
	for _, c := range []struct {
		age     time.Duration
		granted wire.Purpose
		want    []float32
	}{
		{0, wire.PersonalisedOffers, []float32{42, missing}},
		{0, wire.AudienceStatistics, []float32{missing, 42}},
		{time.Hour, wire.PersonalisedOffers, []float32{missing, missing}},
		{time.Hour - time.Millisecond, wire.PersonalisedOffers, []float32{42, missing}},
		{9 * time.Hour, wire.AudienceStatistics, []float32{missing, 42}},
		{10 * time.Hour, wire.AudienceStatistics, []float32{missing, missing}},
	} {
		size.SetAtMs = now.Add(-c.age).UnixMilli()
		dense := make([]float32, 2)
		plan.Context(dense, nil, &features.Known{Time: now, Profile: []consent.Field{size}, Granted: func(p wire.Purpose) bool { return p == c.granted }})
		if !close(dense, c.want) {
			t.Errorf("%v old, %s granted: %v, want %v", c.age, c.granted, dense, c.want)
		}
	}
}

// What is withheld of rows is missing in them, and comes back to the bit.
func TestWithheldPairs(t *testing.T) {
	plan := pairShop(t, pairs, nodetest.Items(3)...).Releases.Active().Slot("hero").Plan
	rows := make([]float32, 3*8)
	for i := range rows {
		rows[i] = float32(i) + 0.25
	}
	was := slices.Clone(rows)
	part := plan.Withhold(nil, nil, nil, rows, nil)
	for i, x := range rows {
		if (i%8 == 7) == nan(x) {
			t.Errorf("cell %d is %v", i, x)
		}
	}
	if plan.Restore(part, nil, nil, rows[:16]) || plan.Restore(part[:4], nil, nil, rows) {
		t.Error("a part of other rows was restored")
	}
	if !plan.Restore(part, nil, nil, rows) || !slices.Equal(rows, was) {
		t.Errorf("restored %v", rows)
	}
}

// BenchmarkPairs is eight columns of pairs over a thousand candidates and a
// history as long as they go, beside one column that is kept.
func BenchmarkPairs(b *testing.B) {
	const eight = `
version: 0
features:
  - {name: a, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers, transform: log1p}
  - {name: b, scope: item, kind: dense, source: pair.days_since, purpose: personalised_offers, scale: 0.01}
  - {name: c, scope: item, kind: dense, source: pair.category_affinity, purpose: personalised_offers}
  - {name: d, scope: item, kind: dense, source: pair.brand_affinity, purpose: personalised_offers}
  - {name: e, scope: item, kind: dense, source: pair.price_ratio, purpose: personalised_offers}
  - {name: f, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers}
  - {name: g, scope: item, kind: dense, source: pair.days_since, purpose: personalised_offers, transform: log1p}
  - {name: h, scope: item, kind: dense, source: pair.category_affinity, purpose: personalised_offers, transform: log1p}
`
	n := nodetest.New(b, nodetest.Options{})
	slots := "  - {id: hero, kind: offer, source: {catalogue: {limit: 1000}}, count: 1, policy: {kind: epsilon_greedy}, reward: {weights: {click: 1}}}\n"
	n.Use(nodetest.Files(b, nodetest.Slots(slots), "version: 0\nrules: []\n", eight, map[string]func(*scoring.Linear){"hero": nil}))
	n.Put(nodetest.Items(1000)...)
	slot := n.Releases.Active().Slot("hero")
	view := slot.Book.View(n.Catalogue.Snapshot(), n.Store.Now())
	now := n.Store.Now()
	var history []consent.Purchase
	for i := range 256 {
		history = append(history, consent.Purchase{Item: hash(fmt.Sprintf("item-%05d", i*7%1000)), Times: uint16(i + 1), Day: uint16(int(consent.DayOf(now)) - i), Price: uint32(i)})
	}
	asked := features.Asked{Catalogue: n.Catalogue, Now: now, Profile: purchases(now, history...), Granted: func(wire.Purpose) bool { return true }}
	var rows features.Rows
	b.ReportAllocs()
	for b.Loop() {
		if err := slot.Plan.Rows(&rows, view.Source(), &asked); err != nil {
			b.Fatal(err)
		}
	}
}
