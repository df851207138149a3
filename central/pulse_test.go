package central

import (
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/sync/wire"
)

// TestAlarmsOfAgents: what an agent says needs a person, the overview says with its
// name, unless it is revoked or silent.
func TestAlarmsOfAgents(t *testing.T) {
	said := &wire.Status{Alarms: []string{"exposure of the group local in home_hero: look"}}
	one := status(time.Now(), fleet.Agent{Status: said})
	got := theirs([]api.Agent{
		{Name: "north-1", Standing: "in scope", Status: one},
		{Name: "north-2", Standing: "in scope"},
		{Name: "north-3", Standing: "revoked", Status: one},
	})
	if want := []string{"north-1: exposure of the group local in home_hero: look"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	many := make([]api.Agent, 70)
	for i := range many {
		many[i] = api.Agent{Name: "north-1", Standing: "in scope", Status: one}
	}
	if got := theirs(many); len(got) != maxTheirs+1 || got[maxTheirs] != "20 more alarms of agents; look at the status of each" {
		t.Errorf("%d alarms, at last %q", len(got), got[len(got)-1])
	}
}
