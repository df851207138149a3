package release_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
)

// Promise 4, offline: of a budget that sites share an enrolled node gives away what
// the signed release says is its own, and without a share nothing; a node of its own
// has all of it. Shares above the budget run nowhere.
func TestEscrow(t *testing.T) {
	const offers = "id,kind,target,percent,budget\no,brand,brand0,10,1000\n"
	slot := strings.NewReplacer("{catalogue: {limit: 10000}}", "{offers: true}", "count: 3", "count: 1").Replace(nodetest.Slot)
	given := func(n *nodetest.Node) (sum int) {
		t.Helper()
		for range 20 {
			a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero"})
			if err != nil {
				t.Fatal(err)
			}
			if sum += len(a.Items); len(a.Items) == 0 {
				break
			}
		}
		return sum
	}
	put := func(n *nodetest.Node) {
		n.Put(nodetest.Items(1)...) // one of 1190, so a discount is 119
	}
	files := func(escrow string) map[string][]byte {
		f := nodetest.Files(t, nodetest.Slots(slot), rules, nodetest.Features, nil)
		f["offers.csv"] = []byte(offers)
		if escrow != "" {
			f["escrow.csv"] = []byte("offer,site,agent,amount\n" + escrow)
		}
		return f
	}
	for escrow, want := range map[string]int{
		"":                             0,
		"o,south,,1000\n":              0,
		"o,north,,300\no,south,,700\n": 2,
		"o,north,north-2,1000\n":       0,
		"o,north,north-2,1\no,north,north-1,999\n": 8,
	} {
		n := enrolled(t)
		put(n.Node)
		n.hub.publish(1, files(escrow), nil)
		if err := n.update(); err != nil {
			t.Fatal(err)
		}
		if got := given(n.Node); got != want {
			t.Errorf("with %q it was shown %d times, want %d", escrow, got, want)
		}
		n.Crash()
		if got := given(n.Node); got != 0 {
			t.Errorf("with %q it was shown %d times more after a crash", escrow, got)
		}
	}
	n := nodetest.New(t, nodetest.Options{})
	put(n)
	n.Use(files("o,south,,1000\n"))
	if got := given(n); got != 8 {
		t.Errorf("on a node of its own it was shown %d times, want 8", got)
	}
	if err := n.Releases.Use(files("o,south,,600\no,north,,401\n")); !errors.Is(err, release.ErrRelease) || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("shares above the budget: %v", err)
	}
}
