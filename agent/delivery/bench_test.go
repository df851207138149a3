package delivery_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/delivery"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// BenchmarkDecide is a decision that calls for an action: with nobody who takes it,
// with a webhook that answers, one that hangs, and one that is down.
func BenchmarkDecide(b *testing.B) {
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 3\n    actions: [{function: pricing, kind: label, approval: none, ttl: 10m}]", 1)
	hang := make(chan struct{})
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"alone", nil},
		{"quick", func(http.ResponseWriter, *http.Request) {}},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}},
		{"down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := nodetest.New(b, nodetest.Options{})
			n.Use(nodetest.Files(b, nodetest.Slots(slot), "version: 0\nrules: []\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
			n.Put(nodetest.Items(100)...)
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error, 1)
			if c.handler != nil {
				s := httptest.NewServer(c.handler)
				defer s.Close()
				courier := delivery.New(delivery.Options{Store: n.Store, Actions: n.Actions, Site: "north",
					Doors: map[string]delivery.Door{"pricing": webhook(b, s.URL)}})
				go func() { done <- courier.Run(ctx) }()
				defer func() { <-done }()
			}
			defer stop()
			i := 0
			for b.Loop() {
				if _, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i)}); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
