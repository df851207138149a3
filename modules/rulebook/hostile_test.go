package rulebook_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// What could not be meant is told, and not taken with an effect that nobody asked for:
// a rule that holds for none or for all, a column of one value, a window in which
// nothing is remembered. Each is put in place of the line, or behind it.
func TestWhatCouldNotBeMeant(t *testing.T) {
	const (
		feature = "  - {name: score1, scope: item, kind: dense, source: action.score1}\n"
		text    = "  - {name: z, scope: item, kind: hashed, source: item.id, text: "
		rule    = "  - {id: live, kind: active}\n"
		learned = "        - {id: learned, share: 0.8, policy: learned}\n        - {id: fixed, share: 0.1, policy: fixed}\n        - {id: random, share: 0.1, policy: uniform}\n"
		items   = `{items: [04006381333931, "plu 4011"]}`
	)
	for _, c := range []struct{ file, old, new, want string }{
		{"features", feature, "  - {name: z, scope: item, kind: dense, source: item.margin, scale: 0}\n", "scale: makes every value the same"},
		{"features", feature, "  - {name: z, scope: item, kind: dense, source: item.margin, scale: -1e300}\n", "scale: must be from 1e-12 to 1e+12 in size"},
		{"features", feature, "  - {name: z, scope: item, kind: dense, source: item.margin, scale: 1e-300}\n", "scale: must be from 1e-12 to 1e+12 in size"},
		{"features", feature, "  - {name: z, scope: item, kind: dense, source: item.margin, offset: 1e38}\n", "offset: must be at most 1e+12 in size"},
		{"features", feature, "  - {name: z, scope: item, kind: dense, source: item.margin, ttl: 0.0001ms}\n", "ttl: must be of whole milliseconds"},
		{"features", feature, "  - {name: z, scope: item, kind: hashed, source: item.attr.price}\n", "source: is a column of its own, and no attribute"},
		{"features", feature, "  - {name: z, scope: item, kind: hashed, source: item.attr. x}\n", "source: must be the name of an attribute"},
		{"features", feature, "  - {name: z, scope: context, kind: hashed, source: profile.purposes, purpose: personalised_offers}\n", "source: is a column of imports"},
		{"features", feature, text + `{en: a, EN: b}}` + "\n", `text[1]: "en" is there twice`},
		{"features", feature, text + `{en: "  "}}` + "\n", "text.en: must be one line that people can read"},
		{"features", feature, text + `{en: "a\nb"}}` + "\n", "text.en: must be one line that people can read"},
		{"features", "hash: vw", "hash: vw\ncontext: [{key: weather, type: text}, {key: basket, type: text}]", "context[1].type: of basket is list"},
		{"features", "hash: vw", "hash: vw\ncontext: [{key: weather, type: text}, {key: ' hour', type: text}]", "context[1].key: must be a name without spaces"},
		{"rules", rule, "  - {id: a, kind: price, least: 0}\n", "least: must be at least 1"},
		{"rules", rule, "  - {id: a, kind: price, max_discount: 1}\n", "max_discount: must be below 1"},
		{"rules", rule, "  - {id: a, kind: exclude, brands: [], where: {item.category: wine}}\n", "brands: its number of entries must be at least 1"},
		{"rules", rule, "  - {id: a, kind: exclude, brands: [x, x]}\n", `brands[1]: "x" is there twice`},
		{"rules", rule, "  - {id: a, kind: exclude, brands: [' x']}\n", "brands[0]: has spaces around it"},
		{"rules", rule, "  - {id: a, kind: exclude, categories: [food//cheese]}\n", "categories[0]: has an empty step"},
		{"rules", rule, "  - {id: a, kind: exclude, items: [' a']}\n", "items[0]: has spaces around it"},
		{"rules", rule, "  - {id: a, kind: age, attribute: item.attr.min_age, source: context.age}\n", "attribute: must be the name of an attribute"},
		{"rules", rule, "  - {id: a, kind: avoid, attribute: brand, source: context.not}\n", "attribute: is a column of its own"},
		{"rules", rule, "  - {id: a, kind: limit, count: 1, of: 'attribute: '}\n", "of: must be the name of an attribute"},
		{"rules", rule, "  - {id: a, kind: exclude, where: {item.attr.stock: x}}\n", "where: item.attr.stock is a column of its own"},
		{"rules", rule, "  - {id: a, kind: separate, groups: [[x], [' y']]}\n", "groups[1][0]: has spaces around it"},
		{"rules", rule, "  - {id: a, kind: cap, count: 1, window: 0.1ms}\n", "window: must be of whole milliseconds"},
		{"rules", rule, "  - {id: not_found, kind: active}\n", "id: is the name under which removals are counted"},
		{"rules", rule, "  - {id: offer, kind: active}\n", "id: is the name under which removals are counted"},
		{"rules", rule, "  - {id: a, kind: active, text: {en: ' '}}\n", "text.en: must be one line"},
		{"rules", "version: 0\n", "version: 0\nlists: [price]\n", "lists[0]: is a column of its own"},
		{"rules", "version: 0\n", "version: 0\nlists: [' labels']\n", "lists[0]: must be the name of an attribute"},
		{"slots", learned, "        - {id: learned, share: 1, policy: learned}\n", "arms: its number of entries must be at least 2"},
		{"slots", "purchase: 1,", "purchase: 5,", "weights.purchase: is outside of range [-1 2]"},
		{"slots", "dismiss: -0.5", "dismiss: -1.5", "weights.dismiss: is outside of range [-1 2]"},
		{"slots", "{click: 0.1, purchase: 1, dismiss: -0.5}", "{click: 0}", "weights: are all 0"},
		{"slots", "range: [-1, 2]", "range: [-1, 1e300]", "range: must be of numbers of at most 1e+12 in size"},
		{"slots", "range: [-1, 2]", "range: [-1e300, 2]", "range: must be of numbers of at most 1e+12 in size"},
		{"slots", "epsilon: 0.01", "epsilon: 1e-300", "policy.epsilon: must be at least 1e-06"},
		{"slots", "temperature: 0.3", "temperature: 1e-300", "policy.temperature: must be from 1e-12 to 1e+12"},
		{"slots", "none: {floor: 0.05}", "none: {floor: 1e-300}", "none.floor: must be at least 1e-06"},
		{"slots", "hold: {ttl: 10m}", "hold: {ttl: 100000h}", "hold.ttl: must be at most 2.592e+06"},
		{"slots", "rules: [cap-day, in-stock]", "rules: [cap-day, cap-day]", `rules[1]: "cap-day" is there twice`},
		{"slots", `brands: [x]`, `brands: []`, "catalogue.brands: its number of entries must be at least 1"},
		{"slots", `brands: [x]`, `brands: [""]`, "catalogue.brands[0]: is no name"},
		{"slots", items, `{items: []}`, "source.items: its number of entries must be at least 1"},
		{"slots", items, `{items: [""]}`, "source.items[0]: is no name"},
		{"slots", "baseline: margin", "baseline: margin\n    pins: [{position: 1, item: 'a '}]", "pins[0].item: has spaces around it"},
	} {
		f := files(t)
		f.Purpose = func(s string) bool { return s == "personalised_offers" || s == "sensitive:health" }
		b := map[string]*[]byte{"slots": &f.Slots, "rules": &f.Rules, "features": &f.Features}[c.file]
		if bytes.Count(*b, []byte(c.old)) != 1 {
			t.Fatalf("%q is %d times in %s.yaml", c.old, bytes.Count(*b, []byte(c.old)), c.file)
		}
		if strings.HasPrefix(c.old, "  - {") {
			c.new = c.old + c.new
		}
		*b = bytes.Replace(*b, []byte(c.old), []byte(c.new), 1)
		_, err := rulebook.Parse(f)
		var faults rulebook.Faults
		if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(faults[0].Path+": "+faults[0].Problem, c.want) || faults[0].Line == 0 {
			t.Errorf("%s: %v; want %s", strings.TrimSpace(strings.TrimPrefix(c.new, c.old)), err, c.want)
		}
	}
}
