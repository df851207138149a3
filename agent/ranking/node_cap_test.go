package ranking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// capped is a node with so many items of two brands and a cap.
func capped(t testing.TB, o nodetest.Options, items int, rule string) *nodetest.Node {
	n := nodetest.New(t, o)
	slots := nodetest.Slots(strings.Replace(nodetest.Slot, "rules: []", "rules: [cap]", 1) + strings.NewReplacer("id: hero", "id: free", "{catalogue: {limit: 10000}}", "{actions: true}").Replace(nodetest.Slot))
	files := nodetest.Files(t, slots, "version: 0\nrules:\n  - {id: cap, kind: cap, per: node, "+rule+"}\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)})
	files["offers.csv"] = []byte("id,kind,target,percent,status\nsale,brand,b1,10,active\n")
	n.Use(files)
	var all []*wire.Item
	for i := range items {
		all = append(all, nodetest.Item(fmt.Sprint("i", i), func(it *wire.Item) { it.Brand, it.Category = fmt.Sprint("b", i%2), fmt.Sprint("c", i%2, "/x") }))
	}
	n.Put(all...)
	return n
}

// showings counts what records say was shown, by what a cap counts.
func showings(n *nodetest.Node, of string) map[string]int {
	shown := map[string]int{}
	all, _ := n.Decisions()
	for _, d := range all {
		if of == "slot" && len(d.Shown) > 0 {
			shown[d.Slot]++
			continue
		}
		for i := range d.Shown {
			id := d.Items[i]
			odd := int(id[len(id)-1]-'0') % 2
			switch {
			case of == "item":
				shown[id]++
			case of == "offer":
				shown[d.Shown[i].Offer]++
			default:
				shown[fmt.Sprint(odd)]++
			}
		}
	}
	delete(shown, "")
	return shown
}

// Promise 4: however many kiosks ask at once, and however many items stand in one
// answer, nothing is shown more often than a cap of the node says, and as often as it
// says; also by another process after a power cut.
func TestNodeCapsRace(t *testing.T) {
	for of, want := range map[string]int{"item": 6, "brand": 2, "category": 2, "slot": 1, "offer": 1} {
		n := capped(t, nodetest.Options{Durable: true}, 6, "count: 20, window: 1h, of: "+of)
		var all sync.WaitGroup
		ask := func(many int) {
			for range 16 {
				all.Go(func() {
					for range many {
						if _, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero"}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
		}
		ask(2)
		n.Cut()
		n.Again()
		ask(8)
		shown := showings(n, of)
		for what, times := range shown {
			if times != 20 {
				t.Errorf("of %s: %s was shown %d times, the cap is 20", of, what, times)
			}
		}
		if len(shown) != want {
			t.Errorf("of %s: shown are %v", of, shown)
		}
		t.Logf("of %s: %d reruns", of, n.Decider.Stats().Reruns)
	}
}

// Between the rules and the record: what another one is shown meanwhile counts.
func TestNodeCapMovesMeanwhile(t *testing.T) {
	middle := meanwhile{}
	n := capped(t, nodetest.Options{Now: middle.now}, 6, "count: 1, window: 1h")
	var other *ranking.Answer
	middle.do(func() { other = decide(t, n, ranking.Request{Slot: "hero"}) })
	a := decide(t, n, ranking.Request{Slot: "hero"})
	for what, times := range showings(n, "item") {
		if times > 1 {
			t.Errorf("%s was shown %d times, the cap is 1: %+v, %+v", what, times, a, other)
		}
	}
}

// A cap counts what any slot shows, and given actions that are no items, by their id;
// deferred answers once they are shown; for the window and not much longer. A power
// cut, a damaged file, a clock that jumps and who is forgotten change nothing of it.
func TestNodeCapsCount(t *testing.T) {
	n := capped(t, nodetest.Options{}, 1, "count: 2, window: 1h")
	given := []ranking.Action{{ID: "x"}, {ID: "i0"}}
	left := func(when string, want int) {
		t.Helper()
		if a := decide(t, n, ranking.Request{Slot: "hero", DryRun: true, Actions: given, Count: 2}); len(a.Items) != want {
			t.Errorf("%s: %d are left, want %d", when, len(a.Items), want)
		}
	}
	n.Grant("ann", wire.PersonalisedOffers, wire.Measurement)
	decide(t, n, ranking.Request{Slot: "free", Actions: given, ProfileID: "ann", SessionID: "s"})
	decide(t, n, ranking.Request{Slot: "free", Actions: given[:1], EventID: "later", DeferActivation: true})
	left("shown once", 2)
	n.Restart()
	n.Again()
	if err := n.Decider.Activate(ctx, "later"); err != nil {
		t.Fatal(err)
	}
	left("x is shown twice", 1)
	decide(t, n, ranking.Request{Slot: "free", Actions: given[1:]})
	left("both are", 0)

	all, _ := n.Decisions()
	who := nodetest.Person("ann")
	if _, err := n.Consents.Erase(&wire.Erasure{Receipt: make([]byte, 16), Pseudonym: who[:], Decisions: [][]byte{all[0].Id}}); err != nil {
		t.Fatal(err)
	}
	left("one of them to who is forgotten", 0)
	if err := n.Store.Compact(ctx, n.Log.Last(), store.State); err != nil {
		t.Fatal(err)
	}
	n.Cut()
	n.Again()
	left("after a power cut", 0)
	n.Damage("state.db")
	n.Again()
	left("after a rebuild", 0)
	n.Advance(-48 * time.Hour)
	left("the clock fell", 0)
	n.Restart()
	n.Again()
	left("the clock fell before a start", 0)
	n.Advance(59 * time.Minute)
	left("before the window is over", 0)
	n.Advance(6 * time.Minute)
	left("after it", 2)
}

// Until a release has such a rule nothing is counted, then everything is, also under
// releases without one.
func TestNodeCapsCountOnceAsked(t *testing.T) {
	n := capped(t, nodetest.Options{}, 1, "count: 1, window: 1h")
	with := nodetest.Files(t, nodetest.Slots(strings.Replace(nodetest.Slot, "rules: []", "rules: [cap]", 1)), "version: 0\nrules: [{id: cap, kind: cap, count: 2, window: 1h, per: node}]\n", nodetest.Features, nil)
	without := nodetest.Files(t, nodetest.Slots(nodetest.Slot), "version: 0\nrules: []\n", nodetest.Features, nil)
	n.Use(without)
	decide(t, n, ranking.Request{Slot: "hero"})
	if got := n.Events.Showings().Total(); got != 0 {
		t.Errorf("%d were counted though nothing asks for it", got)
	}
	n.Use(with)
	decide(t, n, ranking.Request{Slot: "hero"})
	n.Use(without)
	decide(t, n, ranking.Request{Slot: "hero"})
	n.Use(with)
	if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != 0 {
		t.Errorf("%d items are shown, the cap is over", len(a.Items))
	}
}

// BenchmarkNodeCaps is BenchmarkDecide of a session among 1,000: without caps of the node, with three
// of them that let everything through, and where they bind.
func BenchmarkNodeCaps(b *testing.B) {
	for name, rules := range map[string]string{
		"without": "",
		"with":    "  - {id: a, kind: cap, per: node, count: 1000000, window: 24h}\n  - {id: b, kind: cap, per: node, count: 1000000, window: 1h, of: brand}\n  - {id: c, kind: cap, per: node, count: 1000000, window: 720h, of: category, depth: 1}\n",
		"binding": "  - {id: a, kind: cap, per: node, count: 20, window: 10s}\n",
	} {
		b.Run(name, func(b *testing.B) {
			node := shop(b, 1000)
			slots := strings.Replace(nodetest.Slots(shopSlot), "frame_share: 0.05", "frame_share: 0.01", 1)
			node.Use(nodetest.Files(b, slots, shopRules+rules, wide(), map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
			defer serve(b, node)()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				if i%100 == 0 {
					node.Advance(time.Second)
				}
				if _, err := node.Decider.Decide(context.Background(), &ranking.Request{Slot: "hero", SessionID: fmt.Sprint("s", i/4)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
