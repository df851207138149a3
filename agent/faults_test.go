package agent

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop is a whole agent on a release of its own and three items, of which there are
// two each.
func shop(t *testing.T, dir string, files map[string]string, change ...func(*Config)) *running {
	t.Helper()
	release := filepath.Join(dir, "shop")
	if err := os.MkdirAll(release, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(release, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := serve(t, config(t, dir, append(change, func(c *Config) { c.Release = release })...))
	r.must(r.ask("PUT", "/v1/items", "text/csv", "id,title,price,currency,tax_rate,cost,stock\na,A,1000,EUR,0.19,300,2\nb,B,1000,EUR,0.19,300,2\nc,C,1000,EUR,0.19,300,2\n"))
	return r
}

const (
	shopSlots = `
version: 0
salt: 3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f
slots:
  - id: hero
    kind: offer
    source: {catalogue: {limit: 10}}
    count: 2
    required: 1
    policy: {kind: epsilon_greedy, epsilon: 0.5}
    reward: {weights: {click: 1, purchase: 1}}
`
	noFeatures = "version: 0\nfeatures: []\n"
	stockOnly  = "version: 0\nrules:\n  - {id: in-stock, kind: stock}\n"
)

func shopOf(rules string) map[string]string {
	return map[string]string{"slots.yaml": shopSlots, "rules.yaml": rules, "features.yaml": noFeatures}
}

type slate struct {
	EventID, Degraded, DegradedBy string
	Short                         int
	Items                         []struct {
		ID, OfferID string
		Price       struct{ Amount int64 }
	}
}

func (r *running) decide(body string) (a slate) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.must(r.post("/v1/decide", body))), &a); err != nil {
		r.t.Fatal(err)
	}
	return a
}

// TestRulesThatExcludeEverything leave an empty answer that says what is missing, is
// recorded with who removed what, and takes outcomes like any other.
func TestRulesThatExcludeEverything(t *testing.T) {
	r := shop(t, t.TempDir(), shopOf("version: 0\nrules:\n  - {id: in-stock, kind: stock}\n  - {id: never, kind: exclude, where: {item.price: {$gte: 0}}}\n"))
	a := r.decide(`{"slot":"hero","eventId":"e"}`)
	if len(a.Items) != 0 || a.Short != 1 || a.DegradedBy != "no_model" {
		t.Errorf("%+v", a)
	}
	record := r.must(r.ask("GET", "/v1/decisions/e", "", ""))
	if !strings.Contains(record, `{"rule":"never","count":3}`) || !strings.Contains(record, `"allowed":0`) {
		t.Error(record)
	}
	if why := r.must(r.ask("GET", "/v1/decisions/e/why-not/a", "", "")); !strings.Contains(why, `"rule":"never","kind":"exclude","first":true`) {
		t.Error(why)
	}
	r.must(r.post("/v1/decisions/e/replay", ""))
	r.must(r.post("/v1/outcomes", `[{"id":"o","eventId":"e","itemId":"a","type":"click"}]`))
	if again := r.decide(`{"slot":"hero","eventId":"e"}`); len(again.Items) != 0 || again.Short != 1 {
		t.Errorf("again %+v", again)
	}
}

// TestUnknownOperators stop the start with the line they stand in, and cost nothing:
// once they are mended the node goes on where it was.
func TestUnknownOperators(t *testing.T) {
	dir := t.TempDir()
	r := shop(t, dir, shopOf(stockOnly))
	first := r.must(r.post("/v1/decide", `{"slot":"hero","eventId":"e"}`))
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"rules.yaml": "version: 0\nrules:\n  - {id: in-stock, kind: stock}\n  - {id: odd, kind: exclude, where: {item.price: {$lees: 1}}}\n",
		"offers.csv": "id,kind,target,percent,condition\no,items,a,5,\"{\"\"item.price\"\": {\"\"$lees\"\": 1}}\"\n",
	} {
		file := filepath.Join(dir, "shop", name)
		before, readErr := os.ReadFile(file)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := New(t.Context(), config(t, dir, func(c *Config) { c.Release = filepath.Join(dir, "shop") }), "test")
		if err == nil {
			_ = a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), name+":") || !strings.Contains(err.Error(), `unknown operator "$lees"`) {
			t.Errorf("%s: %v", name, err)
		}
		if readErr != nil {
			err = os.Remove(file)
		} else {
			err = os.WriteFile(file, before, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r = shop(t, dir, shopOf(stockOnly))
	if again := r.must(r.post("/v1/decide", `{"slot":"hero","eventId":"e"}`)); shown(t, again) != shown(t, first) {
		t.Errorf("%s, was %s", again, first)
	}
}

// TestZeroBudget gives nothing away: an item is shown at its other price, and not at
// all where only offers are shown.
func TestZeroBudget(t *testing.T) {
	files := shopOf(stockOnly)
	files["slots.yaml"] += strings.NewReplacer("hero", "deals", "{catalogue: {limit: 10}}", "{offers: true}").Replace(shopSlots[strings.Index(shopSlots, "  - id:"):])
	files["offers.csv"] = "id,kind,target,percent,budget\nnothing,items,a|b,10,0\nmuch,items,c,10,100000\n"
	r := shop(t, t.TempDir(), files)
	for range 30 {
		for _, it := range r.decide(`{"slot":"hero"}`).Items {
			if free := it.ID == "c"; free != (it.OfferID == "much") || free != (it.Price.Amount == 900) || !free && it.Price.Amount != 1000 {
				t.Fatalf("%+v", it)
			}
		}
		if a := r.decide(`{"slot":"deals"}`); len(a.Items) != 1 || a.Items[0].ID != "c" {
			t.Fatalf("%+v", a)
		}
	}
}

// TestStockBelowZero at the till promises nothing until goods or a count come, and no
// movement is lost.
func TestStockBelowZero(t *testing.T) {
	files := shopOf(stockOnly)
	files["slots.yaml"] = strings.Replace(shopSlots, "count: 2\n", "count: 3\n    hold: {ttl: 10m}\n", 1)
	dir := t.TempDir()
	r := shop(t, dir, files)
	on := func(want string) {
		t.Helper()
		if got := r.must(r.ask("GET", "/v1/items/a", "", "")); !strings.Contains(got, `"onHand":`+want) {
			t.Errorf("on hand is not %s: %s", want, got)
		}
	}
	shows := func(when string, want bool) {
		t.Helper()
		a := r.decide(`{"slot":"hero"}`)
		if got := slices.ContainsFunc(a.Items, func(it struct {
			ID, OfferID string
			Price       struct{ Amount int64 }
		}) bool {
			return it.ID == "a"
		}); got != want || a.Degraded != "baseline" {
			t.Errorf("%s: %+v", when, a)
		}
		for _, it := range a.Items { // let go
			r.must(r.post("/v1/outcomes", fmt.Sprintf(`[{"id":"%[1]s%[2]s","eventId":"%[1]s","itemId":"%[2]s","type":"void"}]`, a.EventID, it.ID)))
		}
	}
	shows("at first", true)
	r.must(r.post("/v1/stock", `[{"id":"m1","itemId":"a","delta":-5}]`))
	on("-3")
	shows("below zero", false)
	r.must(r.post("/v1/stock", `[{"id":"m2","itemId":"a","delta":3}]`))
	on("0")
	shows("at zero", false)
	if status, answer := r.ask("PUT", "/v1/stock", "application/json", `[{"itemId":"a","onHand":-2}]`); status != 422 || !strings.Contains(answer, "is below zero") {
		t.Errorf("a count below zero: %d %s", status, answer)
	}
	on("0")
	r.must(r.post("/v1/stock", `[{"id":"m3","itemId":"a","delta":1}]`))
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = serve(t, r.cfg)
	on("1")
	shows("one came", true)
	r.must(r.post("/v1/stock", `[{"id":"m1","itemId":"a","delta":-5}]`))
	on("1")
}

// doors is a function of the place that hangs, or is down, until it is let.
type doors struct {
	mu   sync.Mutex
	open chan struct{}
	got  map[string]int // by webhook-id
	news chan string    // ids that it took for the first time
}

func (d *doors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("webhook-id")
	d.mu.Lock()
	open := d.open
	d.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/slow") {
		select {
		case <-open:
		case <-r.Context().Done():
			return
		}
	}
	select {
	case <-open:
	default:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.got[id]++; d.got[id] == 1 {
		d.news <- id
	}
}

// TestWebhooksDownAndSlow: decisions go on beside functions that hang or are down, what
// they are called for stands in the node, outlives it, and arrives.
func TestWebhooksDownAndSlow(t *testing.T) {
	d := &doors{open: make(chan struct{}), got: map[string]int{}, news: make(chan string, 100)}
	server := httptest.NewServer(d)
	defer server.Close()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := shopOf("version: 0\nrules: []\n")
	files["slots.yaml"] = strings.Replace(shopSlots, "count: 2\n", "count: 1\n    actions: [{function: stock_room, kind: pick, ttl: 1h, approval: none}, {function: pricing, kind: label, ttl: 1h, approval: none}]\n", 1)
	at := func(c *Config) {
		c.Functions.StockRoom = FunctionConfig{URL: server.URL + "/slow", SecretFile: secret, Timeout: time.Minute}
		c.Functions.Pricing = FunctionConfig{URL: server.URL + "/down", SecretFile: secret, Timeout: time.Minute}
	}
	r := shop(t, dir, files, at)
	const many = 12 // three times as many as are on the way to a function at once
	for range many {
		if a := r.decide(`{"slot":"hero"}`); len(a.Items) != 1 {
			t.Fatalf("%+v", a)
		}
	}
	type actions struct {
		Actions []struct{ ID, State string }
	}
	listed := func() (all actions) {
		if err := json.Unmarshal([]byte(r.must(r.ask("GET", "/v1/actions", "", ""))), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := listed()
	if len(before.Actions) != 2*many {
		t.Fatalf("%d actions of %d decisions", len(before.Actions), many)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = serve(t, r.cfg)
	if a := r.decide(`{"slot":"hero"}`); len(a.Items) != 1 {
		t.Fatalf("%+v", a)
	}
	close(d.open)
	for n := range 2 * (many + 1) {
		select {
		case <-d.news:
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of %d actions arrived; %+v", n, 2*(many+1), listed())
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range before.Actions {
		if d.got[a.ID] == 0 {
			t.Errorf("%s never arrived", a.ID)
		}
	}
}
