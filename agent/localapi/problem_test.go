package localapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

type problem struct {
	Type, Title, Detail string
	Status              int
	Faults              []struct {
		Line          int
		Path, Problem string
	}
}

func problemOf(t testing.TB, w *httptest.ResponseRecorder) (p problem) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %d %q", err, w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s is sent as %s", p.Type, got)
	}
	if p.Status != w.Code || p.Title == "" || p.Detail == "" && len(p.Faults) == 0 {
		t.Errorf("%d answers %+v", w.Code, p)
	}
	return p
}

// TestBadInput: each has a clear error with a stable type, and loses nothing.
func TestBadInput(t *testing.T) {
	s := newSite(t, localapi.Options{Limits: localapi.Limits{Body: 64 << 10, Actions: 5, Count: 10}})
	s.get(nil, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"used","count":2}`)
	before := len(s.Records())
	long := strings.Repeat("e", 300)
	deep := strings.Repeat(`{"a":`, 30000)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		slug               string
	}{
		"malformed JSON":              {"POST", "/v1/decide", `{"slot":"hero"`, 400, "malformed-body"},
		"malformed JSON of outcomes":  {"POST", "/v1/outcomes", `[{"id":"o1"},`, 400, "malformed-body"},
		"malformed JSON of a consent": {"PUT", "/v1/profiles/p/consent", `{"purposes":[}`, 400, "malformed-body"},
		"two values":                  {"POST", "/v1/decide", decision + decision, 400, "malformed-body"},
		"nothing":                     {"POST", "/v1/decide", " ", 400, "malformed-body"},
		"not UTF-8":                   {"POST", "/v1/decide", "{\"slot\":\"he\xffro\"}", 400, "malformed-body"},
		"brackets":                    {"POST", "/v1/decide", `{"context":` + strings.Repeat("[", 60000), 400, "malformed-body"},
		"braces":                      {"POST", "/v1/outcomes", `[` + deep[:60000], 400, "malformed-body"},
		"braces in a consent":         {"PUT", "/v1/profiles/p/consent", deep[:60000], 400, "malformed-body"},
		"a value of the wrong kind":   {"POST", "/v1/decide", `{"slot":7}`, 422, "invalid-request"},
		"a misspelt field":            {"POST", "/v1/decide", `{"slot":"hero","profleId":"p"}`, 422, "invalid-request"},
		"an object in the context":    {"POST", "/v1/decide", `{"slot":"hero","context":{"a":{}}}`, 422, "invalid-request"},
		"unknown slot":                {"POST", "/v1/decide", `{"slot":"nowhere"}`, 404, "unknown-slot"},
		"no slot":                     {"POST", "/v1/decide", `{}`, 422, "invalid-request"},
		"unknown item":                {"GET", "/v1/items/nothing", "", 404, "unknown-item"},
		"300-character event id":      {"POST", "/v1/decide", `{"slot":"hero","eventId":"` + long + `"}`, 422, "invalid-request"},
		"same event, another request": {"POST", "/v1/decide", `{"slot":"hero","eventId":"used","count":3}`, 409, "event-clash"},
		"too many items":              {"POST", "/v1/decide", `{"slot":"hero","count":11}`, 422, "invalid-request"},
		"too many actions":            {"POST", "/v1/decide", `{"slot":"personalizer","actions":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"},{"id":"e"},{"id":"f"}]}`, 422, "invalid-request"},
		"no actions":                  {"POST", "/v1/decide", `{"slot":"personalizer"}`, 422, "no-actions"},
		"a field that does nothing":   {"POST", "/v1/decide", `{"slot":"hero","forItem":"item-00001"}`, 422, "not-supported"},
		"unknown event":               {"GET", "/v1/decisions/never", "", 404, "unknown-event"},
		"an unknown event activated":  {"POST", "/v1/decisions/never/activate", "", 404, "unknown-event"},
		"an unknown event replayed":   {"POST", "/v1/decisions/never/replay", "", 404, "unknown-event"},
		"an oversized body":           {"POST", "/v1/decide", `{"slot":"` + strings.Repeat("x", 65<<10) + `"}`, 413, "body-too-large"},
		"an unknown purpose":          {"PUT", "/v1/profiles/p/consent", `{"purposes":["fun"]}`, 422, "invalid-request"},
		"a grant without evidence":    {"PUT", "/v1/profiles/p/consent", `{"purposes":["measurement"]}`, 422, "consent-evidence"},
		"evidence that is no digest":  {"PUT", "/v1/profiles/p/consent", `{"purposes":[],"evidence":{"text":"hello","place":"k"}}`, 422, "invalid-request"},
		"an unknown path":             {"GET", "/v2/decide", "", 404, "not-found"},
		"another method":              {"DELETE", "/v1/decide", "", 405, "method-not-allowed"},
		"a movement without an id":    {"POST", "/v1/stock", `[{"itemId":"item-00001","delta":-1}]`, 422, "rows-refused"},
	} {
		w := s.ask(c.method, c.path, c.body)
		p := problemOf(t, w)
		if w.Code != c.status || p.Type != localapi.Base+c.slug {
			t.Errorf("%s: %d %s %s %v, want %d %s", name, w.Code, p.Type, p.Detail, p.Faults, c.status, c.slug)
		}
		for _, secret := range []string{"profleId\":\"p", long, "hello", "fun\""} {
			if secret != "fun\"" && strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s: the problem repeats %s", name, secret)
			}
		}
	}
	if after := len(s.Records()); after != before {
		t.Errorf("%d records were written of requests that were refused", after-before)
	}
	s.get(nil, 200, "POST", "/v1/decide", `{"slot":"hero","eventId":"used","count":2}`) // and the first one stands
}

// TestRowsThatAreRefused are told by line, and the others are kept.
func TestRowsThatAreRefused(t *testing.T) {
	s := newSite(t, localapi.Options{})
	csv := "id,title,price,currency,tax_rate,stock\na,A,100,EUR,0.07,5\nb,B,-1,EUR,0.07,5\nc,C,100,EUR,0.07,5\n"
	var r struct {
		Accepted, Refused int
		Type              string
		Faults            []struct {
			Line int
			Path string
		}
	}
	s.get(&r, 200, "PUT", "/v1/items", csv, header("Content-Type", "text/csv"))
	if r.Accepted != 2 || r.Refused != 1 || r.Type != localapi.Base+"rows-refused" || len(r.Faults) != 1 || r.Faults[0].Line != 3 || r.Faults[0].Path != "price" {
		t.Errorf("%+v", r)
	}
	s.get(nil, 200, "GET", "/v1/items/c", "")
	w := s.ask("PUT", "/v1/items", "id,title,price,currency,tax_rate\nd,D,-1,EUR,0.07\n", header("Content-Type", "text/csv"))
	if p := problemOf(t, w); w.Code != 422 || p.Type != localapi.Base+"rows-refused" || p.Faults[0].Path != "price" {
		t.Errorf("a negative price alone answers %d %+v", w.Code, p)
	}
	w = s.ask("PUT", "/v1/items", `{"id":"e","title":"E","price":-5,"currency":"EUR","tax_rate":0}`, header("Content-Type", "application/x-ndjson"))
	if p := problemOf(t, w); w.Code != 422 || p.Type != localapi.Base+"rows-refused" {
		t.Errorf("a negative price in NDJSON answers %d %+v", w.Code, p)
	}
	for _, bad := range []string{"", "id,\"title\nx", "id,id\n", "title\nA\n"} {
		w := s.ask("PUT", "/v1/items", bad+" ", header("Content-Type", "text/csv"))
		if p := problemOf(t, w); w.Code/100 != 4 {
			t.Errorf("%q answers %d %+v", bad, w.Code, p)
		}
	}
	if w := s.ask("PUT", "/v1/items", csv); w.Code != 415 {
		t.Errorf("items as JSON answer %d", w.Code)
	}
}

// TestOutcomesThatFitNothing are taken, and marked.
func TestOutcomesThatFitNothing(t *testing.T) {
	s := newSite(t, localapi.Options{})
	then := time.UnixMilli(s.Store.Now()).AddDate(-2, 0, 0).UTC().Format(time.RFC3339)
	ahead := time.UnixMilli(s.Store.Now()).AddDate(2, 0, 0).UTC().Format(time.RFC3339)
	body := fmt.Sprintf(`[{"id":"o1","eventId":"unknown","type":"click"},{"id":"o2","eventId":"unknown","type":"click","at":%q},
		{"id":"o3","eventId":"unknown","type":"click","at":%q},{"id":"o1","eventId":"unknown","type":"click"}]`, then, ahead)
	var r struct {
		Accepted, Duplicate []string
		Unmatched           int
	}
	s.get(&r, 202, "POST", "/v1/outcomes", body)
	if len(r.Accepted) != 3 || len(r.Duplicate) != 1 || r.Unmatched != 3 {
		t.Errorf("%+v", r)
	}
	skewed := 0
	for _, rec := range s.Records() {
		if o := rec.GetOutcome(); o != nil && o.ClockSkewed {
			skewed++
		}
	}
	if skewed != 2 {
		t.Errorf("%d outcomes of two years off are marked, want 2", skewed)
	}
}

// TestOutcomesThatAreRejected say why, each under a stable type, and the others of
// their request are taken.
func TestOutcomesThatAreRejected(t *testing.T) {
	s := newSite(t, localapi.Options{})
	for name, bad := range map[string]string{
		"no id":                 `{"type":"click"}`,
		"a 300-character event": `{"id":"bad","eventId":"` + strings.Repeat("e", 300) + `","type":"click"}`,
		"an unknown type":       `{"id":"bad","type":"clack"}`,
		"a negative amount":     `{"id":"bad","type":"purchase","money":{"amount":-1,"currency":"EUR"}}`,
		"an unknown currency":   `{"id":"bad","type":"purchase","money":{"amount":1,"currency":"EURO"}}`,
		"a negative quantity":   `{"id":"bad","type":"purchase","quantity":-1}`,
		"a time that is none":   `{"id":"bad","type":"click","at":"yesterday"}`,
	} {
		var r struct {
			Accepted []string
			Rejected []struct {
				Place        int
				Type, Detail string
			}
		}
		s.get(&r, 202, "POST", "/v1/outcomes", fmt.Sprintf(`[%s,{"id":%q,"type":"click"}]`, bad, name))
		if len(r.Accepted) != 1 || len(r.Rejected) != 1 || r.Rejected[0].Place != 0 || r.Rejected[0].Type != localapi.Base+"invalid-request" || r.Rejected[0].Detail == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	told := 0
	for _, rec := range s.Records() {
		if rec.GetOutcome() != nil {
			told++
		}
	}
	if told != 7 {
		t.Errorf("%d outcomes are recorded, want one of each request", told)
	}
}

func TestNoReleaseIsAnAnswer(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	s := &site{n, serve(t, n, localapi.Options{}), t}
	w := s.ask("POST", "/v1/decide", decision)
	if p := problemOf(t, w); w.Code != 503 || p.Type != localapi.Base+"no-release" {
		t.Errorf("%d %+v", w.Code, p)
	}
	s.get(nil, 202, "POST", "/v1/outcomes", `[{"id":"o1","eventId":"e","type":"click"}]`) // and nothing is lost
	grant(t, s, "p1", "measurement")
	if w := s.ask("PUT", "/v1/profiles", "id\np1\n", header("Content-Type", "text/csv")); w.Code != 503 {
		t.Errorf("profiles without a schema answer %d", w.Code)
	}
}

// TestEveryProblemIsInTheTable, each once, with its title; and the README shows
// the same.
func TestEveryProblemIsInTheTable(t *testing.T) {
	known := map[string]bool{}
	var table bytes.Buffer
	for _, p := range localapi.Problems() {
		if known[p.Slug] || p.Title == "" || p.Status < 400 || !regexp.MustCompile(`^[a-z-]+$`).MatchString(p.Slug) {
			t.Errorf("%+v", p)
		}
		known[p.Slug] = true
		fmt.Fprintf(&table, "| `%s` | %d | %s |\n", p.Slug, p.Status, p.Title)
	}
	for _, p := range ranking.Problems() {
		if !known[string(p)] {
			t.Errorf("%s of a decision has no status", p)
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(readme, table.Bytes()) {
		t.Errorf("agent/README.md has another table than\n%s", table.String())
	}
}

// TestOversizedBodies are refused also where they do not say how large they are.
func TestOversizedBodies(t *testing.T) {
	s := newSite(t, localapi.Options{Limits: localapi.Limits{Body: 64 << 10, Bulk: 64 << 10}})
	for _, at := range []string{"PUT /v1/profiles/p/consent", "POST /v1/decide", "POST /v1/decide:batch", "POST /v1/outcomes", "POST /v1/stock", "PUT /v1/items"} {
		method, path, _ := strings.Cut(at, " ")
		w := s.ask(method, path, "x", func(r *http.Request) {
			body := `["` + strings.Repeat("x", 70<<10)
			if path == "/v1/items" {
				body = "id\n" + strings.Repeat("x\n", 35<<10)
				r.Header.Set("Content-Type", "text/csv")
			}
			r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(body))
		})
		if p := problemOf(t, w); w.Code != 413 || p.Type != localapi.Base+"body-too-large" {
			t.Errorf("%s: %d %+v", at, w.Code, p)
		}
	}
}

// TestFullDisk: what can't be kept is not acknowledged, and a person is obeyed all
// the same.
func TestFullDisk(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{Log: 512 << 10})
	s := ready(t, n, localapi.Options{})
	held := strings.NewReplacer("id: hero", "id: held", "count: 3", "count: 3\n    hold: {ttl: 10m}").Replace(nodetest.Slot)
	n.Use(nodetest.Files(t, nodetest.Slots(slots+held), rules, nodetest.Features, nil))
	grant(t, s, "p1", wire.PersonalisedOffers)
	refused := map[string]string{
		"/v1/outcomes": `[{"id":"%[1]d","type":"click","itemId":"%0250[1]d"}]`,
		"/v1/stock":    `[{"id":"%d","itemId":"item-00001","delta":-1}]`,
	}
	i := 0
	for path, body := range refused {
		for {
			i++
			w := s.ask("POST", path, fmt.Sprintf(body, i))
			if w.Code/100 == 2 {
				continue
			}
			if p := problemOf(t, w); w.Code != 507 || p.Type != localapi.Base+"log-full" {
				t.Errorf("%s: %d %+v", path, w.Code, p)
			}
			break
		}
	}
	// What may be lost is answered all the same, and what is promised is not.
	for n.Decider.Stats().Lost == 0 {
		s.get(nil, 200, "POST", "/v1/decide", decision)
	}
	w := s.ask("POST", "/v1/decide", `{"slot":"held"}`)
	if p := problemOf(t, w); w.Code != 507 || p.Type != localapi.Base+"log-full" || n.Holds.Live() > 0 {
		t.Errorf("a promise: %d %+v, %d held", w.Code, p, n.Holds.Live())
	}
	if text := s.ask("GET", "/metrics", "").Body.String(); !strings.Contains(text, `aisle_problems_total{problem="log-full"} 3`) {
		t.Error("refusals are not counted")
	}
	s.get(nil, 200, "PUT", "/v1/profiles/p1/consent", `{"purposes":[]}`)
}

func TestOffersComeFromTheCentre(t *testing.T) {
	s := newSite(t, localapi.Options{})
	w := s.ask("PUT", "/v1/offers", "id\n", header("Content-Type", "text/csv"))
	if p := problemOf(t, w); w.Code != 403 || p.Type != localapi.Base+"managed-centrally" {
		t.Errorf("%d %+v", w.Code, p)
	}
}
