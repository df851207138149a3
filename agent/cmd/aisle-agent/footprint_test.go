package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// What a shop has, by the promise about memory and about starting.
const (
	shopItems  = 20_000
	shopPeople = 50_000
	shopModel  = 1 << 20

	shopAttributes = 6 // of an item, each a column of the model
	maxResident    = 64 << 20
	shopDecision   = `{"slot":"hero","profileId":"p7","sessionId":"s7","context":{"weather":"rain"}}`
)

const shopSlots = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 1000}}
    count: 10
    policy: {kind: squarecb, epsilon: 0.1, gamma: 50}
    reward: {weights: {click: 0.1, purchase: 1}}
  - id: page
    kind: offer
    source: {catalogue: {categories: [dept3], limit: 1000}}
    model: hero
    count: 3
    reward: {weights: {click: 0.1, purchase: 1}}
`

const shopRules = `
version: 0
rules:
  - {id: in-stock, kind: stock}
  - {id: live, kind: active}
  - {id: margin, kind: margin, floor: 0.05}
  - {id: no-tobacco, kind: exclude, categories: [tobacco]}
  - {id: cap, kind: cap, count: 1000000, window: 24h, per: person}
  - {id: had-it, kind: suppress, outcomes: [purchase, dismiss], window: 168h}
`

// shopFeatures are dense columns of items, and hashed ones over a table of a
// megabyte.
func shopFeatures() string {
	var b strings.Builder
	b.WriteString(`
version: 0
features:
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}
  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p, scale: 0.1}
  - {name: margin, scope: item, kind: dense, source: item.margin, scale: 0.01}
  - {name: stock, scope: item, kind: dense, source: item.stock, scale: 0.01}
  - {name: category, scope: item, kind: hashed, source: item.category}
`)
	for i := range shopAttributes {
		fmt.Fprintf(&b, "  - {name: x%d, scope: item, kind: dense, source: item.attr.x%d}\n", i, i)
	}
	b.WriteString("crosses: [[weather, category], [taste, category]]\nbits: 17\n")
	return b.String()
}

// shopRelease writes the folder of a release with a model.
func shopRelease(t testing.TB, dir string) {
	t.Helper()
	slots := nodetest.Slots(shopSlots)
	slots = strings.Replace(slots, "lease: 168h", "lease: 876000h", 1)
	slots = strings.Replace(slots, "frame_share: 0.05", "frame_share: 0.01", 1)
	files := nodetest.Files(t, slots, shopRules, shopFeatures(), map[string]func(*scoring.Linear){"hero": nodetest.Random(7)})
	if n := len(files["model/hero"]); n < shopModel {
		t.Fatalf("the model has %d bytes", n)
	}
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func shopItemRows() []byte {
	var b bytes.Buffer
	b.WriteString("id,title,description,brand,category,price,currency,tax_rate,cost,stock,status")
	for i := range shopAttributes {
		fmt.Fprintf(&b, ",x%d", i)
	}
	b.WriteByte('\n')
	for i := range shopItems {
		fmt.Fprintf(&b, "item-%05d,Item number %d,Something that people buy and like,Brand %d,dept%d/cat%d,%d,EUR,0.07,%d,%d,active",
			i, i, i%211, i%7, i%31, 100+i%1900, 50+i%50, 1+i%40)
		for k := range shopAttributes {
			fmt.Fprintf(&b, ",%.3f", float64((i*7919+k*104729)%1000)/1000)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func shopPeopleRows() []byte {
	var b bytes.Buffer
	b.WriteString("id,purposes,consent_at,consent_version,taste\n")
	for i := range shopPeople {
		fmt.Fprintf(&b, "p%d,device_storage|profile_building|personalised_offers|measurement|model_training,%s,1,taste%d\n",
			i, time.Now().UTC().Format(time.RFC3339), i%12)
	}
	return b.Bytes()
}

// put sends rows, all of which must be taken.
func (n *node) put(t testing.TB, path string, rows []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPut, n.url+path, bytes.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/csv")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !bytes.Contains(b, []byte(`"refused":0`)) {
		t.Fatalf("%s: %s %s %v", path, answer.Status, b, err)
	}
}

// post sends JSON and gives the answer.
func (n *node) post(path, body string) (status int, answer string, err error) {
	a, err := http.Post(n.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	return a.StatusCode, string(b), err
}

// shop starts a node that has all of that.
func shop(t testing.TB) *node {
	t.Helper()
	dir := t.TempDir()
	shopRelease(t, filepath.Join(dir, "release"))
	n := startIn(t, dir, map[string]string{"AISLE_RELEASE": "release"})
	n.put(t, "/v1/items", shopItemRows())
	n.put(t, "/v1/profiles", shopPeopleRows())
	return n
}

// BenchmarkStart starts the binary over a shop's data, after it was killed, and
// tells after how long it answered a decision at all, and after how long a model
// scored one.
func BenchmarkStart(b *testing.B) {
	n := shop(b)
	n.kill()
	var answered, scored time.Duration
	for b.Loop() {
		began := time.Now()
		again := startIn(b, n.dir, map[string]string{"AISLE_RELEASE": "release"})
		first := true
		for {
			status, answer, err := again.post("/v1/decide", shopDecision)
			if err != nil || status != http.StatusOK {
				b.Fatal(status, answer, err)
			}
			if first {
				answered += time.Since(began)
				first = false
			}
			if strings.Contains(answer, `"degraded":"none"`) {
				break
			}
		}
		scored += time.Since(began)
		again.kill()
	}
	b.ReportMetric(float64(answered.Milliseconds())/float64(b.N), "ms-to-answer")
	b.ReportMetric(float64(scored.Milliseconds())/float64(b.N), "ms-to-score")
}
