package fairness_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	os.Exit(m.Run())
}

// place is a node with a rulebook of two groups: local items and senior customers.
type place struct {
	*storetest.Node
	t     testing.TB
	watch *fairness.Watch
	book  *rulebook.Rulebook
	file  string
	n     int
}

const groups = `
- {id: local, items: {item.attr.supplier: local}, least: 50, window: 1h}
- {id: seniors, customers: {profile.age: {$gte: 65}}, least: 20, window: 1h}
`

func newPlace(t testing.TB) *place {
	p := &place{t: t, book: parse(t, groups), file: filepath.Join(t.TempDir(), "fairness")}
	p.Node = storetest.New(t, func(st *store.Store) { p.watch = fairness.New(st, p.file) })
	return p
}

func parse(t testing.TB, groups string) *rulebook.Rulebook {
	book, err := rulebook.Parse(rulebook.Files{
		Slots:    fmt.Appendf(nil, "version: 0\nsalt: %s\nslots:\n- {id: hero, kind: offer, reward: {weights: {click: 1}}}\n", strings.Repeat("0f", 32)),
		Rules:    []byte("version: 0\nrules:\n- {id: live, kind: active}\nfairness:" + groups),
		Features: []byte("version: 0\nfeatures:\n- {name: age, scope: context, kind: dense, source: profile.age, purpose: personalised_offers}\n"),
		Purpose:  func(string) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// shows is one decision of two positions, of which each may be local, half of the
// candidates being so.
type shows struct {
	local    [2]bool
	off      [2]int64 // of 1000
	common   [2]int64 // what everybody pays; 0: the same
	placed   bool
	ordered  bool
	deferred bool
	person   int // 0: nobody
	senior   int // 1: is, 0: is not, -1: unknown
	plans    []*wire.Plan
	items    int // that take turns at each position; 0: 41
}

func (s *shows) kinds() int { return cmp.Or(s.items, 41) }

func (p *place) decide(s shows) *wire.Decision {
	p.t.Helper()
	seen := p.seen(s)
	p.commit(&wire.Record{Body: &wire.Record_Decision{Decision: seen.Record}})
	seen.At = p.Store.Now()
	p.watch.Count(seen)
	return seen.Record
}

// count is decide without a record.
func (p *place) count(s shows) *wire.Decision {
	seen := p.seen(s)
	seen.At = p.Store.Now()
	p.watch.Count(seen)
	return seen.Record
}

func (p *place) seen(s shows) *fairness.Seen {
	p.n++
	d := &wire.Decision{Id: id(p.n), EventId: fmt.Sprint(p.n), Slot: "hero", Deferred: s.deferred, Baseline: s.ordered, Policy: &wire.Policy{Kind: "squarecb"}, Plans: s.plans}
	if s.person > 0 {
		d.Pseudonym = id(1_000_000 + s.person)
	}
	seen := fairness.Seen{Book: p.book, Record: d, Share: []float64{0.5, 0}}
	for i, local := range s.local {
		d.Items = append(d.Items, fmt.Sprintf("item-%d-%d", p.n%s.kinds(), i))
		x := &wire.Shown{Price: &wire.Money{Amount: 1000 - s.off[i], Currency: "EUR"}}
		if s.off[i] > 0 {
			x.Applied = []*wire.Applied{{Offer: "o", Discount: s.off[i]}}
		}
		d.Shown = append(d.Shown, x)
		one := fairness.Position{Placed: s.placed, Common: s.common[i]}
		if one.Common == 0 {
			one.Common = 1000 - s.off[i]
		}
		if local {
			one.Groups = 1
		}
		seen.Positions = append(seen.Positions, one)
	}
	switch s.senior {
	case 1:
		seen.In = 2
	case 0:
		seen.Rest = 2
	}
	return &seen
}

func id(n int) []byte { return fmt.Appendf(nil, "%016d", n) }

func (p *place) commit(rec *wire.Record) {
	p.t.Helper()
	if _, err := p.Store.Commit(rec, nil); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) outcome(d *wire.Decision, item int, of wire.OutcomeType, action *wire.ActionUpdate) {
	p.t.Helper()
	id := "another"
	if item < len(d.Items) {
		id = d.Items[item]
	}
	p.commit(&wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o", Decision: d.Id, Item: id, Type: of, Action: action}}})
}

// over ends the window by beginning the next.
func (p *place) over() {
	p.Advance(time.Hour)
	p.decide(shows{senior: -1})
}

func (p *place) told(group string) fairness.Watched {
	p.t.Helper()
	for _, w := range p.watch.Watched(p.book) {
		if w.Group == group {
			return w
		}
	}
	p.t.Fatalf("nothing is told of %s", group)
	return fairness.Watched{}
}

func near(x *float64, want float64) bool { return x != nil && math.Abs(*x-want) < 1e-6 }

// TestExposureIsWeighed: the first of two positions has 1, the second 1/log2(3), by
// hand. Half of the candidates are local, and half of that is due.
func TestExposureIsWeighed(t *testing.T) {
	p := newPlace(t)
	for i := range 400 {
		p.decide(shows{local: [2]bool{i%4 == 0, true}, senior: -1})
	}
	p.over()
	w := p.told("local")
	second := 1 / math.Log2(3)
	got := (0.25 + second) / (1 + second)
	if w.Sides == nil || !near(w.Sides.Group.Exposure, got) || !near(w.Sides.Group.Due, 0.5) || !near(w.Exposure, got/(1-got)) {
		t.Errorf("%s; want a share of %v", jsonOf(w), got)
	}
	if len(w.Alarms) != 0 {
		t.Errorf("within the tolerance: %v", w.Alarms)
	}
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestAlarms: each measure raises its alarm with its cause when the two sides are not
// treated alike, keeps the time it began while that lasts, and falls when they are.
func TestAlarms(t *testing.T) {
	pick := []*wire.Plan{{Function: "stock_room"}, {Function: "service"}}
	fair := func(p *place, i int) {
		d := p.decide(shows{local: [2]bool{i%2 == 0, i%2 == 1}, off: [2]int64{100, 100}, person: 1 + i%60, senior: i % 2, plans: pick})
		if i%10 < 2 {
			p.outcome(d, i/10%2, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
		}
	}
	for _, c := range []struct {
		name, group, measure, cause string
		unfair                      func(p *place, i int)
	}{
		{"hardly shown", "local", "exposure", fairness.Scored, func(p *place, i int) { p.decide(shows{local: [2]bool{i%8 == 0, i%8 == 1}}) }},
		{"shown nearly always", "local", "exposure", fairness.Scored, func(p *place, i int) { p.decide(shows{local: [2]bool{i%8 != 0, i%8 != 1}}) }},
		{"kept out by pins", "local", "exposure", fairness.Placed, func(p *place, i int) {
			p.decide(shows{placed: i%8 < 6, local: [2]bool{i%8 == 6, i%8 == 7}})
		}},
		{"low in the order", "local", "exposure", fairness.Ordered, func(p *place, i int) {
			p.decide(shows{ordered: i%4 > 0, local: [2]bool{i%8 == 0, i%8 == 1}})
		}},
		{"no offers for them", "local", "depth", fairness.Offers, func(p *place, i int) {
			p.decide(shows{local: [2]bool{i%2 == 0, i%2 == 1}, off: [2]int64{200 * int64(i%2), 200 * int64(1-i%2)}})
		}},
		{"personal offers for others", "seniors", "depth", fairness.Offers, func(p *place, i int) {
			off := 300 * int64(1-i%2)
			p.decide(shows{off: [2]int64{100 + off, 100}, common: [2]int64{900, 900}, person: 1 + i%60, senior: i % 2})
		}},
		{"shown what has no offers", "seniors", "depth", fairness.Chosen, func(p *place, i int) {
			p.decide(shows{off: [2]int64{300 * int64(1-i%2), 0}, person: 1 + i%60, senior: i % 2})
		}},
		{"not on their shelves", "local", "broken", fairness.NotFound, func(p *place, i int) {
			d := p.decide(shows{local: [2]bool{i%2 == 0, i%2 == 1}})
			if i%10 < 4 {
				p.outcome(d, i%2, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
			}
		}},
		{"substituted for them", "seniors", "broken", fairness.Substituted, func(p *place, i int) {
			if d := p.decide(shows{person: 1 + i%120, senior: i % 2}); i%10 == 1 {
				p.outcome(d, 0, wire.OutcomeType_OUTCOME_SUBSTITUTED, nil)
			}
		}},
		{"rejected for them", "seniors", "broken", fairness.Rejected, func(p *place, i int) {
			d := p.decide(shows{person: 1 + i%120, senior: i % 2, plans: pick})
			switch plan := uint32(1 - i%2); i % 10 {
			case 0, 1, 2, 3: // of those for the rest service alone is rejected
				p.outcome(d, 0, wire.OutcomeType_OUTCOME_REJECT, &wire.ActionUpdate{Decision: d.Id, Plan: plan, State: wire.ActionState_ACTION_REJECTED})
			case 5:
				p.commit(&wire.Record{Body: &wire.Record_ActionUpdate{ActionUpdate: &wire.ActionUpdate{Decision: d.Id, Position: 1, Plan: plan, State: wire.ActionState_ACTION_FAILED}}})
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			window := func(one func(*place, int), want bool) fairness.Watched {
				t.Helper()
				for i := range 400 {
					one(p, i)
				}
				p.over()
				w := p.told(c.group)
				var found *fairness.Alarm
				for i := range w.Alarms {
					if w.Alarms[i].Measure == c.measure {
						found = &w.Alarms[i]
					}
				}
				if (found != nil) != want || found != nil && (found.Cause != c.cause || !strings.Contains(w.Text(found), c.group)) {
					t.Fatalf("%s", jsonOf(w))
				}
				return w
			}
			window(fair, false)
			first := window(c.unfair, true)
			if again := window(c.unfair, true); !again.Alarms[0].Since.Equal(first.Alarms[0].Since) {
				t.Errorf("the alarm began %v, and then %v", first.Alarms[0].Since, again.Alarms[0].Since)
			}
			window(fair, false)
		})
	}
}

// TestChanceIsNoAlarm: with 50 decisions, a ratio out of the tolerance may be chance.
func TestChanceIsNoAlarm(t *testing.T) {
	p := newPlace(t)
	for i := range 54 {
		p.decide(shows{local: [2]bool{i%9 < 3, i%9 < 3}, person: 1 + i, senior: i % 2})
	}
	p.over()
	if w := p.told("local"); w.Sides == nil || *w.Exposure > 0.51 || len(w.Alarms) != 0 {
		t.Errorf("%s", jsonOf(w))
	}
}

// TestOneItemIsNoAlarm: one item that is miscounted breaks many promises, and says
// nothing of the group it happens to be in.
func TestOneItemIsNoAlarm(t *testing.T) {
	for _, c := range []struct {
		items int
		alarm bool
	}{{1, false}, {5, false}, {40, true}} {
		p := newPlace(t)
		for i := range 400 {
			d := p.decide(shows{local: [2]bool{i%2 == 0, i%2 == 0}, items: c.items, senior: -1})
			if i%4 == 0 {
				p.outcome(d, 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
			}
		}
		p.over()
		if w := p.told("local"); w.Sides == nil || w.Sides.Group.Broken != 100 || w.Sides.Rest.Broken != 0 || (len(w.Alarms) == 1) != c.alarm {
			t.Errorf("%d items: %s", c.items, jsonOf(w))
		}
	}
}

// TestFewAreNotTold: of a group below the declared least nothing is in status or log,
// and what was told before of a larger one is gone.
func TestFewAreNotTold(t *testing.T) {
	p := newPlace(t)
	fill := func(seniors, rest, nobody int) {
		for i := range 300 {
			p.decide(shows{off: [2]int64{500, 0}, person: 1 + i%rest, senior: 0})
			if seniors > 0 {
				p.decide(shows{person: 1000 + i%seniors, senior: 1})
			}
		}
		for i := range nobody {
			p.decide(shows{person: 2000 + i, senior: -1})
		}
		p.over()
	}
	for _, c := range []struct {
		name                  string
		seniors, rest, nobody int
		told, unknown         bool
	}{
		{"one too few", 19, 40, 0, false, false},
		{"enough", 20, 20, 18, true, false}, // and one nobody of over
		{"unknown, too", 20, 40, 19, true, true},
		{"the rest too few", 40, 19, 30, false, false},
		{"none", 0, 40, 0, false, false},
	} {
		before := p.Log.Last()
		fill(c.seniors, c.rest, c.nobody)
		w := p.told("seniors")
		if (w.Sides != nil) != c.told || c.told && (w.Sides.Unknown != nil) != c.unknown {
			t.Errorf("%s: %s", c.name, jsonOf(w))
		}
		if !c.told && (w.From != nil || w.Depth != nil || w.Broken != nil || len(w.Alarms) > 0) {
			t.Errorf("%s: %s", c.name, jsonOf(w))
		}
		for seq := before + 1; seq <= p.Log.Last(); seq++ {
			rec, err := p.Store.Record(seq)
			if err != nil {
				t.Fatal(err)
			}
			if f := rec.GetFairness(); f.GetGroup() == "seniors" && (f.GroupSide != nil) != c.told {
				t.Errorf("%s: the log says %v", c.name, f)
			}
		}
	}
}

// TestOncePerShownItem: one shown item breaks one promise, whoever says so how often;
// one that nobody was shown breaks none, and other outcomes are none.
func TestOncePerShownItem(t *testing.T) {
	p := newPlace(t)
	for i := range 60 {
		d := p.decide(shows{local: [2]bool{true, false}, deferred: i == 0, senior: -1})
		if i < 5 {
			p.outcome(d, 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
			p.outcome(d, 0, wire.OutcomeType_OUTCOME_SUBSTITUTED, nil)
			p.outcome(d, 7, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
			p.outcome(d, 1, wire.OutcomeType_OUTCOME_REJECT, nil)
			p.outcome(d, 1, wire.OutcomeType_OUTCOME_RETURN, nil)
			p.commit(&wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{Decision: d.Id}}})
		}
	}
	p.outcome(&wire.Decision{Id: id(999)}, 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
	p.over()
	w := p.told("local")
	if w.Sides == nil || w.Sides.Group.Broken != 4 || w.Sides.Rest.Broken != 0 || w.Sides.Group.Shown != 60 || w.Sides.Rest.Shown != 60 {
		t.Errorf("%s", jsonOf(w))
	}
}

// TestRestart: what was told is told again, but not under a rulebook that means
// something else by it.
func TestRestart(t *testing.T) {
	p := newPlace(t)
	for i := range 400 {
		p.decide(shows{local: [2]bool{i%8 == 0, i%8 == 1}, person: 1 + i%60, senior: i % 2})
	}
	p.over()
	before := jsonOf(p.watch.Watched(p.book))
	if !strings.Contains(before, `"cause":"scores"`) {
		t.Fatal(before)
	}
	p.Restart()
	if after := jsonOf(p.watch.Watched(p.book)); after != before {
		t.Errorf("%s; before the restart %s", after, before)
	}
	p.book = parse(t, strings.Replace(groups, "supplier: local", "supplier: far", 1))
	p.decide(shows{})
	if w := p.told("local"); w.Sides != nil || len(w.Alarms) != 0 {
		t.Errorf("of another group: %s", jsonOf(w))
	}
}

// TestForgotten: who withdraws, or is erased, is on no side of what breaks later.
func TestForgotten(t *testing.T) {
	p := newPlace(t)
	var all []*wire.Decision
	for i := range 120 {
		all = append(all, p.decide(shows{person: 1 + i%60, senior: i % 2}))
	}
	p.over()
	p.commit(&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: id(1_000_002), Version: 2, Purposes: []string{"measurement"}}}})
	p.commit(&wire.Record{Body: &wire.Record_Erasure{Erasure: &wire.Erasure{Pseudonym: id(1_000_004)}}})
	p.commit(&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: id(1_000_006), Version: 2, Purposes: []string{"personalised_offers"}}}})
	for _, i := range []int{1, 3, 5} {
		p.outcome(all[i], 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
	}
	for i := range 120 {
		p.decide(shows{person: 1 + i%60, senior: i % 2})
	}
	p.over()
	if w := p.told("seniors"); w.Sides == nil || w.Sides.Group.Broken != 1 {
		t.Errorf("%s", jsonOf(w))
	}
}

// TestMemoryIsBounded: the oldest decisions go, and what comes of them counts nowhere.
func TestMemoryIsBounded(t *testing.T) {
	p := newPlace(t)
	first := p.decide(shows{senior: -1})
	for range 1 << 14 {
		p.decide(shows{senior: -1})
	}
	last := p.decide(shows{senior: -1})
	p.outcome(first, 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
	p.outcome(last, 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
	p.over()
	if w := p.told("local"); w.Sides == nil || w.Sides.Rest.Broken != 1 {
		t.Errorf("%s", jsonOf(w))
	}
}

// BenchmarkCount: a decision of ten positions, five groups.
func BenchmarkCount(b *testing.B) {
	p := &place{t: b, book: parse(b, `
- {id: a, items: {item.brand: a}}
- {id: b, items: {item.brand: b}}
- {id: c, items: {item.brand: c}}
- {id: d, customers: {profile.age: {$gte: 65}}}
- {id: e, customers: {profile.age: {$lt: 30}}}
`)}
	p.Node = storetest.New(b, func(st *store.Store) { p.watch = fairness.New(st, filepath.Join(b.TempDir(), "fairness")) })
	d := &wire.Decision{Slot: "hero", Policy: &wire.Policy{Kind: "squarecb"}, Pseudonym: id(5), Id: id(1)}
	seen := fairness.Seen{Book: p.book, Record: d, At: 1, Share: []float64{0.1, 0.2, 0.3, 0, 0}, In: 8, Rest: 16}
	for i := range 10 {
		d.Items = append(d.Items, fmt.Sprint("0400638133393", i))
		d.Shown = append(d.Shown, &wire.Shown{Price: &wire.Money{Amount: 900}, Applied: []*wire.Applied{{Discount: 100}}})
		seen.Positions = append(seen.Positions, fairness.Position{Groups: uint16(i % 8), Common: 950})
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		d.Id[12], d.Id[13], d.Id[14] = byte(n), byte(n>>8), byte(n>>16)
		p.watch.Count(&seen)
	}
}
