package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const campaignSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 100}}
    policy: {kind: epsilon_greedy}
    reward: {weights: {click: 1}}
`

// campaigns is a node with items a, b and c of 1000 each, of brands A, B and C, that
// cost 500, and a slot's book.
func campaigns(t *testing.T, slot, rulesYAML, header, offers string) (*nodetest.Node, *rules.Book) {
	t.Helper()
	n := nodetest.New(t, nodetest.Options{})
	features := strings.Replace(nodetest.Features, "crosses:", "  - {name: clubs, scope: context, kind: hashed, source: profile.clubs, purpose: personalised_offers}\ncrosses:", 1)
	files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules:\n"+rulesYAML, features, map[string]func(*scoring.Linear){})
	files["offers.csv"] = []byte("id,kind,target," + header + "\n" + offers)
	n.Use(files)
	for _, id := range []string{"a", "b", "c"} {
		n.Put(nodetest.Item(id, func(it *wire.Item) {
			it.Brand, it.Price.Amount, it.TaxRate = strings.ToUpper(id), 1000, 0
		}))
	}
	return n, n.Releases.Active().Slot("hero").Book
}

// prices are what a, b and c cost for a request, "-" where they may not be shown.
func prices(n *nodetest.Node, b *rules.Book, a rules.Asked) (all []string) {
	a.Now = n.Store.Now()
	of := b.View(n.Catalogue.Snapshot(), a.Now).Source()
	var allowed rules.Allowed
	of.Allow(&allowed, nil, a)
	for i := range of.Len() {
		p := of.Price(&allowed, i)
		text := fmt.Sprintf("%d %s", p.Gross, p.Offers())
		if !allowed.Bits.Has(i) {
			text = "-"
		}
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

func raining(key string) (consent.Value, bool) {
	return consent.Value{Kind: consent.Text, Text: "rain"}, key == "weather"
}

// What a condition says of items, of the request and of both decides for whom an
// offer runs; what is withheld, or not said, makes it run for nobody.
func TestConditionsOfOffers(t *testing.T) {
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n", "percent,condition", `
wet,items,a|b|c,10,"{""context.weather"": ""rain"", ""item.brand"": {""$ne"": ""B""}}"
either,items,c,20,"{""$or"": [{""item.brand"": ""A""}, {""context.weather"": ""rain""}]}"
dear,items,a|b,5,"{""item.price"": {""$gte"": 1000}}"
club,items,b,30,"{""profile.clubs"": ""gold""}"
not,items,b,40,"{""profile.clubs"": {""$ne"": ""gold""}}"
`)
	gold := []consent.Field{{Name: "clubs", Value: consent.Value{Kind: consent.Text, Text: "gold"}}}
	for name, c := range map[string]struct {
		a    rules.Asked
		want []string
	}{
		"nothing is said": {rules.Asked{}, []string{"950 dear", "950 dear", "1000"}},
		"it rains":        {rules.Asked{Context: raining}, []string{"900 wet", "950 dear", "800 either"}},
		"a gold member":   {rules.Asked{Profile: gold}, []string{"950 dear", "700 club", "1000"}},
	} {
		if got := prices(n, b, c.a); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Of offers that stack the lowest fixed price comes first, then percents by their
// priority, each of what is left; the rest are one way among others.
func TestStacking(t *testing.T) {
	const offers = `
fixed,items,a|b|c,900,,EUR,yes,1,,
lower,items,b,800,,EUR,yes,0,,
ten,items,a|b,,10,,yes,0,,
third,items,a|b,,33.3333,,yes,5,,
alone,items,a,,45,,no,9,,
wet,items,c,,50,,yes,0,"{""context.weather"": ""rain""}",
`
	header := "price,percent,currency,stack,priority,condition,status"
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n", header, offers)
	// a: 900, less 33.3333 % of it (300) 600, less 10 % of that 540; 550 alone
	// b: 800, less 33.3333 % (266.67) 533, less 10 % (53.3) 480
	if got, want := prices(n, b, rules.Asked{}), []string{"540 fixed|third|ten", "480 lower|third|ten", "900 fixed"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := prices(n, b, rules.Asked{Context: raining}), []string{"540 fixed|third|ten", "480 lower|third|ten", "450 fixed|wet"}; !slices.Equal(got, want) {
		t.Errorf("in the rain %v, want %v", got, want)
	}
	// The priority comes first where campaigns are arbitrated: a is alone's.
	n, b = campaigns(t, campaignSlot+"    arbitration: {by: price}\n", "  - {id: live, kind: active}\n", header, offers)
	if got, want := prices(n, b, rules.Asked{}), []string{"550 alone", "480 lower|third|ten", "900 fixed"}; !slices.Equal(got, want) {
		t.Errorf("arbitrated %v, want %v", got, want)
	}
}

// By value, of offers of the same priority the one wins that leaves most; then the
// one of whose budget most is left.
func TestArbitrationOfOneItem(t *testing.T) {
	header := "price,percent,currency,priority,budget"
	offers := "small,items,a,,10,,1,1000\nlarge,items,a,,20,,1,1000\nsame,items,a,900,,EUR,1,5000\nlow,items,a,,1,,0,\n"
	for by, want := range map[string]string{"price": "800 large", "value": "900 same"} {
		n, b := campaigns(t, campaignSlot+"    arbitration: {by: "+by+"}\n", "  - {id: live, kind: active}\n", header, offers)
		if got := prices(n, b, rules.Asked{}); got[0] != want {
			t.Errorf("by %s: %v, want %s", by, got, want)
		}
	}
}

// Rules about prices look at those of the decision, in both directions.
func TestMarginIsAfterPersonalOffers(t *testing.T) {
	// a costs 500: at 500 nothing is left, at 625 a fifth of it.
	n, b := campaigns(t, campaignSlot, "  - {id: margin, kind: margin, floor: 0.2}\n  - {id: least, kind: price, least: 300, max_discount: 0.4}\n", "price,percent,currency,condition,priority", `
deep,items,a,,38,,"{""context.weather"": ""rain""}",0
deeper,items,b,624,,EUR,"{""context.weather"": ""rain""}",0
even,items,c,625,,EUR,"{""context.weather"": ""rain""}",0
`)
	if got, want := prices(n, b, rules.Asked{}), []string{"1000", "1000", "1000"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := prices(n, b, rules.Asked{Context: raining}), []string{"-", "-", "625 even"}; !slices.Equal(got, want) {
		t.Errorf("in the rain %v, want %v", got, want)
	}
}

// In a slot of offers an item leaves with its last offer; elsewhere it stays at its
// other price.
func TestItemsLeaveWithTheirOffer(t *testing.T) {
	offers := "wet,items,a|b,10,\"{\"\"context.weather\"\": \"\"rain\"\"}\"\nall,items,b,5,\n"
	n, b := campaigns(t, strings.Replace(campaignSlot, "{catalogue: {limit: 100}}", "{offers: true}", 1), "  - {id: live, kind: active}\n", "percent,condition", offers)
	if got, want := prices(n, b, rules.Asked{}), []string{"-", "950 all"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := prices(n, b, rules.Asked{Context: raining}), []string{"900 wet", "900 wet"}; !slices.Equal(got, want) {
		t.Errorf("in the rain %v, want %v", got, want)
	}
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	var allowed rules.Allowed
	v.Source().Allow(&allowed, nil, rules.Asked{Now: n.Store.Now()})
	if want := []rules.Count{{Rule: rules.NoOffer, N: 1}}; !cmp.Equal(allowed.Removed, want) {
		t.Errorf("removed are %v, want %v", allowed.Removed, want)
	}
}

// Each cadence runs for whom it says.
func TestCadences(t *testing.T) {
	began := time.UnixMilli(1_767_225_600_000).UTC().Format(time.RFC3339)
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n", "percent,cadence,starts", strings.ReplaceAll(`
once,items,a,10,one_time,AT
often,items,b,10,repeating:7d,AT
club,items,c,20,subscription:clubs,AT
three,items,c,10,threshold:3,AT
`, "AT", began))
	now := n.Store.Now()
	at := func(last map[string]int64) func(string) int64 { return func(offer string) int64 { return last[offer] } }
	bought := func(entries ...attribution.Entry) []attribution.Entry { return entries }
	v := b.View(n.Catalogue.Snapshot(), now)
	entry := func(place int, t wire.OutcomeType, at int64, times uint16) attribution.Entry {
		return attribution.Entry{Type: t, Item: v.Hash[place], Times: times, At: at}
	}
	purchase, returned := wire.OutcomeType_OUTCOME_PURCHASE, wire.OutcomeType_OUTCOME_RETURN
	if got, want := prices(n, b, rules.Asked{Known: true, Redeemed: at(map[string]int64{"often": now - 1})}), []string{"900 once", "900 often", "1000"}; !slices.Equal(got, want) {
		t.Errorf("who redeemed before it began: %v, want %v", got, want)
	}
	n.Advance(8 * 24 * time.Hour) // into the second period
	week := int64(7 * 24 * time.Hour / time.Millisecond)
	lists := func(list ...string) []consent.Field {
		return []consent.Field{{Name: "clubs", Value: consent.Value{Kind: consent.List, List: list}}}
	}
	for name, c := range map[string]struct {
		a    rules.Asked
		want []string
	}{
		"nobody":                    {rules.Asked{}, []string{"1000", "1000", "1000"}},
		"somebody":                  {rules.Asked{Known: true}, []string{"900 once", "900 often", "1000"}},
		"who redeemed in the first": {rules.Asked{Known: true, Redeemed: at(map[string]int64{"once": now + 1, "often": now + week - 1})}, []string{"1000", "900 often", "1000"}},
		"who redeemed in the next":  {rules.Asked{Known: true, Redeemed: at(map[string]int64{"often": now + week})}, []string{"900 once", "1000", "1000"}},
		"a member":                  {rules.Asked{Profile: lists("x", "club")}, []string{"1000", "1000", "800 club"}},
		"of other clubs":            {rules.Asked{Profile: lists("x", "club2")}, []string{"1000", "1000", "1000"}},
		"who bought three":          {rules.Asked{Known: true, Person: bought(entry(2, purchase, now, 3))}, []string{"900 once", "900 often", "900 three"}},
		"who took one back":         {rules.Asked{Known: true, Person: bought(entry(2, purchase, now, 3), entry(2, returned, now, 1))}, []string{"900 once", "900 often", "1000"}},
		"who bought it before":      {rules.Asked{Known: true, Person: bought(entry(2, purchase, now-1, 3))}, []string{"900 once", "900 often", "1000"}},
		"who bought others":         {rules.Asked{Known: true, Person: bought(entry(1, purchase, now, 3))}, []string{"900 once", "900 often", "1000"}},
	} {
		if got := prices(n, b, c.a); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A budget lets pass what is left of it, and with pacing what time has brought and
// one discount more. Worked by hand: a discount is 100, the budget 1000 over ten
// hours, so 300 are free after three.
func TestBudgetsOfOffers(t *testing.T) {
	clock := nodetest.New(t, nodetest.Options{})
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n", "percent,budget,pacing,starts,ends", fmt.Sprintf(`
plain,items,a,10,250,none,,
paced,items,b,10,1000,even,%s,%s
none,items,c,10,0,none,,
`, at(clock, 0), at(clock, 10)))
	n.Advance(3 * time.Hour)
	for used, want := range map[int64][]string{
		0:   {"900 plain", "900 paced", "1000"},
		150: {"900 plain", "900 paced", "1000"},
		151: {"1000", "900 paced", "1000"},
		300: {"1000", "900 paced", "1000"},
		301: {"1000", "1000", "1000"},
	} {
		if got := prices(n, b, rules.Asked{Used: func(string) int64 { return used }}); !slices.Equal(got, want) {
			t.Errorf("with %d used: %v, want %v", used, got, want)
		}
	}
	if got, want := prices(n, b, rules.Asked{Units: 3}), []string{"1000", "900 paced", "1000"}; !slices.Equal(got, want) {
		t.Errorf("three of each: %v, want %v", got, want)
	}
	n.Advance(7*time.Hour - time.Millisecond)
	if got := prices(n, b, rules.Asked{Used: func(string) int64 { return 901 }}); got[1] != "1000" {
		t.Errorf("at the end: %v", got)
	}
}

// What stands above takes from a budget, and what is decided depends on nothing but
// what the budgets let pass.
func TestBudgetsOverASlate(t *testing.T) {
	n, b := campaigns(t, campaignSlot, "  - {id: live, kind: active}\n", "percent,budget", "two,items,a|b|c,10,250\n")
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	c := v.Source()
	var allowed rules.Allowed
	used := int64(0)
	c.Allow(&allowed, nil, rules.Asked{Now: n.Store.Now(), Used: func(string) int64 { return used }})
	if !allowed.Budgeted() || allowed.Scarce(1) || allowed.Scarce(2) || !allowed.Scarce(3) {
		t.Error("250 last for two discounts of 100")
	}
	removed := bitmap.New(3)
	c.Spent(&allowed, []int{0, -1, -1}, removed)
	if removed.Any() {
		t.Error("a second discount is left")
	}
	if c.Spent(&allowed, []int{0, 2, -1}, removed); !removed.Has(1) {
		t.Error("no third one is")
	}
	for now, want := range map[int64]bool{0: true, 50: true, 51: false, 250: false} {
		if got := c.Affordable(&allowed, func(string) int64 { return now }, 2); got != want {
			t.Errorf("with %d used two are affordable as before: %v", now, got)
		}
	}
	for now, want := range map[int64]bool{0: true, 1: false} {
		if got := c.Affordable(&allowed, func(string) int64 { return now }, 3); got != want {
			t.Errorf("with %d used three are as scarce as before: %v", now, got)
		}
	}
	used = 200
	c.Allow(&allowed, nil, rules.Asked{Now: n.Store.Now(), Used: func(string) int64 { return used }})
	for now, want := range map[int64]bool{200: true, 250: true, 151: true, 150: false, 0: false} {
		if got := c.Affordable(&allowed, func(string) int64 { return now }, 1); got != want {
			t.Errorf("with %d used nothing is affordable as before: %v", now, got)
		}
	}
}
