package rulebook_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// ruled reads some rules, each on a line from 4 on, and extra fields of a slot.
func ruled(rules, slot string) (*rulebook.Rulebook, error) {
	return rulebook.Parse(rulebook.Files{
		Slots: fmt.Appendf(nil, "version: 0\nsalt: %s\nslots:\n- id: a\n  kind: offer\n  reward: {weights: {click: 1}}\n%s", strings.Repeat("0f", 32), slot),
		Rules: []byte("version: 0\nzone: Europe/Berlin\nrules:\n" + rules),
		Features: []byte(`version: 0
features:
- {name: age, scope: context, kind: dense, source: profile.age, purpose: personalised_offers}
- {name: home, scope: context, kind: hashed, source: profile.household, purpose: personalised_offers}
`),
		Purpose: func(s string) bool { return s == "personalised_offers" || s == "sensitive:health" },
	})
}

// Every kind of rule can be said, with conditions.
func TestKinds(t *testing.T) {
	book, err := ruled(`- {id: a, kind: exclude, where: {item.attr.alcohol: yes}, when: {time.hour: {$lt: 7}}, unless: {profile.age: {$gte: 18}, item.id: {$ne: x}}}
- {id: b, kind: margin, floor_amount: 20}
- {id: c, kind: price, least: 100, max_discount: 0}
- {id: d, kind: avoid, attribute: allergens, source: context.allergens}
- {id: e, kind: needs, attribute: diet, source: context.diet}
- {id: f, kind: age, attribute: min_age, source: profile.age}
- {id: g, kind: sensitive, class: health, where: {item.department: pharmacy}, within: 720h}
- {id: h, kind: cap, count: 3, window: 24h, per: household, of: category, depth: 2}
- {id: i, kind: suppress, outcomes: [shown, purchase], window: 1h, of: brand}
- {id: j, kind: limit, count: 2, of: "attribute:colour"}
- {id: k, kind: separate, groups: [[coke], [pepsi, dew]]}
- {id: l, kind: exclude, when: "{\"context.open\": false}"}
`, "  pins: [{position: 1, item: x}]\n  promoted: {share: 0.2, where: {item.brand: own}}\n")
	if err != nil {
		t.Fatal(err)
	}
	if book.Zone != "Europe/Berlin" || book.Rules[7].Of != rulebook.OfCategory || book.Rules[8].Per != "" || *book.Rules[2].MaxDiscount != 0 || book.Slots[0].Promoted.Share != 0.2 {
		t.Errorf("%+v", book.Rules)
	}
	var paths []string
	for i := range book.Rules {
		paths = append(paths, book.Rules[i].Paths()...)
	}
	want := []string{"item.attr.alcohol", "time.hour", "profile.age", "item.id", "context.allergens", "item.attr.allergens", "context.diet", "item.attr.diet",
		"profile.age", "item.attr.min_age", "item.department", "profile.household", "item.attr.colour", "context.open"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
}

// What a rule says wrongly is told with its line and what to write.
func TestRuleFaults(t *testing.T) {
	for rule, want := range map[string]string{
		"kind: exclude, where: {context.weather: rain}":                              "rules[0].where: context.weather is not about items; move it to when or unless",
		"kind: exclude, when: {item.brand: a}":                                       "rules[0].when: item.brand is about items; move it to where or unless",
		"kind: exclude, where: {item.colour: a}":                                     "rules[0].where: item.colour is no path: item. is followed by id, brand, category, department, price or attr.<key>",
		"kind: exclude, when: {time.second: 1}":                                      "rules[0].when: time.second is no path: time. is followed by hour, minute, weekday, date",
		"kind: exclude, when: {weather: rain}":                                       "rules[0].when: weather is no path; use item., context., time., profile., site.id or basket",
		"kind: exclude, unless: {profile.ages: 1}":                                   "rules[0].unless: profile.ages is not declared in features.yaml; give it a feature with this source and its purpose",
		"kind: exclude, where: {}":                                                   "rules[0].where: demands nothing; remove it",
		"kind: exclude, where: {item.price: {$lees: 1}}":                             `rules[0].where.item.price.$lees: unknown operator "$lees"`,
		"kind: exclude, when: {time.weekday: monday}":                                "rules[0].when: time.weekday is a whole number from 0 to 6, so this never holds",
		"kind: exclude, when: {time.hour: {$gte: 24}}":                               "rules[0].when: time.hour is a whole number from 0 to 23, so this never holds",
		"kind: exclude, unless: {item.brand: a, time.minute: -1}":                    "rules[0].unless: time.minute is a whole number from 0 to 59, so this never holds",
		"kind: exclude, when: {time.date: '2026-02-30'}":                             "rules[0].when: time.date is a day such as 2026-03-08, as a text, so this never holds",
		"kind: exclude, when: {time.date: {$gte: 20260308}}":                         "rules[0].when: time.date is a day",
		"kind: exclude, when: {time.date: {$gt: tomorrow}}":                          "rules[0].when: time.date is a day",
		"kind: exclude, when: {time.date: {$gte: '08.03.2026', $lte: '10.03.2026'}}": "rules[0].when: time.date is a day",
		"kind: exclude, when: {time.date: {$gte: '2026-03-08', $lte: '2026-03-01'}}": "rules[0].when: time.date is a day",
		"kind: exclude, where: {item.attr.organic: true}":                            "rules[0].where: item.attr.organic is a text, and any text would be true",
		"kind: exclude, where: {item.attr.organic: {$not: {$eq: false}}}":            "rules[0].where: item.attr.organic is a text",
		"kind: exclude, where: {$or: [{item.brand: a}, {item.attr.organic: false}]}": "rules[0].where: item.attr.organic is a text",
		"kind: exclude, when: {site.id: true}":                                       "rules[0].when: site.id is a text",
		"kind: exclude, categories: [/]":                                             "rules[0].categories[0]: is no name; write one or remove it",
		"kind: exclude, brands: [a, '']":                                             "rules[0].brands[1]: is no name; write one or remove it",
		"kind: separate, groups: [[], [a]]":                                          "rules[0].groups[0]: names no brand; name one or remove it",
		"kind: suppress, outcomes: [buy], window: 1h":                                "rules[0].outcomes[0]: is no outcome type; use one of shown view click",
		"kind: suppress, outcomes: [view, view], window: 1h":                         `rules[0].outcomes[1]: "view" is there twice`,
		"kind: cap, count: 1000000000000, window: 1h":                                "rules[0].count: must be a whole number of at most nine digits",
		"kind: margin":                                                                     "rules[0]: kind margin needs floor or floor_amount",
		"kind: price":                                                                      "rules[0]: kind price needs least or max_discount",
		"kind: price, max_discount: 1.5":                                                   "rules[0].max_discount: must be below 1",
		"kind: avoid, attribute: a":                                                        "rules[0]: kind avoid needs source",
		"kind: avoid, attribute: a, source: item.brand":                                    "rules[0].source: starts with profile. or context., followed by a key",
		"kind: needs, attribute: a, source: profile.diet":                                  "rules[0].source: is not declared in features.yaml",
		"kind: age, attribute: a, source: context.":                                        "rules[0].source: is no path",
		"kind: sensitive, class: health":                                                   "rules[0]: kind sensitive needs where",
		"kind: sensitive, class: sports, where: {item.brand: a}":                           "rules[0].class: makes no known purpose",
		"kind: cap, count: 1, window: 1h, of: shelf":                                       "rules[0].of: must be one of item, offer, slot, brand, category",
		"kind: suppress, outcomes: [view], window: 1h, of: slot":                           "rules[0].of: must be one of item, brand, category",
		"kind: cap, count: 1, window: 1h, of: brand, depth: 2":                             "rules[0].depth: is of category only; remove it",
		"kind: limit, count: 1, of: item":                                                  "rules[0].of: must be one of brand, category, attribute:<key>",
		"kind: limit, count: 1":                                                            "rules[0]: kind limit needs of",
		"kind: separate, groups: [[a]]":                                                    "rules[0].groups: its number of entries must be at least 2",
		"kind: separate, groups: [[a, b], [c, a]]":                                         `rules[0].groups[1][1]: "a" is there twice`,
		"kind: suppress, outcomes: [shown], window: 1h, per: node":                         "rules[0].per: node is of kind cap only",
		"kind: cap, count: 1, window: 721h, per: node":                                     "rules[0].window: a cap per node counts for at most 720h",
		"kind: cap, count: 1, window: 721h":                                                "rules[0].window: a person is remembered for 720h; shorten it",
		"kind: suppress, outcomes: [shown], window: 721h":                                  "rules[0].window: a person is remembered for 720h; shorten it",
		"kind: cap, count: 1, window: 25h, per: session":                                   "rules[0].window: a session is remembered for 24h",
		"kind: sensitive, class: health, where: {item.department: pharmacy}, within: 721h": "rules[0].within: a person is remembered for 720h; shorten it",
		"kind: active, per: household":                                                     "rules[0].per: is nothing to kind active; remove it",
	} {
		_, err := ruled("- {id: r, "+rule+"}\n", "")
		faults, _ := err.(rulebook.Faults)
		if len(faults) != 1 || !strings.HasPrefix(faults[0].String(), "rules.yaml:4: "+want) {
			t.Errorf("%s: %v; want %s", rule, err, want)
		}
	}
	for _, fine := range []string{"{time.hour: {$gte: 23}}", "{time.weekday: 0}", "{time.weekday: '6'}", "{$or: [{time.hour: 25}, {context.a: b}]}", "{time.minute: {$ne: 3}}",
		"{time.date: {$gte: '2026-03-08', $lte: '2026-03-08'}}", "{time.date: {$regex: '-12-2[456]$'}}", "{time.date: {$ne: '2026-02-30'}}", "{time.date: '2032-02-29'}",
		"{context.open: true}", "{context.open: {$exists: true}}", "{site.id: {$exists: true}}"} {
		if _, err := ruled("- {id: r, kind: exclude, when: "+fine+"}\n", ""); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	for slot, want := range map[string]string{
		"  pins: [{position: 1, item: x}, {position: 1, item: y}]\n": `slots.yaml:7: slots[0].pins[1]: "1" is there twice`,
		"  pins: [{position: 1, item: x}, {position: 2, item: x}]\n": `slots.yaml:7: slots[0].pins[1]: "x" is there twice`,
		"  pins: [{position: 0, item: x}]\n":                         "slots.yaml:7: slots[0].pins[0].position: must be at least 1",
		"  promoted: {share: 0.5, where: {context.a: b}}\n":          "slots.yaml:7: slots[0].promoted.where: context.a is not about items",
	} {
		_, err := ruled("- {id: r, kind: active}\n", slot)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v; want %s", slot, err, want)
		}
	}
	if _, err := rulebook.Parse(rulebook.Files{Slots: read(t, "slots.yaml"), Rules: append([]byte("zone: Mars\n"), read(t, "rules.yaml")...), Features: read(t, "features.yaml"),
		Purpose: files(t).Purpose}); err == nil || err.Error() != "rules.yaml:1: zone: is no time zone; write a name such as Europe/Berlin" {
		t.Error(err)
	}
}
