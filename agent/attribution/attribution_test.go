package attribution_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

const rules = "version: 0\nrules:\n  - {id: cap, kind: cap, count: 2, window: 24h, per: person}\n"

// shop has two slots with attributions of their own, and shows what it is given.
func shop(t testing.TB) *nodetest.Node {
	n := nodetest.New(t, nodetest.Options{})
	slots := ""
	for id, attribution := range map[string]string{"hero": "{window: 2h, by: [basket, session, profile]}", "till": "{window: 30m, by: [profile, session]}"} {
		slots += fmt.Sprintf(`
  - id: %s
    kind: offer
    source: {actions: true}
    count: 2
    policy: {kind: epsilon_greedy, epsilon: 0.1}
    reward: {weights: {click: 1}}
    attribution: %s
`, id, attribution)
	}
	n.Use(nodetest.Files(t, nodetest.Slots(slots), rules, nodetest.Features, map[string]func(*scoring.Linear){}))
	return n
}

// show shows items in a slot.
func show(t testing.TB, n *nodetest.Node, event string, r ranking.Request, items ...string) {
	t.Helper()
	r.EventID, r.Count = event, len(items)
	for _, id := range items {
		r.Actions = append(r.Actions, ranking.Action{ID: id})
	}
	a, err := n.Decider.Decide(ctx, &r)
	if err != nil || len(a.Items) != len(items) {
		t.Fatalf("%+v, %v", a, err)
	}
}

func tell(t testing.TB, n *nodetest.Node, outcomes ...attribution.Outcome) attribution.Report {
	t.Helper()
	r, err := n.Decider.Tell(ctx, outcomes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// outcomes are those of the log.
func outcomes(t testing.TB, n *nodetest.Node) (all []*wire.Outcome) {
	for _, r := range n.Records() {
		if o := r.GetOutcome(); o != nil {
			all = append(all, o)
		}
	}
	return all
}

func sale(id, item string, change func(*attribution.Outcome)) attribution.Outcome {
	o := attribution.Outcome{ID: id, ItemID: item, Type: "purchase"}
	change(&o)
	return o
}

// A sale that names no event belongs to what was last shown to the same basket,
// session or person, in each slot by its own rule.
func TestJoins(t *testing.T) {
	type O = attribution.Outcome
	for _, c := range []struct {
		name   string
		grants []wire.Purpose
		tell   O
		wait   time.Duration
		want   []string // event by joint
	}{
		{"by event", nil, O{EventID: "h1", ItemID: "a"}, 0, []string{"h1 event"}},
		{"by an event long ago", nil, O{EventID: "h1", ItemID: "a"}, 70 * time.Hour, []string{"h1 event"}},
		{"by an event, of an item that was not shown", nil, O{EventID: "h1", ItemID: "z"}, 0, []string{"h1 event"}},
		{"by an unknown event", nil, O{EventID: "x", ItemID: "a", SessionID: "s1"}, 0, nil},
		{"by basket", nil, O{BasketID: "b1", ItemID: "b"}, 0, []string{"h1 basket"}},
		{"by session, last shown", nil, O{SessionID: "s1", ItemID: "a"}, 0, []string{"h2 session", "t1 session"}},
		{"by session, past one window", nil, O{SessionID: "s1", ItemID: "a"}, 31 * time.Minute, []string{"h2 session"}},
		{"by session, past both windows", nil, O{SessionID: "s1", ItemID: "a"}, 2 * time.Hour, nil},
		{"by basket before session", nil, O{BasketID: "b1", SessionID: "s1", ItemID: "a"}, 0, []string{"h1 basket", "t1 session"}},
		{"by person", []wire.Purpose{wire.Measurement}, O{ProfileID: "p1", ItemID: "a"}, 0, []string{"h3 profile", "t2 profile"}},
		{"by person, who does not let it be measured", []wire.Purpose{wire.PersonalisedOffers}, O{ProfileID: "p1", ItemID: "a"}, 0, nil},
		{"by nobody", nil, O{ItemID: "a"}, 0, nil},
		{"of another item", nil, O{SessionID: "s1", ItemID: "z"}, 0, nil},
		{"of a sale earlier than what was shown", nil, O{SessionID: "s1", ItemID: "a", At: "-5m"}, 0, nil},
		{"of a sale told late", nil, O{SessionID: "s1", ItemID: "a", At: "1m"}, 5 * time.Hour, []string{"h2 session", "t1 session"}},
		{"of a clock two years ahead", nil, O{SessionID: "s1", ItemID: "a", At: "17520h"}, 0, []string{"h2 session", "t1 session"}},
		{"of a clock two years behind", nil, O{SessionID: "s1", ItemID: "a", At: "-17520h"}, 0, []string{"h2 session", "t1 session"}},
		{"of what was never activated", nil, O{SessionID: "s9", ItemID: "a"}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := shop(t)
			show(t, n, "h1", ranking.Request{Slot: "hero", BasketID: "b1", SessionID: "s1"}, "a", "b")
			show(t, n, "h2", ranking.Request{Slot: "hero", SessionID: "s1"}, "a", "c")
			show(t, n, "t1", ranking.Request{Slot: "till", SessionID: "s1"}, "a")
			show(t, n, "d1", ranking.Request{Slot: "hero", SessionID: "s9", DeferActivation: true}, "a")
			if len(c.grants) > 0 {
				n.Grant("p1", c.grants...)
			}
			show(t, n, "h3", ranking.Request{Slot: "hero", ProfileID: "p1"}, "a")
			show(t, n, "t2", ranking.Request{Slot: "till", ProfileID: "p1"}, "a")
			shown := n.Now()
			n.Advance(c.wait)
			o := c.tell
			o.ID, o.Type = "o", "purchase"
			if o.At != "" {
				d, err := time.ParseDuration(o.At)
				if err != nil {
					t.Fatal(err)
				}
				o.At = shown.Add(d).UTC().Format(time.RFC3339)
			}
			n.Put(nodetest.Item("a record that moves the time", nil))
			r := tell(t, n, o)
			if len(r.Accepted) != 1 || (r.Unmatched == 1) != (len(c.want) == 0) {
				t.Errorf("%+v", r)
			}
			var got []string
			for _, o := range outcomes(t, n) {
				if o.JoinedBy != "" {
					got = append(got, o.EventId+" "+o.JoinedBy)
				}
				if skewed := strings.Contains(c.name, "two years"); o.ClockSkewed != skewed {
					t.Errorf("skewed %v", o.ClockSkewed)
				}
				if known := len(o.Pseudonym) > 0; known != (len(c.grants) > 0) {
					t.Errorf("of a known person: %v", known)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if again := tell(t, n, o); len(again.Duplicate) != 1 {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// Promise 2: an outcome counts once, whatever is lost and repeated, across power
// cuts; what was reported survives them (promise 1).
func TestOutcomesCountOnce(t *testing.T) {
	n := shop(t)
	show(t, n, "e", ranking.Request{Slot: "hero", SessionID: "s"}, "a", "b")
	for round := range 3 {
		all := []attribution.Outcome{
			sale("o1", "a", func(o *attribution.Outcome) { o.EventID = "e" }),
			sale("o2", "b", func(o *attribution.Outcome) { o.SessionID = "s" }),
			sale("o1", "b", func(*attribution.Outcome) {}),
			sale("o3", "c", func(o *attribution.Outcome) { o.EventID = "unknown" }),
		}
		r := tell(t, n, all...)
		want := attribution.Report{Accepted: []string{"o1", "o2", "o3"}, Duplicate: []string{"o1"}, Rejected: []attribution.Rejected{}, Unmatched: 1}
		if round > 0 {
			want = attribution.Report{Accepted: []string{}, Duplicate: []string{"o1", "o2", "o1", "o3"}, Rejected: []attribution.Rejected{}}
		}
		if d := cmp.Diff(want, r); d != "" {
			t.Errorf("round %d: %s", round, d)
		}
		n.Cut()
		n.Again()
	}
	if got := outcomes(t, n); len(got) != 3 {
		t.Errorf("%d outcomes were recorded", len(got))
	}
}

// What can't be taken is told apart by its place, and the rest is taken.
func TestRejectedOutcomes(t *testing.T) {
	n := shop(t)
	long := strings.Repeat("x", 257)
	r := tell(t, n,
		attribution.Outcome{Type: "click"},
		attribution.Outcome{ID: "1", Type: "clack"},
		attribution.Outcome{ID: "2", Type: "Click"},
		attribution.Outcome{ID: long, Type: "click"},
		attribution.Outcome{ID: "3", Type: "click", EventID: long},
		attribution.Outcome{ID: "4", Type: "click", Quantity: -1},
		attribution.Outcome{ID: "5", Type: "click", Money: &attribution.Money{Amount: -1, Currency: "EUR"}},
		attribution.Outcome{ID: "6", Type: "click", Money: &attribution.Money{Amount: 1, Currency: "euro"}},
		attribution.Outcome{ID: "7", Type: "click", At: "yesterday"},
		attribution.Outcome{ID: "8", Type: "unspecified"},
		attribution.Outcome{ID: "9", Type: "reward", Value: 0.5},
	)
	if len(r.Rejected) != 10 || len(r.Accepted) != 1 || r.Accepted[0] != "9" {
		t.Fatalf("%+v", r)
	}
	for i, x := range r.Rejected {
		if x.Place != i || x.Detail == "" || len(x.ID) > 256 {
			t.Errorf("%+v", x)
		}
	}
	if got := outcomes(t, n); len(got) != 1 || got[0].Value != 0.5 || got[0].Quantity != 1 {
		t.Errorf("%v", got)
	}
}

func history(t testing.TB, n *nodetest.Node, kind wire.Kind, id string) (all []attribution.Entry) {
	t.Helper()
	err := n.Store.View(func(v *store.View) error {
		all = n.Events.History(nil, v, kind, wire.Pseudonymise(nodetest.Secret, kind, id))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A deferred decision counts for nothing until it was shown, and then once.
func TestActivation(t *testing.T) {
	n := shop(t)
	n.Grant("p", wire.PersonalisedOffers)
	r := ranking.Request{Slot: "hero", ProfileID: "p", SessionID: "s", BasketID: "b", DeferActivation: true}
	show(t, n, "e", r, "a", "b")
	count := func(when string, want int) {
		t.Helper()
		for kind, id := range map[wire.Kind]string{wire.Person: "p", wire.Session: "s", wire.Basket: "b"} {
			if got := len(history(t, n, kind, id)); got != want {
				t.Errorf("%s: %d entries of the %s, want %d", when, got, kind, want)
			}
		}
	}
	count("before", 0)
	for range 3 {
		if err := n.Decider.Activate(ctx, "e"); err != nil {
			t.Fatal(err)
		}
		count("after", 2)
		n.Cut()
		n.Again()
	}
	show(t, n, "f", ranking.Request{Slot: "hero", SessionID: "s"}, "a")
	if err := n.Decider.Activate(ctx, "f"); err != nil {
		t.Fatal(err)
	}
	// Whoever withdraws in between is not written down any more.
	show(t, n, "g", r, "c")
	n.Grant("p")
	if err := n.Decider.Activate(ctx, "g"); err != nil {
		t.Fatal(err)
	}
	if got := history(t, n, wire.Person, "p"); len(got) > 0 {
		t.Errorf("after a withdrawal: %+v", got)
	}
	// And whoever has granted again is.
	show(t, n, "h", r, "d")
	n.Grant("p", wire.Measurement)
	if err := n.Decider.Activate(ctx, "h"); err != nil {
		t.Fatal(err)
	}
	if got := history(t, n, wire.Person, "p"); len(got) > 0 {
		t.Errorf("of a decision about nobody: %+v", got)
	}
	show(t, n, "i", r, "e")
	n.Grant("p")
	n.Grant("p", wire.Measurement)
	if err := n.Decider.Activate(ctx, "i"); err != nil {
		t.Fatal(err)
	}
	if got := history(t, n, wire.Person, "p"); len(got) != 1 {
		t.Errorf("after a withdrawal and a grant: %+v", got)
	}
	if got := history(t, n, wire.Session, "s"); len(got) != 6 {
		t.Errorf("of the session: %+v", got)
	}
	if err := n.Events.Activate(ctx, "unheard of"); !errors.Is(err, attribution.ErrUnknown) {
		t.Error(err)
	}
	activations := 0
	for _, r := range n.Records() {
		if r.GetActivation() != nil {
			activations++
		}
	}
	if activations != 4 {
		t.Errorf("%d activations were recorded", activations)
	}
}

// The record of a decision can be found by its event for as long as the log has
// it, and then it is told that it is gone.
func TestGone(t *testing.T) {
	n := shop(t)
	for i := range 400 {
		show(t, n, fmt.Sprint("e", i), ranking.Request{Slot: "hero"}, "a", "b")
	}
	if err := n.Store.Sync(ctx, n.Log.Last()); err != nil {
		t.Fatal(err)
	}
	if err := n.Log.Drop(n.Log.Last()); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := n.Events.Find("e0"); !errors.Is(err, attribution.ErrGone) {
		t.Errorf("of a dropped file: %v", err)
	}
	if _, d, _, err := n.Events.Find("e399"); err != nil || d.EventId != "e399" {
		t.Errorf("of the last file: %v, %v", d, err)
	}
	if _, _, _, err := n.Events.Find("e400"); !errors.Is(err, attribution.ErrUnknown) {
		t.Errorf("of an unknown event: %v", err)
	}
	if r := tell(t, n, sale("o", "a", func(o *attribution.Outcome) { o.EventID = "e0" })); r.Unmatched != 1 {
		t.Errorf("an outcome of it: %+v", r)
	}
	var refusal *ranking.Refusal
	if _, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: "e0", Count: 2, Actions: []ranking.Action{{ID: "a"}, {ID: "b"}}}); !errors.As(err, &refusal) || refusal.Problem != ranking.EventGone {
		t.Errorf("the event again: %v", err)
	}
}

// Whoever took a change number before reading can tell that something was
// written since.
func TestChange(t *testing.T) {
	n := shop(t)
	person, session := nodetest.Person("p"), wire.Pseudonymise(nodetest.Secret, wire.Session, "s")
	last := map[string]uint32{}
	moved := func(what string, k [16]byte, want bool) {
		t.Helper()
		if now := n.Events.Change(k); (now != last[what]) != want {
			t.Errorf("%s moved: %v, want %v", what, !want, want)
		} else {
			last[what] = now
		}
	}
	event := attribution.KeyOf("e")
	n.Grant("p", wire.PersonalisedOffers)
	moved("person", person, true)
	moved("event", event, false)
	show(t, n, "e", ranking.Request{Slot: "hero", ProfileID: "p", SessionID: "s", DeferActivation: true}, "a")
	moved("person", person, false)
	moved("event", event, true)
	if err := n.Events.Activate(ctx, "e"); err != nil {
		t.Fatal(err)
	}
	moved("person", person, true)
	moved("session", session, true)
	moved("event", event, true)
	tell(t, n, sale("o", "a", func(o *attribution.Outcome) { o.EventID = "e" }))
	moved("person", person, true)
	moved("session", session, true)
}
