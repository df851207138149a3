package ranking_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const noRules = "version: 0\nrules:\n  - {id: live, kind: active}\n"

// learned is a node with one slot and a model.
func learned(t testing.TB, o nodetest.Options, slot, rules string) *nodetest.Node {
	n := nodetest.New(t, o)
	n.Use(nodetest.Files(t, nodetest.Slots(slot), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
	n.Put(nodetest.Items(40)...)
	return n
}

func decide(t testing.TB, n *nodetest.Node, r ranking.Request) *ranking.Answer {
	t.Helper()
	a, err := n.Decider.Decide(ctx, &r)
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	return a
}

func problem(err error) ranking.Problem {
	var r *ranking.Refusal
	if errors.As(err, &r) {
		return r.Problem
	}
	return ""
}

func text(name, value string) features.Value {
	return features.Value{Name: name, Kind: features.Text, Text: value}
}

// What can't be answered says why, under a stable name, and records nothing.
func TestRefusals(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	if _, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero"}); problem(err) != ranking.NoRelease {
		t.Errorf("without a release: %v", err)
	}
	n.Use(nodetest.Files(t, nodetest.Slots(nodetest.Slot+strings.NewReplacer("id: hero", "id: given", "{catalogue: {limit: 10000}}", "{actions: true}").Replace(nodetest.Slot)), noRules, nodetest.Features, nil))
	long := strings.Repeat("e", 300)
	many := make([]ranking.Action, 10_001)
	large := make([]ranking.Action, 10_000)
	for i := range large {
		large[i].ID = fmt.Sprintf("%0100d", i)
	}
	copy(many, large)
	before := n.Log.Last()
	for name, c := range map[string]struct {
		r    ranking.Request
		want ranking.Problem
	}{
		"no slot":            {ranking.Request{}, ranking.InvalidRequest},
		"an unknown slot":    {ranking.Request{Slot: "nowhere"}, ranking.UnknownSlot},
		"a long event id":    {ranking.Request{Slot: "hero", EventID: long}, ranking.InvalidRequest},
		"a long profile id":  {ranking.Request{Slot: "hero", ProfileID: long}, ranking.InvalidRequest},
		"a negative count":   {ranking.Request{Slot: "hero", Count: -1}, ranking.InvalidRequest},
		"too many":           {ranking.Request{Slot: "hero", Count: 101}, ranking.InvalidRequest},
		"a negative budget":  {ranking.Request{Slot: "hero", BudgetMs: -1}, ranking.InvalidRequest},
		"too many actions":   {ranking.Request{Slot: "given", Actions: many}, ranking.InvalidRequest},
		"too large actions":  {ranking.Request{Slot: "given", Actions: large}, ranking.TooLarge},
		"an action twice":    {ranking.Request{Slot: "given", Actions: []ranking.Action{{ID: "a"}, {ID: "b"}, {ID: "a"}}}, ranking.InvalidRequest},
		"an action's no id":  {ranking.Request{Slot: "given", Actions: []ranking.Action{{ID: ""}}}, ranking.InvalidRequest},
		"a long action's id": {ranking.Request{Slot: "given", Actions: []ranking.Action{{ID: long}}}, ranking.InvalidRequest},
		"no actions":         {ranking.Request{Slot: "given"}, ranking.NoActions},
		"for an item":        {ranking.Request{Slot: "hero", ForItem: "a"}, ranking.NotSupported},
	} {
		_, err := n.Decider.Decide(ctx, &c.r)
		if problem(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if err := n.Decider.Activate(ctx, "unheard of"); problem(err) != ranking.UnknownEvent {
		t.Errorf("activate: %v", err)
	}
	if _, err := n.Decider.Replay("unheard of"); problem(err) != ranking.UnknownEvent {
		t.Errorf("replay: %v", err)
	}
	if n.Log.Last() != before {
		t.Errorf("%d records of refusals", n.Log.Last()-before)
	}
	seen := map[ranking.Problem]bool{}
	for _, p := range ranking.Problems() {
		if seen[p] || string(p) != strings.ToLower(string(p)) || strings.ContainsAny(string(p), " _") {
			t.Errorf("%q is no stable name of its own", p)
		}
		seen[p] = true
	}
}

// Without a model, a profile or a hub there are answers: the baseline, explored.
func TestBaselineServes(t *testing.T) {
	t.Parallel()
	for baseline, first := range map[string]string{"ranking": "item-00007", "margin": "item-00039", "order": "item-00000"} {
		n := nodetest.New(t, nodetest.Options{})
		slot := strings.Replace(nodetest.Slot, "count: 3", "count: 1\n    required: 1\n    baseline: "+baseline, 1)
		files := nodetest.Files(t, nodetest.Slots(slot), noRules, nodetest.Features, nil)
		nodetest.Rankings(t, files, map[string][]string{"hero": {"unknown", "item-00007", "item-00003"}})
		n.Use(files)
		if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != 0 || a.Short != 1 || a.Degraded != ranking.Baseline {
			t.Errorf("an empty shop: %+v", a)
		}
		n.Put(nodetest.Items(40)...)
		counts := map[string]int{}
		for range 1000 {
			a := decide(t, n, ranking.Request{Slot: "hero"})
			if a.Degraded != ranking.Baseline || a.Personalised || a.Versions.Model != "" || a.Age.Model >= 0 {
				t.Fatalf("%+v", a)
			}
			counts[a.Items[0].ID]++
			if want := 0.2 / 40; a.Items[0].ID != first && math.Abs(a.Items[0].Probability-want) > 1e-12 {
				t.Fatalf("%s: explored with %v, want %v", baseline, a.Items[0].Probability, want)
			}
		}
		if counts[first] < 750 || counts[first] > 860 || len(counts) < 35 {
			t.Errorf("%s: %s was first %d times of 1000, %d items explored", baseline, first, counts[first], len(counts))
		}
		d, _ := n.Decisions()
		if last := d[len(d)-1]; last.Policy.Kind != "baseline" || !last.Baseline || last.Degraded != wire.Degraded_DEGRADED_BASELINE || last.Features != nil {
			t.Errorf("recorded %v", last)
		}
	}
}

// The arms of an experiment draw as they say, with their shares, and a unit stays
// in its arm.
func TestArms(t *testing.T) {
	t.Parallel()
	slot := strings.Replace(nodetest.Slot, "reward:", `experiment: {id: loop, unit: session, arms: [{id: l, share: 0.5, policy: learned}, {id: f, share: 0.3, policy: fixed}, {id: u, share: 0.2, policy: uniform}]}
    reward:`, 1)
	n := nodetest.New(t, nodetest.Options{})
	files := nodetest.Files(t, nodetest.Slots(slot), noRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)})
	nodetest.Rankings(t, files, map[string][]string{"hero": {"item-00009", "item-00002", "item-00004"}})
	n.Use(files)
	n.Put(nodetest.Items(40)...)
	counts, arms := map[string]int{}, map[string]string{}
	for i := range 2000 {
		session := fmt.Sprint("s", i%1000)
		a := decide(t, n, ranking.Request{Slot: "hero", SessionID: session})
		arm := a.Experiments[0].Arm
		if was := arms[session]; was != "" && was != arm {
			t.Fatalf("%s moved from arm %s to %s", session, was, arm)
		}
		arms[session] = arm
		counts[arm]++
		switch arm {
		case "f":
			if a.Items[0].ID != "item-00009" || a.Items[1].ID != "item-00002" || a.Items[0].Probability != 1 || a.Items[2].Probability != 1 {
				t.Fatalf("the fixed arm: %+v", a.Items)
			}
		case "u":
			if math.Abs(a.Items[0].Probability-1.0/40) > 1e-12 || math.Abs(a.Items[2].Probability-1.0/38) > 1e-12 {
				t.Fatalf("the uniform arm: %+v", a.Items)
			}
		}
	}
	for arm, share := range map[string]float64{"l": 0.5, "f": 0.3, "u": 0.2} {
		if got := float64(counts[arm]) / 2000; math.Abs(got-share) > 0.06 {
			t.Errorf("arm %s has a share of %.3f, want %.1f", arm, got, share)
		}
	}
	d, _ := n.Decisions()
	for _, d := range d[:20] {
		a := d.Arms[0]
		if a.Experiment != "loop" || a.Share != map[string]float64{"l": 0.5, "f": 0.3, "u": 0.2}[a.Arm] || d.Features == nil {
			t.Errorf("recorded %v, features %v", a, d.Features != nil)
		}
	}
}

// A slot that is not online serves its baseline; as an apprentice it records what
// it would have shown.
func TestModes(t *testing.T) {
	for _, mode := range []string{"apprentice", "logging_only"} {
		n := learned(t, nodetest.Options{}, strings.Replace(nodetest.Slot, "count: 3", "count: 2\n    baseline: order\n    mode: "+mode, 1), noRules)
		shadows := map[string]bool{}
		for i := range 50 {
			a := decide(t, n, ranking.Request{Slot: "hero", SessionID: fmt.Sprint(i)})
			if a.Items[0].ID != "item-00000" || a.Items[1].ID != "item-00001" || a.Items[0].Probability != 1 {
				t.Fatalf("%s: %+v", mode, a.Items)
			}
		}
		all, _ := n.Decisions()
		for _, d := range all {
			shadows[d.Shadow] = true
			if len(d.Arms) > 0 || d.Features == nil {
				t.Errorf("%s recorded %v", mode, d)
			}
		}
		if (mode == "apprentice") != (len(shadows) > 1) || (mode == "logging_only") != shadows[""] {
			t.Errorf("%s: shadows %v", mode, shadows)
		}
		n.Use(nodetest.Files(t, nodetest.Slots(strings.Replace(nodetest.Slot, "count: 3", "baseline: order\n    mode: "+mode, 1)), noRules, nodetest.Features, nil))
		if a := decide(t, n, ranking.Request{Slot: "hero"}); a.Degraded != ranking.NotDegraded || a.DegradedBy != "" || a.Items[0].ID != "item-00000" {
			t.Errorf("%s without a model: %+v", mode, a)
		}
	}
}

// The same event has the same answer after a restart, and for ever another request
// is a clash.
func TestEventsSurvive(t *testing.T) {
	n := learned(t, nodetest.Options{Durable: true}, nodetest.Slot, noRules)
	r := ranking.Request{Slot: "hero", EventID: strings.Repeat("e", 256), SessionID: "s", Context: features.Values{text("weather", "rain")}}
	first := decide(t, n, r)
	n.Cut()
	n.Again()
	if again := decide(t, n, r); !sameItems(first, again) {
		t.Errorf("after a power cut\n%+v\nwas\n%+v", again, first)
	}
	other := r
	other.Context = features.Values{text("weather", "sun")}
	if _, err := n.Decider.Decide(ctx, &other); problem(err) != ranking.EventClash {
		t.Errorf("another request: %v", err)
	}
	n.Advance(73 * time.Hour)
	n.Put(nodetest.Item("new", nil)) // any record moves the node's time
	decide(t, n, other)
}

// Promise 4: whatever is there is promised once, however many ask at once; what
// was bought, was let go or timed out is counted right, also after a power cut.
func TestHoldsRace(t *testing.T) {
	const kiosks, stock = 16, 10
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 2\n    hold: {ttl: 10m}\n    actions: [{function: stock_room, kind: pick, ttl: 10m}]", 1)
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(slot), noRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
	items := nodetest.Items(5)
	for _, it := range items {
		it.Stock = stock / 5
	}
	n.Put(items...)
	promised := map[string]int{}
	var one *ranking.Answer
	for _, a := range untilNothing(t, n, kiosks) {
		one = a
		for _, it := range a.Items {
			promised[it.ID]++
			if it.Availability.HoldUntil == "" {
				t.Errorf("%s is not held", it.ID)
			}
		}
	}
	for _, it := range items {
		if promised[it.Id] != stock/5 {
			t.Errorf("%s was promised %d times, there were %d", it.Id, promised[it.Id], stock/5)
		}
	}
	t.Logf("%d reruns", n.Decider.Stats().Reruns)
	called := map[string]int{}
	for _, x := range n.Actions.List("stock_room", 0) {
		called[x.Item]++
	}
	if !maps.Equal(called, promised) {
		t.Errorf("promised %v, called for %v", promised, called)
	}
	empty := func(when string) {
		t.Helper()
		if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) > 0 {
			t.Errorf("%s: %+v is promised", when, a.Items)
		}
	}
	n.Cut() // every answer was durable before it was given
	n.Again()
	empty("after a power cut")
	let := one.Items[0].ID
	if _, err := n.Decider.Tell(ctx, []attribution.Outcome{{ID: "o1", EventID: one.EventID, ItemID: let, Type: "void"}, {ID: "o2", EventID: one.EventID, ItemID: "item-9", Type: "purchase"}}); err != nil {
		t.Fatal(err)
	}
	if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != 1 || a.Items[0].ID != let {
		t.Errorf("what was let go: %+v", a.Items)
	}
	n.Advance(10*time.Minute - time.Millisecond)
	empty("just before the holds are over")
	n.Advance(time.Millisecond)
	if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != 2 || n.Holds.Live() != 2 {
		t.Errorf("after the holds are over: %+v, %d holds", a.Items, n.Holds.Live())
	}
}

// Promise 4 between the rules and the record: what another one was promised, what
// left the shelf and what may not be shown any more is not shown, however late it
// comes. Nothing races here: what moves does so after the scores, each time.
func TestGoodsMoveMeanwhile(t *testing.T) {
	middle := meanwhile{}
	slot := strings.NewReplacer("count: 3", "count: 2\n    hold: {ttl: 10m}", "rules: []", "rules: [live]").Replace(nodetest.Slot)
	for name, move := range map[string]func(n *nodetest.Node){
		"another one is promised it": func(n *nodetest.Node) { decide(t, n, ranking.Request{Slot: "hero", Count: 1}) },
		"it is sold":                 func(n *nodetest.Node) { n.Move("m1", "item-00001", -1) },
		"it may not be shown any more": func(n *nodetest.Node) {
			n.Put(nodetest.Item("item-00001", func(it *wire.Item) { it.Stock, it.Status = 1, "hidden" }))
		},
	} {
		n := nodetest.New(t, nodetest.Options{Now: middle.now})
		n.Use(nodetest.Files(t, nodetest.Slots(slot), noRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
		items := nodetest.Items(2)
		for _, it := range items {
			it.Stock = 1
		}
		n.Put(items...)
		middle.do(func() { move(n) })
		a := decide(t, n, ranking.Request{Slot: "hero"})
		shown := map[string]int{}
		all, _ := n.Decisions()
		for _, d := range all {
			for _, id := range d.Items[:len(d.Shown)] {
				shown[id]++
			}
		}
		if len(a.Items) != 1 || shown["item-00000"] > 1 || shown["item-00001"] > 1 || all[len(all)-1].Attempt != 1 {
			t.Errorf("%s: %+v is shown, in all %v, by attempt %d", name, a.Items, shown, all[len(all)-1].Attempt)
		}
	}
}

// meanwhile does something in the middle of a decision with a model: after its
// scores and before its record, which the third look at the time stands between.
type meanwhile struct {
	calls int
	what  func()
}

func (m *meanwhile) now() time.Time {
	if m.calls++; m.calls == 3 && m.what != nil {
		m.what()
	}
	return time.Time{}
}

// do makes what happen in the next decision, once.
func (m *meanwhile) do(what func()) { m.calls, m.what = 0, what }

// Promise 2 with no room left: what may be lost is answered all the same and
// counted, by few records; what must be recorded is refused, holds nothing, and is
// answered again once there is room.
func TestFullLog(t *testing.T) {
	other := func(id, change string) string {
		return strings.NewReplacer("id: hero", "id: "+id, "rules: []", change).Replace(nodetest.Slot)
	}
	slots := nodetest.Slot + other("held", "hold: {ttl: 10m}\n    rules: []") + other("capped", "rules: [cap]")
	n := nodetest.New(t, nodetest.Options{Log: 1 << 20})
	n.Use(nodetest.Files(t, nodetest.Slots(slots), noRules+"  - {id: cap, kind: cap, count: 1, window: 1h, per: session}\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5), "held": nil, "capped": nil}))
	n.Put(nodetest.Items(40)...)
	for row := 0; row < 200; row++ { // records differ in size, so the last room goes slowly
		before := n.Decider.Stats().Lost
		if a := decide(t, n, ranking.Request{Slot: "hero"}); len(a.Items) != 3 {
			t.Fatalf("%+v", a)
		}
		if n.Decider.Stats().Lost == before {
			row = 0
		}
	}
	for slot, session := range map[string]string{"held": "", "capped": "s", "hero": "s"} { // what hero shows counts towards capped's cap
		if _, err := n.Decider.Decide(ctx, &ranking.Request{Slot: slot, SessionID: session}); problem(err) != ranking.LogFull {
			t.Errorf("%s: %v", slot, err)
		}
	}
	if n.Holds.Live() > 0 {
		t.Errorf("%d are held for nobody", n.Holds.Live())
	}
	told := 0
	for tell := func() error {
		_, err := n.Decider.Tell(ctx, []attribution.Outcome{{ID: fmt.Sprint("o", told), Type: "click", ItemID: strings.Repeat("x", 256)}})
		return err
	}; ; told++ {
		if err := tell(); problem(err) == ranking.LogFull {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	n.Grant("p") // takes back what there may be, and is obeyed however little room there is
	if told == 0 {
		t.Error("decisions left no room for outcomes")
	}

	if err := n.Store.Sync(ctx, n.Log.Last()); err != nil {
		t.Fatal(err)
	}
	end, err := n.Log.FileEnd(n.Log.First())
	if err == nil {
		err = n.Log.Drop(end)
	}
	if err != nil {
		t.Fatal(err)
	}
	n.Advance(time.Minute)
	for _, slot := range []string{"hero", "held"} {
		decide(t, n, ranking.Request{Slot: slot})
	}
	counted, records := uint64(0), 0
	for _, r := range n.Records() {
		if d := r.GetDrop(); d != nil && d.Class == "decision" && d.Why == "full" {
			counted, records = counted+d.Count, records+1
		}
	}
	if lost := n.Decider.Stats().Lost; counted != lost || records > 2 {
		t.Errorf("%d were lost; %d records tell of %d", lost, records, counted)
	}
}

// A machine's clock that is two years off stops nothing and grants nothing: what
// was granted under it is stale rather than fresh, holds end, and who grants now is
// heard at once.
func TestClockTwoYearsOff(t *testing.T) {
	n := learned(t, nodetest.Options{}, strings.Replace(nodetest.Slot, "count: 3", "count: 3\n    hold: {ttl: 10m}", 1), noRules)
	personalised := func() bool {
		a := decide(t, n, ranking.Request{Slot: "hero", ProfileID: "p"})
		if len(a.Items) != 3 || a.Degraded != ranking.NotDegraded {
			t.Fatalf("%+v", a)
		}
		return a.Personalised
	}
	n.Grant("p", wire.PersonalisedOffers)
	if !personalised() {
		t.Error("granted, and not used")
	}
	n.Advance(2 * 365 * 24 * time.Hour)
	if personalised() || n.Holds.Live() != 3 {
		t.Errorf("two years ahead, a grant still counts, or %d holds do", n.Holds.Live())
	}
	n.Advance(-4 * 365 * 24 * time.Hour)
	if personalised() {
		t.Error("two years behind, a grant that was over counts again")
	}
	n.Restart()
	n.Again()
	if personalised() {
		t.Error("a start two years behind makes a grant count again")
	}
	n.Grant("p", wire.PersonalisedOffers, wire.Measurement)
	if !personalised() {
		t.Error("granted anew, and not used")
	}
	_, at := n.Decisions()
	if !slices.IsSorted(at) {
		t.Errorf("node time fell: %v", at)
	}
}

// What is held for an answer that can't be given is let go: nobody was told of it.
func TestUngivenAnswersHoldNothing(t *testing.T) {
	n := learned(t, nodetest.Options{}, strings.Replace(nodetest.Slot, "count: 3", "count: 3\n    hold: {ttl: 10m}", 1), noRules)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	given, refused := 0, 0
	for refused == 0 { // who has gone is still answered if the disk was as quick
		switch _, err := n.Decider.Decide(gone, &ranking.Request{Slot: "hero"}); {
		case err == nil:
			given++
		case problem(err) == ranking.LogFailed:
			refused++
		default:
			t.Fatal(err)
		}
	}
	if n.Holds.Live() != 3*given {
		t.Errorf("%d are held, %d were promised", n.Holds.Live(), 3*given)
	}
}

// Promise 3, end to end: a marker planted in a profile reaches no frame, no record
// and no file unless it is granted, and it never lies in the open in any.
func TestNoProfileWithoutAGrant(t *testing.T) {
	const marker = "PLANTED-MARKER"
	id := scoring.XX64.ID("taste", marker)
	everything := []wire.Purpose{wire.PersonalisedOffers, wire.ProfileBuilding, wire.Measurement, wire.ModelTraining}
	n := learned(t, nodetest.Options{}, nodetest.Slot, noRules)
	n.Grant("p1", everything...)
	n.Know("p1", "taste", marker)
	taste := func(d *wire.Decision) uint32 { return wireIDs(t, d.Features.ContextCategorical)[1] }
	last := func() *wire.Decision {
		all, _ := n.Decisions()
		return all[len(all)-1]
	}
	for _, c := range []struct {
		name    string
		grants  []wire.Purpose
		signals ranking.Signals
		scored  bool // the field reaches the frame
		logged  bool // and the log
		why     string
		known   bool
	}{
		{"everything", everything, ranking.Signals{}, true, true, "", true},
		{"no training", []wire.Purpose{wire.PersonalisedOffers}, ranking.Signals{}, true, false, "", true},
		{"nothing", nil, ranking.Signals{}, false, false, "not_granted", false},
		{"measurement", []wire.Purpose{wire.Measurement, wire.ModelTraining}, ranking.Signals{}, false, false, "not_granted", true},
		{"a signal", everything, ranking.Signals{GPC: true}, false, false, "signal", true},
		{"a consent string", everything, ranking.Signals{TCF: "CP"}, false, false, "unparsable", false},
		{"an old string", everything, ranking.Signals{TCF: "COwGVJOOwGVJOADACHENAOCAAO6as_-AAAhoAFNLAAoAAAA"}, false, false, "stale", false},
		{"an opt-out", everything, ranking.Signals{GPP: "DBABTA~1YYN", GPPSid: []int{6}}, false, false, "signal", true},
		{"an opt-out elsewhere", everything, ranking.Signals{GPP: "DBABTA~1YYN", GPPSid: []int{-1}}, true, true, "", true},
		{"no opt-out", everything, ranking.Signals{GPP: "DBABTA~1YNN"}, true, true, "", true},
		{"no answer to the law", everything, ranking.Signals{GPP: "DBABTA~1YNN", GPPSid: []int{7}}, false, false, "unparsable", false},
		{"a law and no string", everything, ranking.Signals{GPPSid: []int{7}}, false, false, "unparsable", false},
		{"no law and no string", everything, ranking.Signals{GPPSid: []int{-1, 0}}, true, true, "", true},
	} {
		n.Grant("p1", c.grants...)
		a := decide(t, n, ranking.Request{Slot: "hero", ProfileID: "p1", Consent: c.signals, EventID: c.name})
		d := last()
		if got := taste(d); (got == id) != c.logged || got != 0 && got != id {
			t.Errorf("%s: the record has %d", c.name, got)
		}
		if a.Personalised != c.scored || (len(d.Context) > 0) != (c.scored && !c.logged) {
			t.Errorf("%s: personalised %v, apart %v", c.name, a.Personalised, d.Context)
		}
		if c.why != "" && (len(a.Basis.Withheld) != 1 || a.Basis.Withheld[0] != ranking.Withheld{Field: "taste", Purpose: "personalised_offers", Why: c.why}) {
			t.Errorf("%s: withheld %+v", c.name, a.Basis.Withheld)
		}
		if (len(d.Pseudonym) > 0) != c.known {
			t.Errorf("%s: recorded as %x", c.name, d.Pseudonym)
		}
		with, without := scored(t, n, d, id), scored(t, n, d, 0)
		mean := wireFloats(t, d.Mean)[0]
		if want := without; c.scored {
			if want = with; mean != want || with == without {
				t.Errorf("%s: scored %v, want %v with the field (%v without)", c.name, mean, with, without)
			}
		} else if mean != want {
			t.Errorf("%s: scored %v, want %v without the field", c.name, mean, want)
		}
		if r, err := n.Decider.Replay(c.name); err != nil || !r.Agrees || !r.Module || !r.Reference || !r.Draw {
			t.Errorf("%s: replay %+v, %v", c.name, r, err)
		}
	}
	// A lease that is over is a no.
	n.Grant("p1", everything...)
	n.Advance(169 * time.Hour)
	if a := decide(t, n, ranking.Request{Slot: "hero", ProfileID: "p1"}); a.Personalised || a.Basis.Withheld[0].Why != "stale" || len(last().Pseudonym) > 0 || taste(last()) != 0 {
		t.Errorf("after the lease: %+v", a)
	}
	if err := n.Store.Sync(ctx, n.Log.Last()); err != nil {
		t.Fatal(err)
	}
	n.Restart()
	err := filepath.WalkDir(n.Dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(marker)) {
			t.Errorf("the marker lies in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scored is the mean of a record's first row, with the person's column as said.
func scored(t *testing.T, n *nodetest.Node, d *wire.Decision, taste uint32) float64 {
	model, err := n.Releases.Active().Slot("hero").Scorer.Reference()
	if err != nil {
		t.Fatal(err)
	}
	linear := model.(*scoring.Linear)
	s := linear.Frame
	ids := slices.Clone(wireIDs(t, d.Features.ContextCategorical))
	ids[1] = taste
	mean, _ := linear.Heads[0].Sum(linear.Terms(nil, scoring.Row{
		ContextDense: wireFloat32s(t, d.Features.ContextDense), ContextCategorical: ids,
		Dense: wireFloat32s(t, d.Features.Dense)[:s.Dense], Categorical: wireIDs(t, d.Features.Categorical)[:s.Categorical],
	}))
	return mean
}

func view[T wire.Element](t *testing.T, b []byte) []T {
	t.Helper()
	v, err := wire.View[T](b)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wireIDs(t *testing.T, b []byte) []uint32       { return view[uint32](t, b) }
func wireFloats(t *testing.T, b []byte) []float64   { return view[float64](t, b) }
func wireFloat32s(t *testing.T, b []byte) []float32 { return view[float32](t, b) }

// Promise 9: every decision comes out again from its record: each score in the
// module and in plain Go, each conditional, and what was drawn.
func TestReplay(t *testing.T) {
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 4\n    none: {floor: 0.1}\n    experiment: {id: x, arms: [{id: l, share: 0.6, policy: learned}, {id: f, share: 0.2, policy: fixed}, {id: u, share: 0.2, policy: uniform}]}", 1)
	n := learned(t, nodetest.Options{}, slot, noRules)
	n.Grant("p1", wire.PersonalisedOffers, wire.ProfileBuilding)
	n.Know("p1", "taste", "sweet")
	full, kinds := 0, map[string]int{}
	for i := range 300 {
		r := ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), Context: features.Values{text("weather", []string{"rain", "sun"}[i%2])}}
		if i%3 == 0 {
			r.ProfileID = "p1"
		}
		if i%5 == 0 {
			r.Actions = []ranking.Action{{ID: "item-00003"}, {ID: "unknown", Features: features.Values{{Name: "said", Kind: features.Number, Number: 3}}}, {ID: "item-00001"}}
		}
		if i%7 == 0 {
			r.BudgetMs = 1
		}
		decide(t, n, r)
		got, err := n.Decider.Replay(r.EventID)
		if err != nil || !got.Agrees || !got.Draw || got.Scored && (!got.Module || !got.Reference) {
			t.Fatalf("event %d: %+v, %v", i, got, err)
		}
	}
	all, _ := n.Decisions()
	for _, d := range all {
		kinds[d.Policy.Kind]++
		if d.FullFrame {
			full++
			want := 0
			for _, b := range d.Allowed {
				for ; b != 0; b &= b - 1 {
					want++
				}
			}
			if len(d.Items) != want {
				t.Errorf("a full frame of %d rows, %d were allowed", len(d.Items), want)
			}
		}
	}
	if full < 5 || full > 40 || kinds["squarecb"] < 100 || kinds["fixed"] < 20 || kinds["uniform"] < 20 {
		t.Errorf("%d full frames of 300, kinds %v", full, kinds)
	}
	replayGone(t, n)
}

// replayGone says why a replay is not possible any more.
func replayGone(t *testing.T, n *nodetest.Node) {
	n.Advance(74 * time.Hour)
	// e3 is of a person and has no deadline, so it knew of them on any machine
	if _, err := n.Decider.Replay("e3"); problem(err) != ranking.ReplayGone {
		t.Errorf("after 74 hours: %v", err)
	}
	n.Use(nodetest.Files(t, strings.Replace(nodetest.Slots(nodetest.Slot), "3f3f", "4e4e", 1), noRules, nodetest.Features, nil))
	if _, err := n.Decider.Replay("e1"); problem(err) != ranking.ModelGone {
		t.Errorf("under another release: %v", err)
	}
}

// A deadline degrades in named steps, each with a distribution of its own.
func TestBudget(t *testing.T) {
	t.Parallel()
	var now time.Time
	var later []time.Duration // how much time passes at each look at the clock
	n := nodetest.New(t, nodetest.Options{Now: func() time.Time {
		if len(later) > 0 {
			now, later = now.Add(later[0]), later[1:]
		}
		return now
	}})
	n.Use(nodetest.Files(t, nodetest.Slots(nodetest.Slot), noRules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
	n.Put(nodetest.Items(200)...)
	for _, c := range []struct {
		took time.Duration
		want ranking.Degraded
	}{{0, ranking.NotDegraded}, {19947 * time.Microsecond, ranking.Shortlist}, {20 * time.Millisecond, ranking.Baseline}, {time.Second, ranking.Baseline}} {
		for i := range 30 {
			later = []time.Duration{0, c.took}
			id := fmt.Sprint(c.took, i)
			a := decide(t, n, ranking.Request{Slot: "hero", EventID: id, BudgetMs: 20})
			if a.Degraded != c.want {
				t.Fatalf("%v of 20 ms were over: %s, want %s", c.took, a.Degraded, c.want)
			}
			if r, err := n.Decider.Replay(id); err != nil || !r.Agrees {
				t.Fatalf("%s: %+v, %v", c.want, r, err)
			}
		}
	}
	all, _ := n.Decisions()
	for _, d := range all {
		means := wireFloats(t, d.Mean)
		for k, m := range means {
			candidate := wireIDs(t, d.Candidate)[k]
			if d.Degraded == wire.Degraded_DEGRADED_SHORTLIST && (candidate < 64) == math.IsInf(m, -1) {
				t.Fatalf("of a shortlist, candidate %d has mean %v", candidate, m)
			}
		}
	}
	if s := n.Decider.Stats(); s.Shortlist != 30 || s.Baseline != 60 || s.Decisions != 120 {
		t.Errorf("%+v", s)
	}
}

// A score that once took long, because the machine slept, ends no scoring: neither
// then, nor where nothing but scores with a budget would tell that it takes less.
func TestASlowScoreIsForgotten(t *testing.T) {
	var now time.Time
	calls, slow := 0, time.Duration(0)
	n := learned(t, nodetest.Options{Now: func() time.Time {
		if calls++; calls == 5 { // after the score
			now = now.Add(slow)
		}
		return now
	}}, nodetest.Slot, noRules)
	n.Put(nodetest.Items(200)...)
	ask := func(took time.Duration, budget int) ranking.Degraded {
		calls, slow = 0, took
		return decide(t, n, ranking.Request{Slot: "hero", BudgetMs: budget}).Degraded
	}
	ask(0, 20)
	ask(time.Hour, 20)
	if d := ask(0, 20); d != ranking.NotDegraded {
		t.Errorf("after one slow score: %s", d)
	}
	for range 20 {
		ask(time.Minute, 1e6)
	}
	if d := ask(0, 20); d != ranking.Baseline {
		t.Errorf("when it takes a minute each time: %s", d)
	}
	baseline := 0
	for ask(0, 20) == ranking.Baseline {
		if baseline++; baseline > 20_000 {
			t.Fatal("never scored again")
		}
	}
}

// An explanation says what the model's summands were, and no values.
func TestExplain(t *testing.T) {
	n := learned(t, nodetest.Options{}, nodetest.Slot, noRules)
	n.Grant("p1", wire.PersonalisedOffers, wire.ProfileBuilding)
	n.Know("p1", "taste", "sweet")
	r := ranking.Request{Slot: "hero", EventID: "e", ProfileID: "p1", Context: features.Values{text("weather", "rain")}, Explain: true}
	a := decide(t, n, r)
	names := map[string]bool{}
	for _, it := range a.Items {
		said := slices.DeleteFunc(slices.Clone(it.Reasons), func(r ranking.Reason) bool { return r.Contribution == 0 })
		if len(said) == 0 || len(said) > 5 {
			t.Errorf("%+v", it)
		}
		for i, reason := range said {
			names[reason.Feature] = true
			if strings.Contains(reason.Text, "sweet") || strings.Contains(reason.Text, "rain") || !strings.HasPrefix(reason.Text, strings.Replace(reason.Feature, " × ", " with ", 1)) {
				t.Errorf("%+v", reason)
			}
			if i > 0 && math.Abs(reason.Contribution) > math.Abs(said[i-1].Contribution) {
				t.Errorf("not the largest first: %+v", it.Reasons)
			}
		}
	}
	if !names["taste × category"] && !names["weather × category"] && !names["item"] {
		t.Errorf("reasons about %v", names)
	}
	again := decide(t, n, r)
	if len(again.Items[0].Reasons) == 0 {
		t.Error("the same event again has no reasons")
	}
	r.Explain, r.EventID = false, "f"
	if d := cmp.Diff([]ranking.Reason(nil), decide(t, n, r).Items[0].Reasons); d != "" {
		t.Error(d)
	}
}

// Promise 2: one event is decided once, however many ask at once, and all get the
// same answer; also who was overtaken between the rules and the record.
func TestSameEventAtOnce(t *testing.T) {
	var overtake func()
	var calls atomic.Int32
	n := learned(t, nodetest.Options{Now: func() time.Time {
		if calls.Add(1) == 3 && overtake != nil {
			overtake()
		}
		return time.Time{}
	}}, nodetest.Slot, noRules)
	for event := range 30 {
		answers := make([]*ranking.Answer, 8)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", event)})
				if err != nil {
					t.Error(err)
				}
				answers[i] = a
			})
		}
		all.Wait()
		for _, a := range answers[1:] {
			if !sameItems(answers[0], a) {
				t.Fatalf("%+v and %+v", answers[0], a)
			}
		}
	}
	var first *ranking.Answer
	overtake = func() { first = decide(t, n, ranking.Request{Slot: "hero", EventID: "overtaken"}) }
	calls.Store(0)
	if a := decide(t, n, ranking.Request{Slot: "hero", EventID: "overtaken"}); !sameItems(a, first) {
		t.Errorf("%+v and %+v", a, first)
	}
	if all, _ := n.Decisions(); len(all) != 31 {
		t.Errorf("%d decisions were recorded of 31 events", len(all))
	}
}

// Promises 3 and 4 between the rules and the record: a withdrawal that was
// answered is in force, and what a person was shown meanwhile counts.
func TestPersonMovesMeanwhile(t *testing.T) {
	middle := meanwhile{}
	n := nodetest.New(t, nodetest.Options{Now: middle.now})
	rules := "version: 0\nrules:\n  - {id: cap, kind: cap, count: 1, window: 1h, per: person}\n"
	slots := nodetest.Slots(strings.Replace(nodetest.Slot, "rules: []", "rules: [cap]", 1))
	n.Use(nodetest.Files(t, slots, rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(5)}))
	n.Put(nodetest.Items(6)...)
	n.Grant("p", wire.PersonalisedOffers)
	var other *ranking.Answer
	middle.do(func() { other = decide(t, n, ranking.Request{Slot: "hero", ProfileID: "p"}) })
	a := decide(t, n, ranking.Request{Slot: "hero", ProfileID: "p"})
	for _, it := range a.Items {
		if slices.ContainsFunc(other.Items, func(x ranking.Item) bool { return x.ID == it.ID }) {
			t.Errorf("%s was shown twice, the cap is one", it.ID)
		}
	}
	n.Advance(2 * time.Hour)
	middle.do(func() { n.Grant("p") })
	decide(t, n, ranking.Request{Slot: "hero", ProfileID: "p", EventID: "withdrawn"})
	all, _ := n.Decisions()
	if last := all[len(all)-1]; last.EventId != "withdrawn" || len(last.Pseudonym) > 0 || last.Attempt != 1 {
		t.Errorf("recorded as %x in attempt %d", last.Pseudonym, last.Attempt)
	}
}

// TestReasonsOfExploration: an item that something outscored where it stands is said to
// be there by exploration, and no other; in the language that is asked for, in the
// release's words. The oracle reads the recorded means.
func TestReasonsOfExploration(t *testing.T) {
	words := strings.Replace(nodetest.Features, "source: context.weather}", "source: context.weather, text: {de: das Wetter, fr: le temps}}", 1) + `
words:
  - {language: fr, for: "{it} plaide pour", against: "{it} plaide contre", with: " avec ", order: ordre, exploration: essai, pinned: place, offer: promotion, price: prix personnel, person: votre accord, nobody: rien}
`
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(nodetest.Slot), noRules, words, map[string]func(*scoring.Linear){"hero": nodetest.Random(3)}))
	n.Put(nodetest.Items(40)...)
	explored, told := map[string]string{"de-AT": "wird gezeigt, um zu erfahren, ob es gefällt", "fr": "essai", "it": "shown to learn whether people like it"}, map[bool]int{}
	for i := range 60 {
		language := []string{"de-AT", "fr", "it"}[i%3]
		a := decide(t, n, ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), Context: features.Values{text("weather", "rain")}, Explain: true, Language: language})
		all, _ := n.Decisions()
		rec := all[len(all)-1]
		means, candidates := wireFloats(t, rec.Mean), wireIDs(t, rec.Candidate)
		for at, it := range a.Items {
			outscored := false
			for row := range means {
				outscored = outscored || !slices.Contains(candidates[:at], candidates[row]) && means[row] > means[at]
			}
			says := slices.ContainsFunc(it.Reasons, func(r ranking.Reason) bool { return r.Feature == "exploration" && r.Text == explored[language] })
			if says != outscored {
				t.Fatalf("%s at %d: outscored %v, %+v", it.ID, at, outscored, it.Reasons)
			}
			told[says]++
			for _, r := range it.Reasons {
				want := map[string]string{"de-AT": "das Wetter spricht da", "fr": "le temps plaide ", "it": "weather speaks "}[language]
				if r.Feature == "weather" && !strings.HasPrefix(r.Text, want) {
					t.Errorf("%+v", r)
				}
			}
		}
		if nobody := map[string]string{"de-AT": "nutzt nichts über Sie", "fr": "rien", "it": "uses nothing about you"}[language]; a.Basis.Text != nobody {
			t.Errorf("the basis is %q", a.Basis.Text)
		}
	}
	if told[true] == 0 || told[false] == 0 {
		t.Errorf("told are %v", told)
	}
	a := decide(t, n, ranking.Request{Slot: "hero", EventID: "e0", Context: features.Values{text("weather", "rain")}, Explain: true, Language: "fr"})
	if a.Basis.Text != "rien" {
		t.Errorf("a repeat in another language says %q", a.Basis.Text)
	}
}
