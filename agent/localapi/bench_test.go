package localapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const benchRules = `
version: 0
rules:
  - {id: in-stock, kind: stock}
  - {id: live, kind: active}
  - {id: margin, kind: margin, floor: 0.05}
  - {id: no-tobacco, kind: exclude, categories: [tobacco]}
  - {id: cap, kind: cap, count: 1000, window: 24h, per: person}
  - {id: had-it, kind: suppress, outcomes: [purchase, dismiss], window: 168h}
`

const benchSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 1000}}
    count: 3
    policy: {kind: squarecb, epsilon: 0.1, gamma: 50}
    experiment: {id: loop, arms: [{id: learned, share: 0.8, policy: learned}, {id: fixed, share: 0.1, policy: fixed}, {id: random, share: 0.1, policy: uniform}]}
    reward: {weights: {click: 0.1, purchase: 1}}
`

// benchNode has 1,000 candidates of 32 dense columns, and people.
func benchNode(b *testing.B, durable bool) *nodetest.Node {
	var f strings.Builder
	f.WriteString("version: 0\nfeatures:\n  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}\n")
	f.WriteString("  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p}\n  - {name: margin, scope: item, kind: dense, source: item.margin}\n")
	f.WriteString("  - {name: stock, scope: item, kind: dense, source: item.stock, scale: 0.01}\n")
	for i := range 29 {
		fmt.Fprintf(&f, "  - {name: x%d, scope: item, kind: dense, source: item.attr.x%d}\n", i, i)
	}
	n := nodetest.New(b, nodetest.Options{Durable: durable})
	slots := strings.Replace(nodetest.Slots(benchSlot), "frame_share: 0.05", "frame_share: 0.01", 1)
	n.Use(nodetest.Files(b, slots, benchRules, f.String(), map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	items := nodetest.Items(1000)
	for i, it := range items {
		for k := range 29 {
			it.Attributes[fmt.Sprintf("x%d", k)] = fmt.Sprintf("%.3f", float64((i*7919+k*104729)%1000)/1000)
		}
	}
	n.Put(items...)
	for i := range people {
		p := fmt.Sprint("p", i)
		n.Grant(p, wire.PersonalisedOffers, wire.ProfileBuilding, wire.Measurement, wire.ModelTraining, wire.DeviceStorage)
		n.Know(p, "taste", "sweet")
	}
	loops, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = n.Log.Run(loops) })
	running.Go(func() { _ = n.Store.Run(loops) })
	b.Cleanup(func() {
		end()
		running.Wait()
	})
	return n
}

const people = 5000 // who each come now and then

// echo is what decide is measured against: net/http and encoding/json, which read
// the same request and write the same reply, and do nothing.
func echo(reply *ranking.Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(reply)
	})
}

// loopback serves a handler over TCP and returns its URL.
func loopback(b *testing.B, h http.Handler) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	b.Cleanup(func() { s.Close() })
	return "http://" + l.Addr().String() + "/v1/decide"
}

// load sends requests over a number of connections, and remembers how long each
// took.
type load struct {
	client *http.Client
	url    string
	who    string // session, person or whole
	next   atomic.Int64

	took  []time.Duration
	spent time.Duration
	n     int
}

// request is that of a kiosk: of somebody with a card, or of a session alone.
func request(who string, i int64) []byte {
	if who == "whole" {
		return nodetest.WholeRequest(i)
	}
	card := ""
	if who == "person" {
		card = fmt.Sprintf(`"profileId":"p%d",`, i%people)
	}
	return fmt.Appendf(nil, `{"slot":"hero",%s"sessionId":"s%d","context":{"weather":"rain","daypart":"noon"}}`, card, i/4)
}

func newLoad(url, who string, connections int) *load {
	return &load{url: url, who: who, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}}}
}

func (l *load) round(b *testing.B, connections, requests int) {
	var wg sync.WaitGroup
	lat := make([][]time.Duration, connections)
	start := time.Now()
	for c := range connections {
		wg.Go(func() {
			for range requests / connections {
				i := l.next.Add(1)
				body := request(l.who, i)
				from := time.Now()
				r, err := l.client.Post(l.url, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				r.Body.Close()
				lat[c] = append(lat[c], time.Since(from))
				if r.StatusCode != http.StatusOK {
					b.Errorf("%s answered %s", l.url, r.Status)
					return
				}
			}
		})
	}
	wg.Wait()
	l.spent += time.Since(start)
	for _, some := range lat {
		l.took = append(l.took, some...)
		l.n += len(some)
	}
}

func (l *load) median() time.Duration {
	slices.Sort(l.took)
	return l.took[len(l.took)/2]
}

func (l *load) rate() float64 { return float64(l.n) / l.spent.Seconds() }

// BenchmarkHTTP is a decision over 1,000 candidates and 32 dense columns, with
// rules, features, score, draw and full record, over loopback HTTP, beside an echo
// of the same reply, in alternating rounds.
func BenchmarkHTTP(b *testing.B) {
	for _, who := range []string{"session", "person"} {
		for _, c := range []struct {
			connections int
			durable     bool
		}{{1, false}, {8, false}, {64, true}} {
			b.Run(fmt.Sprintf("%s/connections=%d/durable=%v", who, c.connections, c.durable), func(b *testing.B) {
				benchHTTP(b, who, c.connections, c.durable)
			})
		}
	}
}

func benchHTTP(b *testing.B, who string, connections int, durable bool) {
	n := benchNode(b, durable)
	api := serve(b, n, localapi.Options{})
	reply, err := n.Decider.Decide(context.Background(), &ranking.Request{Slot: "hero", ProfileID: "p1", SessionID: "s"})
	if err != nil || len(reply.Items) != 3 {
		b.Fatal(reply, err)
	}
	race(b, api, reply, who, connections)
}

// race loads a server and an echo of its reply in alternating rounds.
func race(b *testing.B, api http.Handler, reply *ranking.Answer, who string, connections int) {
	ours, theirs := newLoad(loopback(b, api), who, connections), newLoad(loopback(b, echo(reply)), who, connections)
	requests := 250 * min(connections, 8)
	for _, l := range []*load{ours, theirs} { // to warm up
		l.round(b, connections, requests)
		l.took, l.spent, l.n = nil, 0, 0
	}
	for b.Loop() {
		ours.round(b, connections, requests)
		theirs.round(b, connections, requests)
	}
	b.ReportMetric(float64(ours.median().Nanoseconds())/1000, "µs-p50")
	b.ReportMetric(float64(theirs.median().Nanoseconds())/1000, "µs-p50-echo")
	b.ReportMetric(float64(ours.median())/float64(theirs.median()), "ratio-p50")
	b.ReportMetric(ours.rate(), "req/s")
	b.ReportMetric(theirs.rate(), "req/s-echo")
	b.ReportMetric(ours.rate()/theirs.rate(), "ratio-req/s")
	b.ReportMetric(0, "ns/op")
}

// sink is a ResponseWriter that keeps nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkHandler is the same without the network and its client.
func BenchmarkHandler(b *testing.B) {
	b.Run("person", func(b *testing.B) { handle(b, serve(b, benchNode(b, false), localapi.Options{}), "person") })
	b.Run("whole", func(b *testing.B) { handle(b, serve(b, running(b, nodetest.Whole{}), localapi.Options{}), "whole") })
}

func handle(b *testing.B, api http.Handler, who string) {
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:1/v1/decide", bytes.NewReader(request(who, int64(i))))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		api.ServeHTTP(&sink{http.Header{}}, r)
	}
}
