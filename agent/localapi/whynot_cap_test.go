package localapi_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// TestWhyNotForACapWithinAnAnswer: what an item could not have because what stands above
// it used up what a cap left is told with the cap and what stands, and nothing else is.
// The oracle counts brands in the answers of each session.
func TestWhyNotForACapWithinAnAnswer(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	s := &site{n, serve(t, n, localapi.Options{}), t}
	book := "version: 0\nrules:\n  - {id: enough, kind: cap, count: 2, window: 1h, per: session, of: brand}\n"
	n.Use(nodetest.Files(t, nodetest.Slots(strings.Replace(nodetest.Slot, "    rules: []\n", "", 1)), book, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	ids := []string{"a1", "b1", "c1", "d1", "e2", "f2", "g2", "h3"} // the digit is the brand
	for _, id := range ids {
		n.Put(nodetest.Item(id, func(it *wire.Item) { it.Brand = "b" + id[1:] }))
	}
	told := 0
	for e := range 60 {
		shown := map[byte]int{}
		for round := range 2 {
			var a decided
			event := fmt.Sprintf("e%d-%d", e, round)
			s.get(&a, 200, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":%q,"sessionId":"s%d"}`, event, e))
			for _, id := range ids {
				var w whyNot
				s.get(&w, 200, "GET", "/v1/decisions/"+event+"/why-not/"+id, "")
				if full := shown[id[1]] >= 2; full != (w.Verdict == "removed") {
					t.Fatalf("%s: %s is %s, and %v were shown before", event, id, w.Verdict, shown)
				} else if full {
					continue
				}
				want, got := map[int]string{}, map[int]string{}
				var above []string // of the same brand
				for k, x := range a.Items {
					if x.ID == id {
						break
					}
					if shown[id[1]]+len(above) >= 2 {
						want[k+1] = fmt.Sprint("rule enough cap ", above)
					}
					if x.ID[1] == id[1] {
						above = append(above, x.ID)
					}
				}
				for _, k := range w.Kept {
					got[k.Position] = fmt.Sprint(k.By, " ", k.Rule, " cap ", k.Beside)
					if told++; !k.Sure || !strings.HasSuffix(k.Text, "the rule lets 2 of a brand be shown within 1h0m0s") {
						t.Errorf("%+v", k)
					}
				}
				if !maps.Equal(got, want) {
					t.Fatalf("%s, %s beside %+v: kept from %v, want %v; %v were shown before", event, id, a.Items, got, want, shown)
				}
			}
			for _, x := range a.Items {
				shown[x.ID[1]]++
			}
		}
		if most := slices.Max(slices.Collect(maps.Values(shown))); most > 2 {
			t.Fatalf("session %d was shown %v of each brand", e, shown)
		}
	}
	if told == 0 {
		t.Error("a cap never kept anything out")
	}
}
