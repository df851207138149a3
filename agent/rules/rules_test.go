package rules_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const slot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 100}}
    count: 1
    baseline: margin
    policy: {kind: epsilon_greedy}
    reward: {weights: {click: 1}}
`

const book = `
version: 0
rules:
  - {id: stock, kind: stock, safety: 1}
  - {id: live, kind: active}
  - {id: margin, kind: margin, floor: 0.2}
  - {id: none-of-these, kind: exclude, categories: [tobacco], items: [x9]}
  - {id: cap, kind: cap, count: 2, window: 1h, per: person}
  - {id: had-it, kind: suppress, outcomes: [purchase], window: 1h}
`

func shop(t testing.TB, offers string) (*nodetest.Node, *rules.Book) {
	n := nodetest.New(t, nodetest.Options{})
	files := nodetest.Files(t, nodetest.Slots(slot+strings.ReplaceAll(slot, "hero", "till")), book, nodetest.Features, map[string]func(*scoring.Linear){})
	files["offers.csv"] = []byte("id,kind,target,slot,price,currency,percent,starts,ends,priority,per_person_cap,budget,cadence,condition,status,stack,pacing\n" + offers)
	nodetest.Rankings(t, files, map[string][]string{"hero": {"c", "unknown", "a", "c"}})
	n.Use(files)
	return n, n.Releases.Active().Slot("hero").Book
}

func at(n *nodetest.Node, hours int) string {
	return n.Now().Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)
}

// Of the running offers the lowest price wins; what can't be kept to does not run.
func TestOffers(t *testing.T) {
	clock := nodetest.New(t, nodetest.Options{})
	n, b := shop(t, fmt.Sprintf(`low,items,a|b,hero,,,30,,,0,,,,,active,,
lower,category,food,,700,EUR,,%s,%s,0,,,,,active,,
same,brand,b1,,700,EUR,,%[1]s,,5,,,,,active,,
dollars,items,a,,1,USD,,,,0,,,,,active,,
higher,items,a,,5000,EUR,,,,0,,,,,active,,
elsewhere,items,a,till,1,EUR,,,,0,,,,,active,,
paused,items,a,hero,1,EUR,,,,0,,,,,paused,,
conditional,items,a,hero,1,EUR,,,,0,,,,"{""context.weather"": ""rain""}",active,,
mixed,items,a,hero,1,EUR,,,,0,,,,"{""$or"": [{""context.weather"": ""rain""}, {""item.brand"": ""b9""}]}",active,,
rare,items,a,hero,1,EUR,,,,0,,,repeating:7d,,active,,
bounded,items,a,hero,1,EUR,,,,0,,100,,,active,,
ofother,items,a,hero,1,EUR,,,,0,,,,"{""item.brand"": ""b2""}",active,,
`, at(clock, 1), at(clock, 2)))
	n.Put(nodetest.Item("a", nil), nodetest.Item("b", func(it *wire.Item) { it.Brand = "b2" }), nodetest.Item("c", func(it *wire.Item) { it.Brand, it.Category = "b2", "drinks" }))
	for hours, want := range [][]string{{"833 low", "833 low", "1190 "}, {"700 same", "700 lower", "1190 "}, {"700 same", "833 low", "1190 "}} {
		v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
		if b.View(n.Catalogue.Snapshot(), n.Store.Now()) != v {
			t.Error("a view was made again though nothing changed")
		}
		for place, want := range want {
			var none rules.Allowed
			price := v.Source().Price(&none, place)
			if got := fmt.Sprintf("%d %s", v.Gross[place], price.Offers()); got != want {
				t.Errorf("after %d hours, item %d: %q, want %q", hours, place, got, want)
			}
		}
		n.Advance(time.Hour)
	}
}

// What an offer takes off the price is taken off the margin that a rule asks for.
func TestMarginIsAfterTheOffer(t *testing.T) {
	n, b := shop(t, "half,items,a,,,,50,,,,,,,,active,,\n")
	n.Put(nodetest.Item("a", nil), nodetest.Item("b", nil))
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	var allowed rules.Allowed
	v.Source().Allow(&allowed, nil, rules.Asked{Now: n.Store.Now()})
	if want := []rules.Count{{Rule: "margin", N: 1}}; allowed.Bits.Has(0) || !allowed.Bits.Has(1) || !cmp.Equal(allowed.Removed, want) {
		t.Errorf("removed are %v, want %v", allowed.Removed, want)
	}
}

// An offer's own cap counts what this person was shown in this slot since it began,
// and nothing else.
func TestOffersAreCappedPerPerson(t *testing.T) {
	n, b := shop(t, fmt.Sprintf("capped,items,a|b|c|d,,,,30,%s,,,2,,,,active,,\n", time.UnixMilli(1_767_225_600_000).UTC().Format(time.RFC3339)))
	var items []*wire.Item
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		items = append(items, nodetest.Item(id, nil))
	}
	n.Put(items...)
	began := n.Store.Now()
	n.Advance(3 * time.Hour) // and the rulebook's own cap looks back one
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	seen := func(place int, slot string, at int64) attribution.Entry {
		return attribution.Entry{Item: v.Hash[place], Slot: attribution.SlotKey(slot), Times: 2, At: at}
	}
	a := rules.Asked{Now: n.Store.Now(), Person: []attribution.Entry{
		seen(0, "hero", began), seen(1, "till", began), seen(2, "hero", began-1), seen(4, "hero", began),
	}, Session: []attribution.Entry{seen(3, "hero", began)}}
	a.Known = true
	var allowed rules.Allowed
	v.Source().Allow(&allowed, nil, a)
	var got []int64
	for i := range items {
		price := v.Source().Price(&allowed, i)
		got = append(got, price.Gross)
	}
	if want := []int64{1190, 833, 833, 833, 1190}; !slices.Equal(got, want) || !cmp.Equal(allowed.Removed, []rules.Count(nil)) && len(allowed.Removed) > 0 {
		t.Errorf("prices are %v, want %v; removed are %v", got, want, allowed.Removed)
	}
}

// Every rule removes what it says, each candidate is counted once, for the first.
func TestAllow(t *testing.T) {
	n, b := shop(t, "")
	n.Put(
		nodetest.Item("a", nil),
		nodetest.Item("b", func(it *wire.Item) { it.Stock = 1 }),
		nodetest.Item("c", func(it *wire.Item) { it.Status, it.Stock = "hidden", 0 }),
		nodetest.Item("d", func(it *wire.Item) { it.Cost = 990 }),
		nodetest.Item("e", func(it *wire.Item) { it.CostKnown = false }),
		nodetest.Item("f", func(it *wire.Item) { it.Category = "tobacco/cigars" }),
		nodetest.Item("g", nil), nodetest.Item("h", nil), nodetest.Item("i", nil),
	)
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	now := n.Store.Now()
	hash := func(id string) uint64 { i, _ := v.Place(id); return v.Hash[i] }
	asked := rules.Asked{Now: now, Excluded: []string{"i", "a", "unknown"}, Person: []attribution.Entry{
		{Item: hash("g"), Times: 1, At: now - time.Hour.Milliseconds()}, {Item: hash("g"), Times: 1, At: now - 1}, // one is too old
		{Item: hash("h"), Times: 2, At: now - 1}, {Item: hash("b"), Times: 2, At: now - 1}, {Item: 77, Times: 9, At: now},
	}, Session: []attribution.Entry{{Item: hash("g"), Type: wire.OutcomeType_OUTCOME_CLICK, At: now}, {Item: hash("a"), Type: wire.OutcomeType_OUTCOME_PURCHASE, At: now}}}
	var given rules.Candidates
	for name, c := range map[string]struct {
		give    []string
		want    []string
		removed []rules.Count
	}{
		"the slot's own": {nil, []string{"g"}, []rules.Count{{"live", 1}, {"margin", 2}, {"none-of-these", 1}, {"stock", 1}, {"cap", 1}, {"had-it", 1}, {rules.Excluded, 1}}},
		"given":          {[]string{"x9", "g", "unknown", "i", "d"}, []string{"g"}, []rules.Count{{"live", 2}, {"margin", 1}, {rules.Excluded, 1}}},
	} {
		of := v.Source()
		if c.give != nil {
			if of = &given; v.Give(of, c.give) != nil {
				t.Fatal("given candidates were refused")
			}
		}
		for range 2 { // memory is reused
			var own rules.Stock
			var allowed rules.Allowed
			stock := of.Stock(n.Catalogue, &own)
			of.Allow(&allowed, stock, asked)
			var got []string
			for i := range allowed.Bits.All() {
				got = append(got, of.ID(i))
			}
			if d := cmp.Diff(c.want, got) + cmp.Diff(c.removed, allowed.Removed); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			if of.Moved(n.Catalogue, stock) {
				t.Errorf("%s: nothing moved", name)
			}
		}
	}
	stock := v.Source().Stock(n.Catalogue, nil)
	n.Move("1", "a", -1)
	if v.Source().Moved(n.Catalogue, stock) {
		t.Error("a movement that changes nothing changed what can be promised")
	}
	n.Move("2", "b", 1)
	if !v.Source().Moved(n.Catalogue, stock) {
		t.Error("what can be promised now was not noticed")
	}
	if err := v.Give(&given, []string{"a", "b", "a"}); !errors.Is(err, rules.ErrTwice) {
		t.Errorf("an action twice: %v", err)
	}
	if !b.Counts(true, false) || b.Counts(false, true) || b.Counts(false, false) {
		t.Error("who is counted")
	}
}

// Without a model, candidates stand by the ranking, the margin, or as they come.
func TestOrders(t *testing.T) {
	n, b := shop(t, "")
	n.Put(nodetest.Item("a", nil), nodetest.Item("b", func(it *wire.Item) { it.Cost = 100 }), nodetest.Item("c", nil), nodetest.Item("d", func(it *wire.Item) { it.CostKnown = false }))
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	if got, want := v.Source().Ranked(), []float64{-1, -2, 0, -3}; !slices.Equal(got, want) {
		t.Errorf("by the ranking %v, want %v", got, want)
	}
	if got, want := v.Source().AppendBaseline(nil, new(rules.Allowed)), []float64{-1, 0, -2, -3}; !slices.Equal(got, want) {
		t.Errorf("by the margin %v, want %v", got, want)
	}
	var given rules.Candidates
	for range 2 {
		if err := v.Give(&given, []string{"d", "a", "unknown", "c"}); err != nil {
			t.Fatal(err)
		}
		if got, want := given.Ranked(), []float64{-3, -2, -1, 0}; !slices.Equal(got, want) {
			t.Errorf("given, by the ranking %v, want %v", got, want)
		}
		if got, want := given.AppendBaseline(nil, new(rules.Allowed)), []float64{-2, 0, -3, -1}; !slices.Equal(got, want) {
			t.Errorf("given, by the margin %v, want %v", got, want)
		}
	}
}
