package ranking_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

// moving is a node whose stock moves in the middle of decisions: after the rules were
// applied, before anything is recorded. Of each item there is one.
type moving struct {
	*nodetest.Node
	t     *testing.T
	r     *rand.Rand
	items []*wire.Item
	stock map[string]int64
	calls int
	moves int

	which int // how many of the first items move
	every int // one decision in so many is disturbed
}

func newMoving(t *testing.T, items, which, every int) *moving {
	m := &moving{t: t, r: rand.New(rand.NewPCG(1, 2)), items: nodetest.Items(items), stock: map[string]int64{}, which: which, every: every}
	m.Node = nodetest.New(t, nodetest.Options{Now: m.now})
	for _, it := range m.items {
		it.Stock = 1
	}
	return m
}

// now is the clock of budgets, at which a decision with a model looks for the third
// time once it is scored.
func (m *moving) now() time.Time {
	if m.calls++; m.calls != 3 || m.r.IntN(m.every) > 0 {
		return time.Time{}
	}
	id := m.items[m.r.IntN(m.which)].Id
	delta := int64(1)
	if m.stock[id] > 0 {
		delta = -1
	}
	m.stock[id] += delta
	m.moves++
	move := &wire.StockMove{Id: fmt.Sprint("m", m.moves), Item: id, Delta: -delta}
	if _, err := m.Store.Commit(&wire.Record{Body: &wire.Record_StockMove{StockMove: move}}, nil); err != nil {
		m.t.Fatal(err)
	}
	return time.Time{}
}

// decides makes many decisions, some time apart, and gives their records. One in so
// many as rerun must have run again.
func (m *moving) decides(many, rerun int, apart time.Duration, request func(i int) ranking.Request) []*wire.Decision {
	m.t.Helper()
	for i := range many {
		m.calls = 0
		m.Advance(apart)
		r := request(i)
		r.Slot, r.EventID = "hero", fmt.Sprint("e", i)
		decide(m.t, m.Node, r)
	}
	if reruns := m.Decider.Stats().Reruns; int(reruns) < many/rerun {
		m.t.Fatalf("only %d of %d decisions ran again: the test does not contend", reruns, many)
	}
	all, _ := m.Decisions()
	return all
}

// untilNothing lets kiosks decide side by side until nothing is left to show, and
// gives their answers.
func untilNothing(t *testing.T, n *nodetest.Node, kiosks int) (given []*ranking.Answer) {
	t.Helper()
	answers := make(chan *ranking.Answer, 100)
	var all sync.WaitGroup
	for range kiosks {
		all.Go(func() {
			for {
				a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero"})
				if err != nil {
					t.Error(err)
					return
				}
				if len(a.Items) == 0 {
					return
				}
				answers <- a
			}
		})
	}
	all.Wait()
	close(answers)
	for a := range answers {
		given = append(given, a)
	}
	return given
}
