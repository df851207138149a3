package store

import (
	"context"
	"hash/fnv"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/examples/internal/loop"
)

const (
	// fetchEvery is how often a customer of a shop has something fetched.
	fetchEvery = 5 * time.Second
	// patience is how long whoever watches /kiosk/staff.html may decide before a
	// colleague does.
	patience = 20 * time.Second
)

// staff is who decides in a shop what is fetched.
type staff struct {
	agent   *loop.Agent
	waiting atomic.Int64
}

// run decides what waited long enough, until ctx ends.
func (s *staff) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		list, err := s.agent.Actions(ctx)
		if err != nil {
			continue // the agent is away; they wait
		}
		waiting := 0
		for _, a := range list {
			switch {
			case a.State != "proposed":
			case time.Since(a.CreatedAt) < patience:
				waiting++
			default:
				what, say := decided(a)
				s.agent.Act(ctx, a.ID, what, say) // somebody else was quicker, or it waits on
			}
		}
		s.waiting.Store(int64(waiting))
	}
}

// decided is what a colleague makes of an action: of ten, one is rejected and two are
// fetched twice, for a customer who wants two.
func decided(a localapi.Action) (what string, say localapi.ActionEdit) {
	h := fnv.New32a()
	h.Write([]byte(a.ID))
	say.By = "stock-room"
	switch h.Sum32() % 10 {
	case 0:
		return "reject", say
	case 1, 2:
		say.Quantity = 2
		return "edit", say
	}
	return "accept", say
}

// fetch is a customer who has an item fetched, as the kiosk does: one that is there is
// kept, at its price, until the staff has seen to it.
func (s *shop) fetch(ctx context.Context, event, item string) {
	if s.off == nil || !s.fetches.due(time.Now()) {
		return // the page has no stock room
	}
	s.agent.Decide(ctx, loop.Question{EventID: event + "-pickup", Slot: "pickup", Actions: []loop.Action{{ID: item}}}) // none is left: nothing is fetched
}

// rarely is true once in a while, for whoever comes first.
type rarely struct{ last atomic.Int64 }

func (r *rarely) due(now time.Time) bool {
	last := r.last.Load()
	return now.UnixNano()-last >= int64(fetchEvery) && r.last.CompareAndSwap(last, now.UnixNano())
}
