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
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// fields are those of persons that the rules of these tests read.
const fields = `
version: 0
features:
  - {name: age, scope: context, kind: dense, source: profile.age, purpose: personalised_offers}
  - {name: diet, scope: context, kind: hashed, source: profile.diet, purpose: personalised_offers}
  - {name: allergens, scope: context, kind: hashed, source: profile.allergens, purpose: personalised_offers}
  - {name: household, scope: context, kind: hashed, source: profile.household, purpose: personalised_offers}
`

// site is a node with some rules over items a, b, c …, each changed in turn.
func site(t testing.TB, book, offers string, items ...func(*wire.Item)) (*nodetest.Node, *rules.Book) {
	n := nodetest.New(t, nodetest.Options{})
	files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nzone: America/New_York\nrules:\n"+book, fields, map[string]func(*scoring.Linear){})
	files["offers.csv"] = []byte("id,kind,target,percent,status\n" + offers)
	n.Use(files)
	var all []*wire.Item
	for i, change := range items {
		all = append(all, nodetest.Item(string(rune('a'+i)), change))
	}
	n.Put(all...)
	return n, n.Releases.Active().Slot("hero").Book
}

// left is what the rules leave of the slot's own candidates, as "abc", and of what a
// caller names, with x for what nobody knows; both must say the same of items.
func left(t testing.TB, n *nodetest.Node, b *rules.Book, a rules.Asked) string {
	t.Helper()
	if a.Now == 0 {
		a.Now = n.Store.Now()
	}
	v := b.View(n.Catalogue.Snapshot(), n.Store.Now())
	ids := []string{"x"}
	for i := range v.Len() {
		ids = append(ids, v.ID(i))
	}
	var given rules.Candidates
	if err := v.Give(&given, ids); err != nil {
		t.Fatal(err)
	}
	var got [2]string
	var allowed rules.Allowed
	for k, of := range []*rules.Candidates{v.Source(), &given, v.Source()} {
		var own rules.Stock
		of.Allow(&allowed, of.Stock(n.Catalogue, &own), a)
		removed := 0
		for _, c := range allowed.Removed {
			removed += c.N
		}
		if removed+allowed.Bits.Count() != of.Len() {
			t.Errorf("%v removed and %d left of %d", allowed.Removed, allowed.Bits.Count(), of.Len())
		}
		got[k%2] = ""
		for i := range allowed.Bits.All() {
			got[k%2] += of.ID(i)
		}
	}
	if strings.TrimPrefix(got[1], "x") != got[0] {
		t.Errorf("of its own %q are left, of the caller's %q", got[0], got[1])
	}
	return got[1]
}

func of(category, brand string, attributes ...string) func(*wire.Item) {
	return func(it *wire.Item) {
		it.Category, it.Brand = category, brand
		for i := 0; i < len(attributes); i += 2 {
			it.Attributes[attributes[i]] = attributes[i+1]
		}
	}
}

func said(values map[string]any) func(string) (consent.Value, bool) {
	return func(key string) (consent.Value, bool) {
		v, ok := values[key]
		if !ok {
			return consent.Value{}, false
		}
		return valueOf(v), true
	}
}

func valueOf(v any) consent.Value {
	switch v := v.(type) {
	case float64:
		return consent.Value{Kind: consent.Number, Number: v}
	case []string:
		return consent.Value{Kind: consent.List, List: v}
	}
	return consent.Value{Kind: consent.Text, Text: v.(string)}
}

func knows(name string, v any) []consent.Field {
	return []consent.Field{{Name: name, Value: valueOf(v)}}
}

// goods are a to d: wine, beer, fruit of another brand, and what says nothing.
var goods = []func(*wire.Item){
	of("drinks/wine", "b1", "min_age", "18", "allergens", "sulphites", "diet", "vegan | halal"),
	of("drinks/beer", "b1", "min_age", "16", "allergens", "gluten|Barley", "diet", "vegan"),
	of("food/fruit", "b2", "allergens", "none", "diet", "vegan|halal|kosher"),
	of("", ""),
}

func ctx(kv ...any) rules.Asked {
	values := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		values[kv[i].(string)] = kv[i+1]
	}
	return rules.Asked{Context: said(values), Site: "north"}
}

// Where, when and unless say to which items and in which requests a rule applies;
// what is not known lets it apply. x is no item, so whatever is about items has it.
func TestConditions(t *testing.T) {
	for _, c := range []struct {
		rule string
		with rules.Asked
		want string
	}{
		{"where: {item.category: {$regex: ^drinks}}", ctx(), "cd"},
		{"where: {item.department: drinks, item.brand: b2}", ctx(), "abcd"},
		{"where: {item.price: {$gte: 1190}}", ctx(), ""},
		{"where: {item.attr.min_age: {$gte: 17}}", ctx(), "bcd"},
		{"where: {item.id: {$in: [a, d]}}", ctx(), "bc"},
		{"where: {item.brand: null}", ctx(), "abc"},
		{"when: {context.weather: rain}, brands: [b1]", ctx("weather", "rain"), "cd"},
		{"when: {context.weather: rain}, brands: [b1]", ctx("weather", "sun"), "xabcd"},
		{"when: {context.weather: rain}, brands: [b1]", ctx(), "cd"},
		{"when: {context.open: true}, brands: [b1]", ctx("open", "false"), "xabcd"},
		{"when: {basket: {$in: [a]}}, items: [a, x]", ctx("basket", []string{"b", "a"}), "bcd"},
		{"when: {basket: {$in: [a]}}, items: [a, x]", ctx("basket", []string{"b"}), "xabcd"},
		{"when: {basket: {$in: [a]}}, items: [a, x]", ctx("basket", []string{}), "xabcd"},
		{"when: {basket: {$in: [a]}}, items: [a, x]", ctx("basket", "a"), "bcd"},
		{"when: {basket: {$in: [a]}}, items: [a, x]", ctx("basket", "b"), "xabcd"},
		{"when: {basket: {$in: [a]}}, items: [a, x]", ctx("basket", 5.0), "bcd"},
		{"when: {basket: {$size: 1}}, items: [a, x]", ctx("basket", "b"), "bcd"},
		{"when: {site.id: south}, items: [a, x]", ctx(), "xabcd"},
		{"when: {site.id: north}, items: [a, x]", ctx(), "bcd"},
		{"items: [a, x], unless: {context.staff: true}", ctx("staff", "true"), "xabcd"},
		{"items: [a, x], unless: {context.staff: true}", ctx("staff", "false"), "bcd"},
		{"items: [a, x], unless: {context.staff: true}", ctx(), "bcd"},
		{"brands: [b1], unless: {profile.age: {$lt: 70}}", ctx(), "cd"}, // nobody's age is below 70
		{"where: {item.brand: b1}, unless: {item.category: drinks/beer}", ctx(), "bcd"},
		{"where: {item.brand: b1}, unless: {item.category: drinks/beer, context.event: fair}", ctx("event", "fair"), "bcd"},
		{"where: {item.brand: b1}, unless: {item.category: drinks/beer, context.event: fair}", ctx(), "cd"},
		{"where: {item.category: {$ne: null}}, unless: {$or: [{item.brand: b1, context.club: b1}, {item.brand: b2, context.club: b2}]}", ctx("club", "b2"), "cd"},
		{"where: {item.category: {$ne: null}}, unless: {$or: [{item.brand: b1, context.club: b1}, {item.brand: b2, context.club: b2}]}", ctx("club", "b1"), "abd"},
		{"where: {item.category: {$ne: null}}, unless: {$or: [{item.brand: b1, context.club: b1}, {item.brand: b2, context.club: b2}]}", ctx(), "d"},
	} {
		n, b := site(t, "  - {id: r, kind: exclude, "+c.rule+"}\n", "", goods...)
		if got := left(t, n, b, c.with); got != c.want {
			t.Errorf("%s: %q are left, want %q", c.rule, got, c.want)
		}
	}
}

// Hours, days and dates are those of the rulebook's zone, through its summer time.
func TestTimesAreOfTheZone(t *testing.T) {
	for when, want := range map[string]map[string]bool{ // 8 March 2026: clocks in New York go from 2 to 3
		"{time.hour: 1, time.minute: 59, time.weekday: 0, time.date: '2026-03-08'}": {"2026-03-08T06:59:00Z": true, "2026-03-08T07:59:00Z": false},
		"{time.hour: 3, time.minute: 0}":                                            {"2026-03-08T07:00:00Z": true, "2026-03-08T08:00:00Z": false},
		"{time.date: '2026-03-07'}":                                                 {"2026-03-08T04:59:59Z": true, "2026-03-08T05:00:00Z": false},
	} {
		n, b := site(t, "  - {id: r, kind: exclude, items: [a], when: "+when+"}\n", "", goods...)
		for at, applies := range want {
			now, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			if got := left(t, n, b, rules.Asked{Now: now.UnixMilli()}); (got == "xbcd") != applies {
				t.Errorf("%s at %s: %q are left", when, at, got)
			}
		}
	}
}

// Every kind may have conditions.
func TestKindsHaveConditions(t *testing.T) {
	entry := func(typ wire.OutcomeType) []attribution.Entry {
		return []attribution.Entry{{Type: typ, Item: hash("a"), Times: 1, At: 1_700_000_000_000}}
	}
	for rule, want := range map[string]string{
		"kind: stock, safety: 200":                                 "cd",
		"kind: margin, floor: 0.9":                                 "cd",
		"kind: price, least: 5000":                                 "cd",
		"kind: age, attribute: min_age, source: profile.age":       "cd",
		"kind: needs, attribute: diet, source: context.diet":       "cd",
		"kind: avoid, attribute: diet, source: context.diet":       "xcd",
		"kind: sensitive, class: health":                           "cd",
		"kind: cap, count: 1, window: 1h":                          "xbcd",
		"kind: suppress, outcomes: [purchase], window: 1h":         "xbcd",
		"kind: exclude":                                            "cd",
		"kind: limit, count: 1, of: brand":                         "abcd",
		"kind: separate, groups: [[b1], [b2]]":                     "abcd",
		"kind: cap, count: 1, window: 1h, per: session, of: brand": "cd",
	} {
		n, b := site(t, "  - {id: r, where: {item.department: drinks}, when: {context.on: true}, unless: {context.off: true}, "+rule+"}\n", "", goods...)
		asked := func(kv ...any) rules.Asked {
			a := ctx(append(kv, "diet", []string{"kosher", "vegan"})...)
			a.Now, a.Person, a.Session = 1_700_000_000_001, append(entry(attribution.Shown), entry(purchase)...), entry(attribution.Shown)
			return a
		}
		for with, want := range map[string]string{"on": want, "off": "xabcd", "nor": "xabcd"} {
			a := asked("on", "true", "off", "false")
			switch with {
			case "off":
				a = asked("on", "true", "off", "true")
			case "nor":
				a = asked("on", "false", "off", "false")
			}
			if got := left(t, n, b, a); strings.TrimPrefix(got, "x") != strings.TrimPrefix(want, "x") {
				t.Errorf("%s, %s: %q are left, want %q", rule, with, got, want)
			}
		}
	}
}

const purchase = wire.OutcomeType_OUTCOME_PURCHASE

// Floors and discounts, with 19 % tax: 1190 is 1000 net, of which 500 are margin.
func TestPrices(t *testing.T) {
	for rule, want := range map[string]string{
		"kind: margin, floor_amount: 500":              "bc",
		"kind: margin, floor_amount: 501":              "c",
		"kind: margin, floor: 0.3, floor_amount: 1":    "bc",
		"kind: price, least: 833":                      "abc",
		"kind: price, least: 834":                      "bc",
		"kind: price, max_discount: 0.3":               "abc",
		"kind: price, max_discount: 0.29":              "bc",
		"kind: price, max_discount: 0":                 "bc",
		"kind: price, least: 1191, max_discount: 0.29": "c",
	} {
		n, b := site(t, "  - {id: r, "+rule+"}\n", "o,items,a,30,active\n", nil, nil, func(it *wire.Item) { it.Price.Amount = 2380 })
		if got := left(t, n, b, rules.Asked{}); got != want {
			t.Errorf("%s: %q are left, want %q", rule, got, want)
		}
	}
}

// Allergens and diets: of who says what they avoid or need, nothing that may be
// wrong is left; who says nothing is shown all.
func TestAllergensAndDiets(t *testing.T) {
	for _, c := range []struct {
		kind, source string
		says         any
		want         string
	}{
		{"avoid", "allergens", nil, "xabcd"}, {"avoid", "allergens", []string{}, "xabcd"},
		{"avoid", "allergens", []string{"gluten"}, "ac"}, {"avoid", "allergens", "BARLEY | sulphites", "c"},
		{"avoid", "allergens", []string{"kiwi"}, "abc"},
		{"needs", "diet", nil, "xabcd"}, {"needs", "diet", "vegan", "abc"}, {"needs", "diet", []string{"vegan", "halal"}, "ac"},
		{"needs", "diet", "vegan|kosher", "c"}, {"needs", "diet", "kosher|vegan", "c"}, {"needs", "diet", "paleo", ""},
	} {
		for _, source := range []string{"profile", "context"} {
			n, b := site(t, fmt.Sprintf("  - {id: r, kind: %s, attribute: %s, source: %s.%s}\n", c.kind, c.source, source, c.source), "", goods...)
			a := rules.Asked{}
			if c.says != nil {
				if a = ctx(c.source, c.says); source == "profile" {
					a = rules.Asked{Profile: knows(c.source, c.says)}
				}
			}
			if got := left(t, n, b, a); got != c.want {
				t.Errorf("%s %s.%s of who says %v: %q are left, want %q", c.kind, source, c.source, c.says, got, c.want)
			}
		}
	}
}

// More words than have sets of their own: those that have none are avoided together.
func TestManyAllergens(t *testing.T) {
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("w%03d", i))
	}
	n, b := site(t, "  - {id: r, kind: avoid, attribute: allergens, source: context.allergens}\n", "",
		of("", "", "allergens", strings.Join(many, "|")), of("", "", "allergens", "w000"), of("", "", "allergens", "w299"))
	for says, want := range map[string]string{"w000": "c", "w299": "b", "w250": "bc", "w555": "bc"} {
		if got := left(t, n, b, ctx("allergens", says)); got != want {
			t.Errorf("%s avoided: %q are left, want %q", says, got, want)
		}
	}
}

// An age is shown what it is old enough for; an unknown one what demands none.
func TestAges(t *testing.T) {
	items := append(slices.Clone(goods), of("", "", "min_age", "adult"), of("", "", "min_age", "21"))
	n, b := site(t, "  - {id: r, kind: age, attribute: min_age, source: profile.age}\n", "", items...)
	for _, c := range []struct {
		age  any
		want string
	}{{nil, "cd"}, {15.9, "cd"}, {16.0, "bcd"}, {"18", "abcd"}, {20.0, "abcd"}, {21.0, "abcdf"}, {200.0, "abcdf"}, {"old", "cd"}} {
		a := rules.Asked{}
		if c.age != nil {
			a.Profile = knows("age", c.age)
		}
		if got := left(t, n, b, a); got != c.want {
			t.Errorf("of age %v: %q are left, want %q", c.age, got, c.want)
		}
	}
}

// What is sensitive is shown to who grants that, and where the rule says so to who
// bought such themself lately; nobody else's purchase and no other item counts.
func TestSensitive(t *testing.T) {
	grants := func(p wire.Purpose) bool { return p == "sensitive:alcohol" }
	bought := func(id string, hours int) []attribution.Entry {
		return []attribution.Entry{{Type: purchase, Item: hash(id), Times: 1, At: 1_700_000_000_000 - int64(hours)*3_600_000}}
	}
	const all, none = "abcd", "cd"
	for _, c := range []struct {
		rule string
		with rules.Asked
		want string
	}{
		{"", rules.Asked{}, none}, {"", rules.Asked{Granted: grants}, all}, {"", rules.Asked{Granted: func(p wire.Purpose) bool { return p != "sensitive:alcohol" }}, none},
		{"within: 24h, ", rules.Asked{Granted: grants}, none},
		{"within: 24h, ", rules.Asked{Granted: grants, Person: bought("a", 23)}, all},
		{"within: 24h, ", rules.Asked{Granted: grants, Person: bought("a", 24)}, none},
		{"within: 24h, ", rules.Asked{Granted: grants, Person: bought("c", 1)}, none},
		{"within: 24h, ", rules.Asked{Granted: grants, Session: bought("a", 1), Household: bought("a", 1)}, none},
		{"within: 24h, ", rules.Asked{Person: bought("a", 1)}, none},
	} {
		n, b := site(t, "  - {id: r, kind: sensitive, class: alcohol, "+c.rule+"where: {item.department: drinks}}\n", "", goods...)
		c.with.Now = 1_700_000_000_000
		if got := left(t, n, b, c.with); strings.TrimPrefix(got, "x") != c.want {
			t.Errorf("%s %v: %q are left, want %q", c.rule, c.with.Person, got, c.want)
		}
		if !cmp.Equal(b.Sensitive, []wire.Purpose{"sensitive:alcohol"}) {
			t.Errorf("purposes asked for are %v", b.Sensitive)
		}
	}
}
