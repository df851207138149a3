package rules_test

import (
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

func hash(id string) uint64 { return xxhash.Sum64String(id) }

const now = 1_700_000_000_000

// seen says what was shown in a slot: each word is an answer, one item a letter.
func seen(slot, answers string) (all []attribution.Entry) {
	for k, items := range strings.Fields(answers) {
		for _, id := range items {
			all = append(all, attribution.Entry{Item: hash(string(id)), Slot: attribution.SlotKey(slot), Times: 1, At: now - 1, Seq: uint64(k) + 7})
		}
	}
	return all
}

func did(typ wire.OutcomeType, id string) []attribution.Entry {
	return []attribution.Entry{{Type: typ, Item: hash(id), Times: 1, At: now - 1}}
}

// Caps and suppressions count what they are of, for whom they are.
func TestCapsCount(t *testing.T) {
	joined := seen("hero", "a b")
	joined[0].Times = 3
	for _, c := range []struct {
		rule string
		with rules.Asked
		want string
	}{
		{"kind: cap, count: 2, window: 1h", rules.Asked{Person: seen("till", "ab a c")}, "xbcd"},
		{"kind: cap, count: 2, window: 1h", rules.Asked{Session: seen("hero", "a a"), Household: seen("hero", "a a")}, "xabcd"},
		{"kind: cap, count: 2, window: 1h, per: household", rules.Asked{Household: seen("hero", "a a")}, "xbcd"},
		{"kind: cap, count: 2, window: 1h, per: household", rules.Asked{Person: seen("hero", "a a")}, "xabcd"},
		{"kind: cap, count: 3, window: 1h, of: brand", rules.Asked{Person: seen("hero", "ab c")}, "abcd"},
		{"kind: cap, count: 3, window: 1h, of: brand", rules.Asked{Person: seen("hero", "ab c a")}, "cd"},
		{"kind: cap, count: 1, window: 1h, of: brand", rules.Asked{Person: seen("hero", "d")}, "abcd"}, // of no brand
		{"kind: cap, count: 2, window: 1h, of: category", rules.Asked{Person: seen("hero", "ab")}, "abcd"},
		{"kind: cap, count: 2, window: 1h, of: category", rules.Asked{Person: seen("hero", "b b")}, "acd"},
		{"kind: cap, count: 2, window: 1h, of: category, depth: 1", rules.Asked{Person: seen("hero", "ab")}, "cd"},
		{"kind: cap, count: 2, window: 1h, of: slot", rules.Asked{Person: seen("hero", "abcd")}, "xabcd"},
		{"kind: cap, count: 2, window: 1h, of: slot", rules.Asked{Person: seen("hero", "ab c")}, ""},
		{"kind: cap, count: 2, window: 1h, of: slot", rules.Asked{Person: seen("till", "ab c")}, "xabcd"},
		{"kind: cap, count: 4, window: 1h, of: slot", rules.Asked{Person: joined}, ""}, // three joined, and one
		{"kind: cap, count: 2, window: 1h, of: slot, where: {item.brand: b1}", rules.Asked{Person: seen("hero", "c d")}, "cd"},
		{"kind: cap, count: 2, window: 1h, of: offer", rules.Asked{Person: seen("hero", "a c")}, "xbd"},
		{"kind: cap, count: 2, window: 1h, of: offer", rules.Asked{Person: append(seen("till", "a c"), seen("hero", "b b c")...)}, "xabcd"},
		{"kind: cap, count: 1, window: 1ms, of: brand", rules.Asked{Person: seen("hero", "a")}, "abcd"},
		{"kind: suppress, outcomes: [purchase], window: 1h, of: brand", rules.Asked{Session: did(purchase, "b")}, "cd"},
		{"kind: suppress, outcomes: [purchase], window: 1h, of: category, depth: 1", rules.Asked{Person: did(purchase, "b")}, "cd"},
		{"kind: suppress, outcomes: [purchase], window: 1h, of: category", rules.Asked{Person: did(purchase, "b")}, "acd"},
		{"kind: suppress, outcomes: [purchase], window: 1h, of: brand", rules.Asked{Person: seen("hero", "a")}, "abcd"},
		{"kind: suppress, outcomes: [shown], window: 1h", rules.Asked{Person: seen("till", "a"), Session: seen("hero", "c")}, "xbd"},
		{"kind: suppress, outcomes: [purchase], window: 1h, per: household", rules.Asked{Person: did(purchase, "a"), Household: did(purchase, "b")}, "xacd"},
		{"kind: suppress, outcomes: [purchase], window: 1h, per: session", rules.Asked{Person: did(purchase, "a"), Session: did(purchase, "b")}, "xacd"},
	} {
		n, b := site(t, "  - {id: r, "+c.rule+"}\n", "o,items,a|c,10,active\n", goods...)
		c.with.Now = now
		if got := left(t, n, b, c.with); strings.TrimPrefix(got, "x") != strings.TrimPrefix(c.want, "x") {
			t.Errorf("%s: %q are left, want %q", c.rule, got, c.want)
		}
	}
}

// What must be recorded lest a rule miscounts later.
func TestCounts(t *testing.T) {
	for rule, want := range map[string][3]bool{ // of a person, a session, nobody
		"kind: cap, count: 2, window: 1h":                               {true, false, false},
		"kind: cap, count: 2, window: 1h, per: session":                 {false, true, false},
		"kind: cap, count: 2, window: 1h, per: household":               {true, false, false},
		"kind: suppress, outcomes: [shown], window: 1h":                 {true, true, false},
		"kind: suppress, outcomes: [purchase], window: 1h":              {false, false, false},
		"kind: suppress, outcomes: [shown], window: 1h, per: household": {true, false, false},
		"kind: exclude, items: [a], when: {context.a: b}":               {false, false, false},
	} {
		_, b := site(t, "  - {id: r, "+rule+"}\n", "")
		if got := [3]bool{b.Counts(true, false), b.Counts(false, true), b.Counts(false, false)}; got != want {
			t.Errorf("%s: %v, want %v", rule, got, want)
		}
	}
}

// A showing counts towards the caps of other slots, too: what must be recorded is not
// for this slot's rules alone to say.
func TestCountsForOtherSlots(t *testing.T) {
	for rule, want := range map[string]bool{
		"kind: cap, count: 2, window: 1h, per: session":                         true,
		"kind: cap, count: 2, window: 1h, per: session, of: brand":              true,
		"kind: suppress, outcomes: [shown, purchase], window: 1h, per: session": true,
		"kind: cap, count: 2, window: 1h, per: session, of: slot":               false, // of its own answers
		"kind: cap, count: 2, window: 1h, per: session, of: offer":              false,
		"kind: suppress, outcomes: [purchase], window: 1h, per: session":        false,
	} {
		slots := strings.Replace(nodetest.Slot, "rules: []", "rules: [mine]", 1) + strings.NewReplacer("id: hero", "id: till", "rules: []", "rules: [r]").Replace(nodetest.Slot)
		n := nodetest.New(t, nodetest.Options{})
		n.Use(nodetest.Files(t, nodetest.Slots(slots), "version: 0\nrules:\n  - {id: mine, kind: active}\n  - {id: r, "+rule+"}\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nil, "till": nil}))
		b := n.Releases.Active().Slot("hero").Book
		if got := b.Counts(false, true); got != want || b.Counts(false, false) {
			t.Errorf("%s: %v, want %v", rule, got, want)
		}
	}
}
