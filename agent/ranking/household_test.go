package ranking_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// family is a node with two items, of which a household is shown one once.
func family(t *testing.T) *nodetest.Node {
	n := nodetest.New(t, nodetest.Options{})
	features := strings.Replace(nodetest.Features, "features:\n", "features:\n  - {name: home, scope: context, kind: hashed, source: profile.household, purpose: personalised_content}\n", 1)
	n.Use(nodetest.Files(t, nodetest.Slots(strings.Replace(nodetest.Slot, "rules: []", "rules: [cap]", 1)), "version: 0\nrules:\n  - {id: cap, kind: cap, count: 1, window: 24h, per: household}\n", features, map[string]func(*scoring.Linear){}))
	n.Put(nodetest.Items(2)...)
	for _, person := range []string{"mum", "dad"} {
		n.Grant(person, wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent)
		n.Know(person, "household", "h7")
	}
	return n
}

func shows(t *testing.T, n *nodetest.Node, person string, count int) int {
	t.Helper()
	return len(decide(t, n, ranking.Request{Slot: "hero", ProfileID: person, Count: count}).Items)
}

// A household is counted together, also after a restart; nobody else is counted with
// it, and who does not grant that the household is read is not, either.
func TestHouseholdsAreCountedTogether(t *testing.T) {
	n := family(t)
	n.Grant("son", wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent)
	n.Know("son", "household", "h7")
	n.Grant("son", wire.ProfileBuilding, wire.PersonalisedOffers)
	if got := shows(t, n, "mum", 1); got != 1 {
		t.Fatalf("%d items were shown", got)
	}
	all, _ := n.Decisions()
	home := wire.Pseudonymise(nodetest.Secret, wire.Household, "h7")
	if !bytes.Equal(all[0].Household, home[:]) {
		t.Errorf("the record names household %x", all[0].Household)
	}
	n.Restart()
	n.Again()
	for person, want := range map[string]int{"dad": 1, "": 2, "uncle": 2, "son": 2} {
		if got := shows(t, n, person, 2); got != want {
			t.Errorf("%q was shown %d items, want %d", person, got, want)
		}
	}
	all, _ = n.Decisions()
	for _, d := range all[1:] {
		if len(d.Household) > 0 && !bytes.Equal(d.Pseudonym, pseudonymOf("dad")) {
			t.Errorf("the record of somebody else names household %x", d.Household)
		}
	}
}

func pseudonymOf(id string) []byte { p := nodetest.Person(id); return p[:] }

// When one of a household may not be known any more, what it saw is forgotten.
func TestHouseholdForgets(t *testing.T) {
	n := family(t)
	shows(t, n, "mum", 2)
	if got := shows(t, n, "dad", 2); got != 0 {
		t.Fatalf("%d items were shown", got)
	}
	n.Grant("mum")
	if got := shows(t, n, "dad", 2); got != 2 {
		t.Errorf("%d items were shown to the household of who withdrew", got)
	}
}
