package localapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// running opens a whole node whose loops run.
func running(b *testing.B, w nodetest.Whole) *nodetest.Node {
	n := w.Open(b)
	loops, end := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = n.Log.Run(loops) })
	wg.Go(func() { _ = n.Store.Run(loops) })
	b.Cleanup(func() {
		end()
		wg.Wait()
	})
	return n
}

// BenchmarkDecideWhole is a decision over 1,000 candidates and 32 columns with rules
// of every kind, consent, pair features, exploration, full record and, where it says
// so, hold, beside an echo of the same reply, in alternating rounds. What holds or is
// durable waits for the disk.
func BenchmarkDecideWhole(b *testing.B) {
	for _, c := range []struct {
		connections    int
		durable, holds bool
	}{{1, false, false}, {1, true, true}, {64, true, false}, {64, true, true}} {
		b.Run(fmt.Sprintf("connections=%d/durable=%v/hold=%v", c.connections, c.durable, c.holds), func(b *testing.B) {
			n := running(b, nodetest.Whole{Options: nodetest.Options{Durable: c.durable}, Holds: c.holds})
			var r ranking.Request
			if err := json.Unmarshal(nodetest.WholeRequest(1), &r); err != nil {
				b.Fatal(err)
			}
			reply, err := n.Decider.Decide(context.Background(), &r)
			if err != nil || len(reply.Items) != 3 {
				b.Fatal(reply, err)
			}
			race(b, serve(b, n, localapi.Options{}), reply, "whole", c.connections)
		})
	}
}
