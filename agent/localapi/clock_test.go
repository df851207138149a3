package localapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// TestClockJumps: the machine's clock jumps years ahead and back, also over a restart.
// Each time the node decides, holds and quotes from its own time, takes outcomes of
// before and now into the decisions they belong to, gives an old event its old answer,
// and grants nothing that was over.
func TestClockJumps(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	s := &site{n, serve(t, n, localapi.Options{}), t}
	slot := strings.Replace(slots, "count: 3\n", "count: 3\n    hold: {ttl: 10m}\n    quote: {ttl: 10m}\n", 1)
	n.Use(nodetest.Files(t, nodetest.Slots(slot), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	n.Put(nodetest.Items(20)...)
	grant(t, s, "p", wire.PersonalisedOffers, wire.Measurement)
	type answer struct {
		decided
		Items []struct {
			ID           string
			Price        struct{ QuoteUntil time.Time }
			Availability struct{ HoldUntil time.Time }
		}
	}
	ask := func(event string) (a answer) {
		t.Helper()
		s.get(&a, http.StatusOK, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":%q,"profileId":"p"}`, event))
		return a
	}
	told := 0
	tell := func(event, item string) {
		t.Helper()
		told++
		var r struct {
			Accepted  []string
			Unmatched int
		}
		s.get(&r, http.StatusAccepted, "POST", "/v1/outcomes", fmt.Sprintf(`[{"id":"o%d","eventId":%q,"itemId":%q,"type":"click"}]`, told, event, item))
		if len(r.Accepted) != 1 || r.Unmatched > 0 {
			t.Errorf("of %s: %+v", event, r)
		}
	}
	first := ask("e0")
	if !first.Personalised {
		t.Error("granted, and not used")
	}
	year := 365 * 24 * time.Hour
	for i, jump := range []time.Duration{2 * year, -4 * year, time.Hour, -time.Hour, 0} {
		if n.Advance(jump); i == 2 {
			n.Restart()
			n.Again()
			s.api = serve(t, n, localapi.Options{})
		}
		event := fmt.Sprint("e", i+1)
		a, now := ask(event), n.Store.Now()
		if len(a.Items) != 3 || a.Degraded != "none" || a.Personalised {
			t.Errorf("after %v: %+v", jump, a)
		}
		for _, it := range a.Items {
			for _, until := range []time.Time{it.Price.QuoteUntil, it.Availability.HoldUntil} {
				if left := until.UnixMilli() - now; left <= 0 || left > (10*time.Minute).Milliseconds() {
					t.Errorf("after %v a promise stands for %d ms", jump, left)
				}
			}
		}
		tell(event, a.Items[0].ID)
		if again := ask(event); again.Items[0] != a.Items[0] || again.Items[2] != a.Items[2] {
			t.Errorf("after %v %s is answered %+v, then %+v", jump, event, a.Items, again.Items)
		}
	}
	if grant(t, s, "p", wire.PersonalisedOffers); !ask("last").Personalised {
		t.Error("granted anew, and not used")
	}
	all, at := n.Decisions()
	outcomes := 0
	for _, rec := range n.Records() {
		if o := rec.GetOutcome(); o != nil {
			outcomes++
		}
	}
	if !slices.IsSorted(at) || len(all) != 7 || outcomes != told {
		t.Errorf("%d decisions at %v, %d outcomes of %d", len(all), at, outcomes, told)
	}
}
