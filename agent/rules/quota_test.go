package rules_test

import (
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/rules"
)

// What stands in an answer counts towards a cap like what was shown before: of what is
// counted together an answer has what the cap leaves, and no less than that.
func TestCapsWithinAnAnswer(t *testing.T) {
	known, session, home := rules.Asked{Known: true}, rules.Asked{InSession: true}, rules.Asked{InHousehold: true}
	saw := func(a rules.Asked, items string) rules.Asked {
		switch {
		case a.InSession:
			a.Session = seen("hero", items)
		case a.InHousehold:
			a.Household = seen("hero", items)
		default:
			a.Person = seen("hero", items)
		}
		return a
	}
	brand := map[string]int{"ab": 1, "cf": 2, "abcdef": 5}
	for _, c := range []struct {
		rule, offers string
		with         rules.Asked
		want         map[string]int // the most of some items that stand together
	}{
		{"count: 1, of: brand", "", known, map[string]int{"ab": 1, "cf": 1, "d": 1, "e": 1, "abcdef": 4}},
		{"count: 2, of: brand", "", known, map[string]int{"ab": 2, "cf": 2, "abcdef": 6}},
		{"count: 2, of: brand", "", saw(known, "a"), brand},
		{"count: 2, of: brand", "", saw(known, "a f"), map[string]int{"ab": 1, "cf": 1, "abcdef": 4}},
		{"count: 3, of: brand", "", saw(known, "a a"), brand},
		{"count: 3, of: brand", "", saw(known, "a a b"), map[string]int{"ab": 0, "cf": 2, "abcdef": 4}},
		{"count: 2, of: brand", "", rules.Asked{Person: seen("hero", "a")}, brand},
		{"count: 2, of: brand, per: session", "", saw(session, "a"), brand},
		{"count: 2, of: brand, per: household", "", saw(home, "a"), brand},
		{"count: 2, of: brand, per: session", "", saw(known, "a"), map[string]int{"ab": 2, "cf": 2, "abcdef": 6}}, // who has no session
		{"count: 1, of: brand", "", rules.Asked{InSession: true}, map[string]int{"ab": 2, "cf": 2, "abcdef": 6}},  // who is nobody
		{"count: 1, of: brand, where: {item.id: b}", "", known, map[string]int{"ab": 2, "cf": 2}},                 // a after b
		{"count: 1, of: brand, unless: {context.b: yes}", "", known, map[string]int{"ab": 1, "cf": 1}},
		{"count: 2, of: category, depth: 1", "", saw(known, "a"), map[string]int{"abc": 1, "def": 2, "abcdef": 3}},
		{"count: 2, of: category", "", saw(known, "a"), map[string]int{"ac": 1, "b": 1, "de": 2, "abcdef": 5}},
		{"count: 3, of: offer", "o,items,a|b|c|d,10,\n", saw(known, "a"), map[string]int{"abcd": 2, "abcdef": 4}},
		{"count: 1, of: offer", "o,items,a|b,10,\np,brand,b2,10,\n", known, map[string]int{"ab": 1, "cf": 1, "abcdef": 4}},
		{"count: 1, of: offer", "o,items,a|b,10,\np,items,b,50,\"{\"\"context.p\"\": \"\"yes\"\"}\"\n", asked(known, "p", "yes"), map[string]int{"ab": 2, "abcdef": 6}},
		{"count: 1, of: offer", "o,items,a|b,10,\np,items,b,50,\"{\"\"context.p\"\": \"\"yes\"\"}\"\n", asked(known, "p", "no"), map[string]int{"ab": 1, "abcdef": 5}},
	} {
		c.with.Now = now
		for _, given := range [][]string{nil, strings.Split("fedcba", "")} {
			answers := drawnOf(t, "  - {id: r, kind: cap, window: 1h, "+c.rule+"}\n", "", c.offers, c.with, given...)
			for set, most := range c.want {
				if got := together(answers, set); got != most {
					t.Errorf("%s, %d seen, given %v: of %s %d stand together, want %d", c.rule, len(c.with.Person), given, set, got, most)
				}
			}
		}
	}
}

// asked is a request whose context says something.
func asked(a rules.Asked, key, value string) rules.Asked {
	a.Context = ctx(key, value).Context
	return a
}

// Pins keep to caps, and count towards them wherever they stand.
func TestPinsCountTowardsCaps(t *testing.T) {
	const pins = "    pins: [{position: 5, item: a}, {position: 6, item: b}]\n"
	a := rules.Asked{Now: now, Known: true}
	for _, ids := range drawn(t, "  - {id: r, kind: cap, count: 1, window: 1h, of: brand}\n", pins, a) {
		if strings.Contains(ids, "b") || len(ids) != 4 || !strings.HasSuffix(ids, "a") {
			t.Fatalf("%s were shown", ids)
		}
	}
}
