package loop_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/examples/internal/loop"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/sync/crashtest"
)

// TestKilledAtAnyMoment kills agents and the centre (hub and trainer) at random
// moments under load. At the end everything that was ever acknowledged must be in
// the ledger, and count once: the receipts are written down before anything else
// is done, and the ledger is read by nobody who had a part in writing it.
func TestKilledAtAnyMoment(t *testing.T) {
	o := options(t)
	l := start(t, o)
	ctx, stop := context.WithCancel(t.Context())
	var kept sync.WaitGroup
	kept.Go(func() { l.Run(ctx) })
	defer kept.Wait()
	defer stop()

	r := newReceipts(t)
	loading, unload := context.WithCancel(ctx)
	var load sync.WaitGroup
	for i, a := range l.Agents {
		for k := range 4 {
			load.Go(func() {
				shop(loading, a, fmt.Sprintf("%s-%d", a.Site, k), r, rand.New(rand.NewPCG(uint64(i), uint64(k))))
			})
		}
	}
	blows := map[string]int{}
	rng := rand.New(rand.NewPCG(3, 1))
	kills := crashtest.Kills(8)
	for range kills {
		pause(ctx, time.Duration(100+rng.IntN(1500))*time.Millisecond)
		victim := rng.IntN(len(l.Agents) + 1)
		blows[loop.Kill(l, victim)]++
	}
	pause(ctx, time.Second)
	unload()
	load.Wait()
	if len(r.outcomes) < 50*kills {
		t.Errorf("only %d outcomes: this was no load", len(r.outcomes))
	}

	inLedger(t, l)
	stop()
	kept.Wait()
	o2 := *mustOverview(t, l)
	if err := l.Stop(); err != nil {
		t.Error(err)
	}
	found := audit(t, l.Centre.State, l.Agents)
	missing, twice := r.compare(t, found)
	t.Logf("%d kills %v; %d outcomes and %d movements acknowledged, %d missing, %d counted twice", kills, blows, len(r.outcomes), len(r.moves), missing, twice)
	found.rewards(t, o2)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// shop is a shopper and a till, who go on whatever happens to the agent. Now and
// then the till repeats itself, as one does whose network lost an answer.
func shop(ctx context.Context, a *loop.Agent, name string, r *receipts, rng *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		event := fmt.Sprintf("%s-%d", name, n)
		answer, err := a.Decide(ctx, loop.Question{
			EventID: event, Slot: "home_hero", ProfileID: fmt.Sprintf("%s-%05d", a.Site, rng.IntN(6000)), SessionID: event,
			Context: map[string]string{"weather": "rain"},
		})
		if err != nil || len(answer.Items) == 0 {
			pause(ctx, 20*time.Millisecond)
			continue
		}
		item := answer.Items[rng.IntN(len(answer.Items))].ID
		o := attribution.Outcome{ID: event + "-sale", EventID: event, ItemID: item, Type: "purchase", Quantity: 1}
		if loop.Insist(ctx, func() error { return a.Tell(ctx, o) }) == nil {
			r.outcome(o.ID)
		}
		m := localapi.Movement{ID: event + "-sold", ItemID: item, Delta: -1}
		if loop.Insist(ctx, func() error { return a.Move(ctx, []localapi.Movement{m}) }) == nil {
			r.move(m.ID)
		}
		if rng.IntN(10) == 0 {
			a.Tell(ctx, o)
			a.Move(ctx, []localapi.Movement{m})
		}
	}
}

// receipts are what was acknowledged, in a file and in memory.
type receipts struct {
	t        *testing.T
	mu       sync.Mutex
	file     *os.File
	outcomes map[string]bool
	moves    map[string]bool
}

func newReceipts(t *testing.T) *receipts {
	f, err := os.Create(filepath.Join(t.TempDir(), "receipts"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &receipts{t: t, file: f, outcomes: map[string]bool{}, moves: map[string]bool{}}
}

func (r *receipts) outcome(id string) { r.keep(r.outcomes, id) }
func (r *receipts) move(id string)    { r.keep(r.moves, id) }

func (r *receipts) keep(in map[string]bool, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := fmt.Fprintln(r.file, id); err != nil {
		r.t.Error(err)
	}
	in[id] = true
}

// TestAgentsServeWithoutTheCentre: agents that start while the centre is away
// decide by their last release at once, and what they took meanwhile reaches the
// ledger later.
func TestAgentsServeWithoutTheCentre(t *testing.T) {
	l := start(t, options(t))
	loop.Kill(l, len(l.Agents))
	for i := range l.Agents {
		loop.Kill(l, i)
		if err := loop.Revive(l, i); err != nil {
			t.Fatal(err)
		}
	}
	r := newReceipts(t)
	for _, a := range l.Agents {
		if err := a.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer, err := a.Decide(t.Context(), loop.Question{EventID: "alone-" + a.Site, Slot: "home_hero", ProfileID: a.Site + "-00001", Context: map[string]string{"weather": "sun"}})
		if err != nil || len(answer.Items) == 0 || answer.Versions.Release == "" {
			t.Fatalf("%s: %+v %v", a.Site, answer, err)
		}
		id := "sale-" + a.Site
		if err := a.Tell(t.Context(), attribution.Outcome{ID: id, EventID: answer.EventID, ItemID: answer.Items[0].ID, Type: "purchase"}); err != nil {
			t.Fatal(err)
		}
		r.outcome(id)
	}
	if err := loop.Revive(l, len(l.Agents)); err != nil {
		t.Fatal(err)
	}
	inLedger(t, l)
	if err := l.Stop(); err != nil {
		t.Error(err)
	}
	r.compare(t, audit(t, l.Centre.State, l.Agents))
}

// TestStartAgain: a later start goes on from there, with what agents know and a
// release that its binaries can run, and refuses to run beside itself.
func TestStartAgain(t *testing.T) {
	o := options(t)
	first := start(t, o)
	if _, err := loop.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "port") {
		t.Errorf("beside itself: %v", err)
	}
	before, err := first.Agents[0].Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	again, err := loop.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Stop()
	after, err := again.Agents[0].Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after.Goods.Items != len(world.New(1).Items()) || after.Release.Counter < before.Release.Counter || after.Log.Records < before.Log.Records {
		t.Errorf("before %+v, after %+v", before, after)
	}
	o2 := mustOverview(t, again)
	if o2.Folder.Counter <= before.Release.Counter {
		t.Errorf("the folder in force is still that of release %d", o2.Folder.Counter)
	}
	eventually(t, "the agent runs it", func() (bool, error) {
		s, err := again.Agents[0].Status(t.Context())
		return err == nil && s.Release.Counter >= o2.Folder.Counter, err
	})
}
