package ranking_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

// What a person was shown and did is about them: where a rule may ask for it, the
// answer and its record name a purpose that they granted and never say that nothing
// was used; where no rule may, they don't.
func TestHistoryIsOfAPurpose(t *testing.T) {
	capped := strings.Replace(nodetest.Slot, "rules: []", "rules: [seen]", 1)
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(capped+strings.Replace(nodetest.Slot, "id: hero", "id: free", 1)), "version: 0\nrules:\n  - {id: seen, kind: cap, count: 1, window: 24h}\n",
		"version: 0\nfeatures: [{name: hour, scope: context, kind: dense, source: time.hour}]\n", nil))
	n.Put(nodetest.Items(6)...)
	n.Grant("measured", wire.Measurement)
	n.Grant("reader", wire.PersonalisedContent)
	n.Grant("buyer", wire.PersonalisedOffers)
	n.Grant("all", wire.PersonalisedOffers, wire.PersonalisedContent, wire.Measurement)
	n.Grant("builder", wire.ProfileBuilding, wire.ModelTraining)
	for who, want := range map[string]string{"measured": "measurement", "reader": "personalised_content", "buyer": "personalised_offers", "all": "measurement", "builder": "", "stranger": "", "": ""} {
		for _, gpc := range []bool{false, true} {
			want := want
			if gpc && who == "buyer" {
				want = "" // the one purpose for which they may be known is denied
			}
			for _, slot := range []string{"hero", "free"} {
				a := decide(t, n, ranking.Request{Slot: slot, ProfileID: who, Count: 1, Explain: true, Consent: ranking.Signals{GPC: gpc}})
				all, _ := n.Decisions()
				rec := all[len(all)-1]
				used := []string{}
				if want != "" && slot == "hero" {
					used = []string{want}
				}
				silent := a.Basis.Text == "uses nothing about you"
				if !slices.Equal(a.Basis.PurposesUsed, used) || !slices.Equal(append([]string{}, rec.PurposesUsed...), used) || silent != (len(used) == 0) || a.Personalised {
					t.Errorf("%q in %s, GPC %v, with %v removed: %+v, recorded %v, want %v", who, slot, gpc, rec.Removed, a.Basis, rec.PurposesUsed, used)
				}
				if len(rec.Removed) > 0 && len(used) == 0 {
					t.Errorf("%q in %s: %v is removed and nothing was used", who, slot, rec.Removed)
				}
			}
		}
	}
}
