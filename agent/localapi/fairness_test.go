package localapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// TestFairness: what a group of customers got is in status and metrics under its id once
// enough persons were on both sides, and nothing of it before; never what makes anybody
// one of it.
func TestFairness(t *testing.T) {
	s := newSite(t, localapi.Options{})
	const groups = `fairness:
  - {id: group-a, customers: {profile.taste: "secret-taste"}, least: 10, window: 1h}
  - {id: group-b, items: {item.brand: brand1}, least: 10, window: 1h}
`
	s.Use(nodetest.Files(t, nodetest.Slots(slots), rules+groups, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	for i := range 40 {
		who := fmt.Sprint("p", i)
		s.Grant(who, wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent, wire.Measurement)
		s.Know(who, "taste", []string{"secret-taste", "other-taste"}[i%2])
	}
	hour := func(people int) (status localapi.Status, metrics string) {
		for i := range 100 {
			event := fmt.Sprintf("e%d-%d", people, i)
			var a struct{ Items []struct{ ID string } }
			s.get(&a, http.StatusOK, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":"%s","profileId":"p%d"}`, event, i%people))
			if i%10 == 0 {
				s.get(nil, http.StatusAccepted, "POST", "/v1/outcomes", fmt.Sprintf(`[{"id":"%s","eventId":"%s","itemId":"%s","type":"not_found"}]`, event, event, a.Items[0].ID))
			}
		}
		s.Advance(time.Hour)
		s.get(nil, http.StatusOK, "POST", "/v1/decide", `{"slot":"hero"}`)
		w := s.ask("GET", "/v1/status", "")
		s.get(&status, http.StatusOK, "GET", "/v1/status", "")
		metrics = s.ask("GET", "/metrics", "").Body.String()
		for _, text := range []string{w.Body.String(), metrics} {
			if strings.Contains(text, "taste") {
				t.Error("a value, or its field, is in status or metrics")
			}
		}
		if len(status.Fairness) != 2 {
			t.Fatalf("%+v", status.Fairness)
		}
		return status, metrics
	}

	status, metrics := hour(19) // 10 and 9 of them
	if a := status.Fairness[0]; a.Group != "group-a" || a.Sides != nil || a.From != nil || strings.Contains(metrics, "group-a") {
		t.Errorf("of few: %+v", a)
	}
	status, metrics = hour(20)
	if a := status.Fairness[0]; a.Sides == nil || a.Sides.Group.Decisions != 50 || a.Sides.Rest.Decisions != 50 || a.Sides.Group.Broken != 10 || a.Sides.Unknown != nil || a.Of != "customers" {
		t.Errorf("%+v, %+v", a, a.Sides)
	}
	if b := status.Fairness[1]; b.Sides == nil || b.Of != "items" || b.Exposure == nil {
		t.Errorf("%+v", b)
	}
	for _, want := range []string{
		`aisle_group_broken_promises_ratio{group="group-a",side="group",slot="hero"} 0.`, `aisle_group_broken_promises_ratio{group="group-a",side="rest",slot="hero"} 0` + "\n",
		`aisle_group_exposure_ratio{group="group-b",slot="hero"} `, `aisle_group_offer_depth_ratio{group="group-a",side="rest",slot="hero"} 0`,
		`aisle_group_unfair{group="group-a",measure="depth",slot="hero"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(metrics)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "aisle_group") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for _, r := range s.Records() {
		if d := r.GetDecision(); d != nil && (strings.Contains(fmt.Sprint(d), "group-a") || strings.Contains(fmt.Sprint(d), "secret-taste")) {
			t.Fatal("a decision's record says who is in a group")
		}
	}
}
