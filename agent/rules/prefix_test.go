package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// shelves are a to f: b1 drinks/wine, b1 drinks/beer, b2 drinks/wine, b3 food, no
// brand of food, b2 food.
var shelves = []func(*wire.Item){
	of("drinks/wine", "b1", "colour", "red"), of("drinks/beer", "b1"), of("drinks/wine", "b2", "colour", "red"),
	of("food/fruit", "b3"), of("food/fruit", ""), of("food", "b2"),
}

// drawn draws many answers of six positions under some rules and fields of the
// slot. Each is the ids in order.
func drawn(t *testing.T, book, fieldsOfSlot string, a rules.Asked) (all []string) {
	t.Helper()
	return drawnOf(t, book, fieldsOfSlot, "", a)
}

// drawnOf is drawn with offers, and where a caller gives the candidates by their ids.
func drawnOf(t *testing.T, book, fieldsOfSlot, offers string, a rules.Asked, given ...string) (all []string) {
	t.Helper()
	n := nodetest.New(t, nodetest.Options{})
	slots := strings.Replace(nodetest.Slots(slot), "    count: 1\n", "    count: 6\n"+fieldsOfSlot, 1)
	files := nodetest.Files(t, slots, "version: 0\nrules:\n"+book, fields, map[string]func(*scoring.Linear){})
	files["offers.csv"] = []byte("id,kind,target,percent,condition\n" + offers)
	n.Use(files)
	for i, change := range shelves {
		n.Put(nodetest.Item(string(rune('a'+i)), change))
	}
	view := n.Releases.Active().Slot("hero").Book.View(n.Catalogue.Snapshot(), n.Store.Now())
	c := view.Source()
	if given != nil {
		c = new(rules.Candidates)
		if err := view.Give(c, given); err != nil {
			t.Fatal(err)
		}
	}
	var allowed rules.Allowed
	c.Allow(&allowed, nil, a)
	var p rules.Prefix
	d := explore.New(make([]byte, 32))
	for k := range 300 {
		problem := explore.Problem{Means: make([]float64, c.Len()), Allowed: allowed.Bits, Policy: explore.Policy{Kind: explore.Uniform}, Count: 6, EventID: fmt.Sprint(k)}
		pins, masks := p.Begin(c, &allowed, 6)
		if problem.Pins = pins; masks {
			problem.Mask = p.Mask
		}
		s, err := d.Draw(&problem)
		if err != nil {
			t.Fatal(err)
		}
		ids := ""
		for _, at := range s.Positions {
			ids += c.ID(at.Candidate)
		}
		all = append(all, ids)
	}
	return all
}

// together is the most items out of a set that any answer has.
func together(answers []string, set string) (most int) {
	for _, ids := range answers {
		n := 0
		for _, id := range ids {
			if strings.ContainsRune(set, id) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// No answer has more of the same than a limit says, and as many it has; what has no
// brand is of none.
func TestLimit(t *testing.T) {
	for rule, want := range map[string]map[string]int{
		"count: 1, of: brand":                           {"ab": 1, "cf": 1, "d": 1, "e": 1, "abcdef": 4},
		"count: 1, of: category":                        {"ac": 1, "b": 1, "de": 1, "f": 1, "abcdef": 4},
		"count: 2, of: category, depth: 1":              {"abc": 2, "def": 2, "abcdef": 4},
		"count: 1, of: attribute:colour":                {"ac": 1, "abcdef": 5},
		"count: 1, of: brand, where: {item.brand: b1}":  {"ab": 1, "cf": 2, "abcdef": 5},
		"count: 1, of: brand, when: {context.a: 1}":     {"abcdef": 6},
		"count: 1, of: brand, unless: {item.id: b}":     {"ab": 2, "cf": 1, "abcdef": 5},
		"count: 1, of: brand, unless: {context.b: yes}": {"abcdef": 6},
		"count: 1, of: brand, unless: {context.c: yes}": {"abcdef": 4},
	} {
		answers := drawn(t, "  - {id: r, kind: limit, "+rule+"}\n", "", ctx("a", "2", "b", "yes"))
		for set, most := range want {
			if got := together(answers, set); got != most {
				t.Errorf("%s: of %s %d stand together, want %d", rule, set, got, most)
			}
		}
	}
}

// Competitors never stand in one answer; others stand with either.
func TestSeparate(t *testing.T) {
	answers := drawn(t, "  - {id: r, kind: separate, groups: [[b1], [b2, b9]]}\n", "", rules.Asked{})
	with := map[string]bool{}
	for _, ids := range answers {
		one, other := strings.ContainsAny(ids, "ab"), strings.ContainsAny(ids, "cf")
		if one && other || len(ids) != 4 || !strings.ContainsAny(ids, "d") || !strings.ContainsAny(ids, "e") {
			t.Fatalf("%s were shown together", ids)
		}
		with[fmt.Sprint(one, other)] = true
	}
	if len(with) != 2 {
		t.Errorf("only %v were shown", with)
	}
}

// What is no item of the catalogue may be of anybody's brand: it is not shown where
// that matters.
func TestPrefixOfUnknown(t *testing.T) {
	for rule, want := range map[string]string{"kind: limit, count: 1, of: brand": "abcd", "kind: separate, groups: [[b1], [b2]]": "abcd",
		"kind: separate, groups: [[b1], [b2]], when: {context.a: 1}": "xabcd"} {
		n, b := site(t, "  - {id: r, "+rule+"}\n", "", goods...)
		if got := left(t, n, b, ctx("a", "2")); got != want {
			t.Errorf("%s: %q are left, want %q", rule, got, want)
		}
	}
}

// Pins stand where they belong, but for those that a rule removes, alone or beside
// the pins before them; what is drawn keeps to rules with the pins, wherever they are.
func TestPins(t *testing.T) {
	const pins = "    pins: [{position: 5, item: nobody}, {position: 4, item: b}, {position: 2, item: a}, {position: 3, item: d}]\n"
	for rule, want := range map[string]struct{ second, third, most string }{
		"kind: limit, count: 1, of: brand":     {"a", "d", "acdef"}, // b is of a's brand
		"kind: separate, groups: [[b1], [b2]]": {"a", "d", "abde"},
		"kind: exclude, items: [a]":            {"", "d", "bcdef"},
	} {
		for _, ids := range drawn(t, "  - {id: r, "+rule+"}\n", pins, rules.Asked{}) {
			if want.second != "" && ids[1:2] != want.second || ids[2:3] != want.third || strings.Trim(ids, want.most) != "" {
				t.Fatalf("%s: %s were shown", rule, ids)
			}
			if want.most == "abde" && ids[3:4] != "b" {
				t.Fatalf("%s: %s were shown, and b was pinned", rule, ids)
			}
			if strings.HasPrefix(rule, "kind: limit") && strings.ContainsAny(ids, "b") || together([]string{ids}, "cf") > 1 && strings.HasPrefix(rule, "kind: limit") {
				t.Fatalf("%s: %s were shown", rule, ids)
			}
		}
	}
}

// Promoted items have their share of positions, and no more than there are of them.
func TestPromoted(t *testing.T) {
	answers := drawn(t, "  - {id: r, kind: active}\n", "    promoted: {share: 0.5, where: {item.department: food}}\n", rules.Asked{})
	first := 0
	for _, ids := range answers {
		if len(ids) != 6 {
			t.Fatalf("only %s were shown", ids)
		}
		if strings.ContainsAny(ids[:1], "def") {
			first++
		}
	}
	if share := float64(first) / float64(len(answers)); share < 0.68 || share > 0.82 { // ½ + ½·½, three standard errors
		t.Errorf("a share of %v are promoted at first, want 0.75", share)
	}
	answers = drawn(t, "  - {id: r, kind: active}\n", "    promoted: {share: 1, where: {item.id: d}}\n", rules.Asked{})
	for _, ids := range answers {
		if ids[0] != 'd' || len(ids) != 6 {
			t.Fatalf("%s were shown", ids)
		}
	}
}
