package localapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const rules = `
version: 0
rules:
  - {id: in-stock, kind: stock}
  - {id: live, kind: active}
  - {id: margin, kind: margin, floor: 0.05}
`

const slots = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 1000}}
    count: 3
    required: 1
    policy: {kind: squarecb, epsilon: 0.2, gamma: 10}
    reward: {weights: {click: 1, purchase: 1}, range: [0, 2]}
    attribution: {window: 2h, by: [basket, session, profile]}
  - id: personalizer
    kind: content
    source: {actions: true}
    count: 1
    baseline: order
    policy: {kind: epsilon_greedy, epsilon: 0.2}
    reward: {weights: {reward: 1}, range: [-1, 1], wait: 10m}
    rules: []
`

// site is a node behind its API.
type site struct {
	*nodetest.Node
	api *localapi.API
	t   testing.TB
}

func newSite(t testing.TB, o localapi.Options) *site {
	return ready(t, nodetest.New(t, nodetest.Options{}), o)
}

// ready gives a node a release and items.
func ready(t testing.TB, n *nodetest.Node, o localapi.Options) *site {
	n.Use(nodetest.Files(t, nodetest.Slots(slots), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	n.Put(nodetest.Items(20)...)
	return &site{n, serve(t, n, o), t}
}

func serve(t testing.TB, n *nodetest.Node, o localapi.Options) *localapi.API {
	api, err := localapi.New(localapi.Node{
		Decider: n.Decider, Events: n.Events, Consents: n.Consents, Catalogue: n.Catalogue, Actions: n.Actions, Releases: n.Releases, Store: n.Store,
		Status: func() localapi.Status {
			return localapi.Status{Agent: "till", Site: "north", Choices: n.Decider.Watch(), Fairness: n.Fairness.Watched(n.Releases.Active().Rulebook)}
		},
		Ready: func() error { return nil }, Secret: nodetest.Secret,
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// ask is one request as curl would send it, changed by change.
func (s *site) ask(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://127.0.0.1:8461"+path, in)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

// get is ask for an answer that must be good, read into a value.
func (s *site) get(into any, status int, method, path, body string, change ...func(*http.Request)) {
	s.t.Helper()
	w := s.ask(method, path, body, change...)
	if w.Code != status {
		s.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if into == nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	if err := d.Decode(into); err != nil {
		s.t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

type decided struct {
	EventID      string
	Personalised bool
	Degraded     string
	Items        []struct {
		ID          string
		Rank        int
		Probability float64
		Price       struct{ Amount int64 }
	}
	Basis struct{ PurposesUsed []string }
}

func grant(t testing.TB, s *site, who string, purposes ...wire.Purpose) {
	t.Helper()
	list, _ := json.Marshal(purposes)
	body := fmt.Sprintf(`{"purposes":%s,"evidence":{"text":"%s","place":"kiosk"}}`, list, strings.Repeat("0f", 32))
	s.get(nil, 200, "PUT", "/v1/profiles/"+who+"/consent", body)
}

func TestTheLoopOverHTTP(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var a decided
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"e1","sessionId":"s1","context":{"weather":"rain","basket":["1"]}}`)
	if len(a.Items) != 3 || a.EventID != "e1" || a.Personalised || a.Degraded != "none" {
		t.Errorf("%+v", a)
	}
	var report struct {
		Accepted, Duplicate []string
		Rejected            []struct{ ID, Detail string }
		Unmatched           int
	}
	outcomes := fmt.Sprintf(`[{"id":"o1","eventId":"e1","itemId":%q,"type":"click"},{"id":"o2","eventId":"elsewhere","itemId":"x","type":"purchase","at":"2024-01-01T00:00:00Z"},
		{"id":"o1","eventId":"e1","itemId":%q,"type":"click"},{"id":"o3","type":"nonsense"},{"id":"o4","sessionId":"s1","itemId":%q,"type":"purchase","money":{"amount":399,"currency":"EUR"}}]`, a.Items[0].ID, a.Items[0].ID, a.Items[1].ID)
	s.get(&report, 202, "POST", "/v1/outcomes", outcomes)
	if len(report.Accepted) != 3 || len(report.Duplicate) != 1 || len(report.Rejected) != 1 || report.Unmatched != 1 {
		t.Errorf("%+v", report)
	}
	var d struct {
		EventID     string
		Shown, Rows []struct{ ID string }
		Probability float64
		Activated   bool
	}
	s.get(&d, 200, "GET", "/v1/decisions/e1", "")
	if len(d.Shown) != 3 || d.Shown[0].ID != a.Items[0].ID || len(d.Rows) < 3 || !d.Activated || d.Probability <= 0 {
		t.Errorf("%+v", d)
	}
	var replayed struct{ Agrees, Scored bool }
	s.get(&replayed, 200, "POST", "/v1/decisions/e1/replay", "")
	if !replayed.Agrees || !replayed.Scored {
		t.Errorf("%+v", replayed)
	}
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"later","deferActivation":true}`)
	s.get(&d, 200, "GET", "/v1/decisions/later", "")
	if d.Activated {
		t.Error("a deferred decision counts before it is shown")
	}
	s.get(nil, 204, "POST", "/v1/decisions/later/activate", "")
	s.get(&d, 200, "GET", "/v1/decisions/later", "")
	if !d.Activated {
		t.Error("an activated decision does not count")
	}
}
