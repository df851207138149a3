package localapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// TestEveryRouteIsDescribed, and nothing that is not there.
func TestEveryRouteIsDescribed(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
		}
		Components struct{ Schemas map[string]any }
	}
	w := s.ask("GET", "/openapi.json", "")
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatal(err, doc.OpenAPI)
	}
	want := []string{
		"delete /v1/profiles/{id}", "get /fragments/{slot}", "get /livez", "get /metrics", "get /readyz", "get /v1/decisions/{eventId}", "get /v1/decisions/{eventId}/why-not/{itemId}", "get /v1/items/{id}",
		"get /v1/profiles/{id}", "get /v1/profiles/{id}/consent", "get /v1/status", "post /v1/decide", "post /v1/decide:batch",
		"get /v1/actions", "get /v1/actions/{id}", "post /v1/actions/{id}/accept", "post /v1/actions/{id}/done", "post /v1/actions/{id}/edit",
		"post /v1/actions/{id}/reject", "post /v1/decisions/{eventId}/activate", "post /v1/decisions/{eventId}/replay", "post /v1/outcomes", "post /v1/stock",
		"put /v1/items", "put /v1/offers", "put /v1/profiles", "put /v1/profiles/{id}/consent", "put /v1/stock",
	}
	for _, version := range []string{"v1.0", "v1.1-preview.3"} {
		for _, route := range []string{"post %s/rank", "post %s/events/{id}/activate", "post %s/events/{id}/reward", "post %s/multislot/rank", "post %s/multislot/events/{id}/activate", "post %s/multislot/events/{id}/reward", "get %s/configurations/service", "put %s/configurations/service"} {
			want = append(want, fmt.Sprintf(route, "/personalizer/"+version))
		}
	}
	slices.Sort(want)
	var got, ids []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			got, ids = append(got, method+" "+path), append(ids, op.OperationID)
			for _, part := range strings.Split(path, "/") {
				name, in := strings.CutPrefix(strings.TrimSuffix(part, "}"), "{")
				if in && !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.Name == name && p.In == "path" }) {
					t.Errorf("%s %s does not say what %s is", method, path, part)
				}
			}
		}
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, want) {
		t.Errorf("described are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len(ids); len(slices.Compact(ids)) != n {
		t.Errorf("operations of one name: %v", ids)
	}
	if refs := strings.Count(w.Body.String(), "#/components/schemas/ErrorModel"); refs > 0 || doc.Components.Schemas["Details"] == nil {
		t.Errorf("%d problems are described as another type", refs)
	}
	for _, part := range strings.Split(w.Body.String(), `"$ref":"#/components/schemas/`)[1:] {
		if name, _, _ := strings.Cut(part, `"`); doc.Components.Schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
}

// TestMetrics are named as Prometheus wants them, and say nothing of anybody.
func TestMetrics(t *testing.T) {
	s := newSite(t, localapi.Options{})
	s.get(nil, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"event-secret","profileId":"person-secret","sessionId":"session-secret"}`)
	s.ask("POST", "/v1/decide", `{"slot":"slot-secret"}`)
	s.get(nil, 202, "POST", "/v1/outcomes", `[{"id":"outcome-secret","eventId":"event-secret","itemId":"item-00001","type":"click"}]`)
	w := s.ask("GET", "/metrics", "")
	text := w.Body.String()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "aisle_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for _, want := range []string{
		`aisle_decisions_total{degraded="none",slot="hero"} 1`, `aisle_problems_total{problem="unknown-slot"} 1`,
		`aisle_outcomes_total{result="accepted"} 1`, "aisle_decide_duration_seconds_count 1", "process_resident_memory_bytes", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "secret") {
		t.Error("an id is in the metrics")
	}
}

// TestIgnoredContext: a key that neither a feature nor a rule reads is counted, and
// told to who asks for reasons; the metrics hold neither its name nor what was said.
func TestIgnoredContext(t *testing.T) {
	s := newSite(t, localapi.Options{})
	s.Use(nodetest.Files(t, nodetest.Slots(slots), rules+"  - {id: cold, kind: exclude, where: {item.brand: b0}, when: {context.climate: cold}}\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	ignored := func(want int) {
		t.Helper()
		text := s.ask("GET", "/metrics", "").Body.String()
		if line := fmt.Sprintf("aisle_context_keys_ignored_total{slot=\"hero\"} %d\n", want); strings.Contains(text, line) != (want > 0) || strings.Contains(text, "odd") {
			t.Errorf("no %s", line)
		}
	}
	s.get(nil, 200, "POST", "/v1/decide", `{"slot":"hero","context":{"weather":"rain","climate":"cold","basket":["item-00001"]}}`)
	ignored(0)
	s.get(nil, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"e","context":{"odd-key":"odd-value","odd-too":7,"weather":"rain"}}`)
	ignored(2)
	s.get(nil, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"e","context":{"odd-key":"odd-value","odd-too":7,"weather":"rain"}}`)
	ignored(2)
	var a struct{ IgnoredContext []string }
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","explain":true,"context":{"odd-key":"odd-value","climate":"cold"}}`)
	if ignored(3); !slices.Equal(a.IgnoredContext, []string{"odd-key"}) {
		t.Errorf("told are %v", a.IgnoredContext)
	}
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"index.html": "<p>kiosk</p>", "sub/a.js": "a", "../secret": "s"} {
		path := filepath.Join(dir, "kiosk", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(dir, "kiosk", "out")); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, localapi.Options{Pages: map[string]string{"/kiosk": filepath.Join(dir, "kiosk")}})
	for path, status := range map[string]int{
		"/kiosk/": 200, "/kiosk/sub/a.js": 200, "/kiosk": 307, "/kiosk/sub/": 404, "/kiosk/none": 404, "/kiosk/out": 404, "/kiosk/..%2fsecret": 404,
	} {
		w := s.ask("GET", path, "")
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
		if status == 200 && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s may load anything", path)
		}
	}
	for _, at := range []string{"kiosk", "/v1/x", "/{x}"} {
		if _, err := localapi.New(localapi.Node{}, localapi.Options{Pages: map[string]string{at: dir}}); err == nil {
			t.Errorf("pages are served at %s", at)
		}
	}
}

func TestBatch(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var r struct {
		Results []struct {
			Answer  *decided
			Problem *problem
		}
	}
	s.get(&r, 200, "POST", "/v1/decide:batch", `[{"slot":"hero","eventId":"b1"},{"slot":"nowhere"},{"slot":"hero","count":1}]`)
	if len(r.Results) != 3 || r.Results[0].Answer.EventID != "b1" || r.Results[1].Problem.Type != localapi.Base+"unknown-slot" || len(r.Results[2].Answer.Items) != 1 {
		t.Errorf("%+v", r)
	}
	if w := s.ask("POST", "/v1/decide:batch", "["+strings.Repeat(`{"slot":"hero"},`, 100)+`{"slot":"hero"}]`); w.Code != 422 {
		t.Errorf("101 at once answer %d", w.Code)
	}
}

// TestDistinctBatch: none of a batch shows what one before it shows, each record has
// the distribution given that, and a repeat answers the same.
func TestDistinctBatch(t *testing.T) {
	s := newSite(t, localapi.Options{})
	type results struct{ Results []struct{ Answer *decided } }
	var plain, r, again results
	body := `[{"slot":"hero","eventId":"d1"},{"slot":"hero","eventId":"d2"},{"slot":"hero","eventId":"d3","count":5}]`
	s.get(&r, 200, "POST", "/v1/decide:batch?distinct=true", body)
	s.get(&again, 200, "POST", "/v1/decide:batch?distinct=true", body)
	s.get(&plain, 200, "POST", "/v1/decide:batch", strings.ReplaceAll(body, `"d`, `"p`))
	if w := s.ask("POST", "/v1/decide:batch?distinct=maybe", body); w.Code != 422 {
		t.Errorf("distinct=maybe answers %d", w.Code)
	}
	seen := map[string]bool{}
	for i, one := range r.Results {
		var d struct{ Allowed int }
		if s.get(&d, 200, "GET", fmt.Sprint("/v1/decisions/d", i+1), ""); d.Allowed != 20-3*i {
			t.Errorf("decision %d may show %d", i, d.Allowed)
		}
		for k, it := range one.Answer.Items {
			if seen[it.ID] || it.ID != again.Results[i].Answer.Items[k].ID {
				t.Errorf("%s is shown twice, or not again", it.ID)
			}
			seen[it.ID] = true
		}
	}
	shared := map[string]int{}
	for _, one := range plain.Results {
		for _, it := range one.Answer.Items {
			shared[it.ID]++
		}
	}
	if len(seen) != 11 || len(shared) == 11 {
		t.Errorf("%d distinct items, and %d without being asked to", len(seen), len(shared))
	}
}

// TestCollapse: when rules begin to leave one candidate, the status and the metrics say
// so within a window and name the rule; before they do not, and later they don't again.
func TestCollapse(t *testing.T) {
	s := newSite(t, localapi.Options{})
	use := func(rules string) {
		s.Use(nodetest.Files(t, nodetest.Slots(slots), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
		for i := range 200 {
			s.get(nil, 200, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","context":{"weather":"w%d"}}`, i))
		}
	}
	watched := func() ranking.Watched {
		all := s.Decider.Watch()
		if len(all) != 1 || all[0].Slot != "hero" {
			t.Fatalf("watched are %+v", all)
		}
		return all[0]
	}
	use(rules)
	if w := watched(); w.Cause != "" || w.Evenness <= 0 || w.Feasible != 20 || w.TopItem == "" {
		t.Errorf("at first %+v", w)
	}
	use(rules + "  - {id: only-one, kind: exclude, where: {item.id: {$ne: item-00003}}}\n")
	if w := watched(); w.Cause != ranking.FewByRules || !strings.Contains(w.Text, "only-one removes most, 19 of 20") || w.Since == 0 || w.TopShare != 1 {
		t.Errorf("then %+v", w)
	}
	if text := s.ask("GET", "/metrics", "").Body.String(); !strings.Contains(text, `aisle_slot_collapsed{slot="hero"} 1`) {
		t.Error("the metrics don't tell")
	}
	use(rules)
	if w := watched(); w.Cause != "" {
		t.Errorf("at last %+v", w)
	}
}
