package localapi_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// stepsSlot spends 0.5 of exploration on two positions: 0.25 on each.
const stepsSlot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 1000}}
    count: 2
    baseline: order
    policy: {kind: squarecb, epsilon: 0.4, budget: 0.5, gamma: 20}
    reward: {weights: {click: 1}}
    rules: []
`

const stepsItems = 80 // more than a shortlist has

// stepper is a node on which a decision takes the step that a test wants.
type stepper struct {
	*site
	calls atomic.Int32
	later []time.Duration // what passes at each look at the clock of a decision
	lent  []*host.Instance
}

func newStepper(t *testing.T, model func(*scoring.Linear)) *stepper {
	s := &stepper{}
	n := nodetest.New(t, nodetest.Options{Now: func() time.Time {
		passed := time.Duration(0)
		for _, d := range s.later[:min(int(s.calls.Add(1)), len(s.later))] {
			passed += d
		}
		return time.Unix(0, 0).Add(passed)
	}})
	models := map[string]func(*scoring.Linear){"hero": model}
	if model == nil {
		models = nil
	}
	n.Use(nodetest.Files(t, nodetest.Slots(stepsSlot), "version: 0\nrules: []\n", nodetest.Features, models))
	items := nodetest.Items(stepsItems)
	for i, it := range items {
		it.Price.Amount = int64(900 + 7*i%stepsItems)
	}
	n.Put(items...)
	s.site = &site{n, serve(t, n, localapi.Options{}), t}
	return s
}

// dry takes all instances of the model.
func (s *stepper) dry() {
	for {
		in, err := s.Releases.Active().Slot("hero").Scorer.Module.BorrowWithin(0)
		if errors.Is(err, host.ErrBusy) {
			break
		} else if err != nil {
			s.t.Fatal(err)
		}
		s.lent = append(s.lent, in)
	}
	s.t.Cleanup(func() {
		for _, in := range s.lent {
			in.Return()
		}
	})
}

// decides makes many decisions, side by side at once, and gives their records.
func (s *stepper) decides(many, side int, said string) []*wire.Decision {
	s.t.Helper()
	for from := 0; from < many; from += side {
		var all sync.WaitGroup
		s.calls.Store(0)
		for i := range side {
			all.Go(func() {
				s.get(nil, http.StatusOK, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":"e%d"%s}`, from+i, said))
			})
		}
		all.Wait()
	}
	all, _ := s.Decisions()
	return all
}

// TestSteps: whatever a decision has to do without, it is answered, the answer, its
// record and the metrics name the step and why it was taken, the record holds the
// policy that drew, its probabilities are those of the published form and come as
// often in many draws, and it replays to the same bits.
func TestSteps(t *testing.T) {
	random := nodetest.Random(7)
	poison := func(l *scoring.Linear) { // overflows on one real stock
		random(l)
		l.Heads[0].Mean[l.Weight(l.Frame.ContextDense+1)] = 3e37
	}
	for name, c := range map[string]struct {
		model        func(*scoring.Linear)
		later        []time.Duration
		said         string
		dry, much    bool
		many, side   int
		degraded, by string
	}{
		"none":             {model: random, degraded: "none"},
		"no model":         {degraded: "baseline", by: "no_model"},
		"short of time":    {model: random, later: []time.Duration{0, 20*time.Millisecond - 51400*time.Nanosecond}, said: `,"budgetMs":20`, degraded: "shortlist", by: "deadline"},
		"out of time":      {model: random, later: []time.Duration{0, 20 * time.Millisecond}, said: `,"budgetMs":20`, degraded: "baseline", by: "deadline"},
		"late, but scored": {model: random, many: 8, later: []time.Duration{0, 0, 0, 0, 21 * time.Millisecond}, said: `,"budgetMs":20`, degraded: "none"},
		"busy":             {model: random, dry: true, side: 400, degraded: "baseline", by: "busy"},
		"busy for too long": {model: random, dry: true, many: 100, later: []time.Duration{0, 0, 0, 0, 20 * time.Millisecond}, said: `,"budgetMs":1`,
			degraded: "baseline", by: "deadline"},
		"a module that fails": {model: poison, much: true, many: 1000, degraded: "baseline", by: "module"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStepper(t, c.model)
			if c.much {
				s.Move("m", "item-00005", 1<<30)
			}
			if c.dry {
				s.dry()
			}
			s.later = c.later
			var a struct{ Degraded, DegradedBy string }
			s.get(&a, http.StatusOK, "POST", "/v1/decide", `{"slot":"hero","eventId":"first"`+c.said+`}`)
			if a.Degraded != c.degraded || a.DegradedBy != c.by {
				t.Fatalf("answered %+v", a)
			}
			start := time.Now()
			all := s.decides(cmp.Or(c.many, 2000), cmp.Or(c.side, 1), c.said)
			if c.dry && c.by == "deadline" && time.Since(start) > time.Duration(c.many)*100*time.Millisecond { // as long as a pool is waited for
				t.Errorf("%d answers that were to take a millisecond took %v", c.many, time.Since(start))
			}
			s.drawnBy(all, c.degraded)
			var rec localapi.Decision
			s.get(&rec, http.StatusOK, "GET", "/v1/decisions/first", "")
			if rec.Degraded != c.degraded || rec.DegradedBy != c.by || rec.Policy.Epsilon != 0.25 {
				t.Errorf("recorded %s by %q, %+v", rec.Degraded, rec.DegradedBy, rec.Policy)
			}
			metrics := s.ask("GET", "/metrics", "").Body.String()
			for _, d := range all {
				if d.DegradedBy != all[0].DegradedBy || d.Degraded != all[0].Degraded {
					t.Fatalf("%s: %v by %v", d.EventId, d.Degraded, d.DegradedBy)
				}
			}
			want := fmt.Sprintf(`aisle_decisions_degraded_total{by="%s",slot="hero"} %d`, c.by, len(all))
			if strings.Contains(metrics, want) != (c.by != "") || !strings.Contains(metrics, fmt.Sprintf(`aisle_decisions_total{degraded="%s",slot="hero"} %d`, c.degraded, len(all))) {
				t.Errorf("no %s in the metrics", want)
			}
			for _, in := range s.lent { // to replay
				in.Return()
			}
			s.lent = nil
			for _, d := range all[:min(100, len(all))] {
				var r struct{ Agrees, Scored, Draw bool }
				if s.get(&r, http.StatusOK, "POST", "/v1/decisions/"+d.EventId+"/replay", ""); !r.Agrees || !r.Draw || r.Scored != (c.degraded != "baseline") {
					t.Fatalf("%s: %+v", d.EventId, r)
				}
			}
		})
	}
}

// drawnBy holds what was drawn against the policy of a step: of each position the
// share of every item, and the count of it over all decisions by chi-squared.
func (s *stepper) drawnBy(all []*wire.Decision, degraded string) {
	s.t.Helper()
	type cell struct{ observed, expected, squares float64 }
	cells := map[[2]int]*cell{}
	for _, d := range all {
		above := map[int]bool{}
		for k, x := range d.Shown {
			p := s.chances(d, above, degraded)
			drawn := number(d.Items[k])
			if math.Abs(p[drawn]-x.Probability) > 1e-12 {
				s.t.Fatalf("%s: %s is logged with %v at position %d, and not %v", d.EventId, d.Items[k], x.Probability, k, p[drawn])
			}
			for i, chance := range p {
				if cells[[2]int{k, i}] == nil {
					cells[[2]int{k, i}] = &cell{}
				}
				c := cells[[2]int{k, i}]
				c.expected, c.squares = c.expected+chance, c.squares+chance*chance
			}
			cells[[2]int{k, drawn}].observed++
			above[drawn] = true
		}
	}
	chi, freedom, rare := 0.0, 0.0, map[int]*cell{0: {}, 1: {}}
	add := func(c *cell) {
		chi += (c.observed - c.expected) * (c.observed - c.expected) / c.expected
		freedom += 1 - c.squares/c.expected
	}
	for at, c := range cells {
		if r := rare[at[0]]; c.expected < 5 { // together
			r.observed, r.expected, r.squares = r.observed+c.observed, r.expected+c.expected, r.squares+c.squares
		} else {
			add(c)
		}
	}
	for _, c := range rare {
		if c.expected >= 5 {
			add(c)
		}
	}
	z := (chi - freedom) / math.Sqrt(2*freedom)
	s.t.Logf("%d decisions: chi-squared %.1f where %.1f is expected (z = %.2f)", len(all), chi, freedom, z)
	if math.Abs(z) > 5 || freedom < 1 && len(all) > 50 {
		s.t.Errorf("chi-squared %.1f where %.1f is expected", chi, freedom)
	}
}

// chances are those of every item at a position, by the published form: a floor for
// all of them, and the rest by SquareCB among the sixteen best that were scored, or
// without a model to the first of the order.
func (s *stepper) chances(d *wire.Decision, above map[int]bool, degraded string) (p [stepsItems]float64) {
	s.t.Helper()
	type row struct {
		item int
		mean float64
	}
	var best []row
	means, err := wire.View[float64](d.Mean)
	if err != nil || d.Policy.Kind != map[bool]string{true: "baseline", false: "squarecb"}[degraded == "baseline"] || d.Policy.Epsilon != 0.25 {
		s.t.Fatalf("%s: drawn by %v by %v, %v", d.EventId, d.Policy, d.DegradedBy, err)
	}
	for i, mean := range means {
		item := number(d.Items[i])
		if scored := degraded == "none" || degraded == "shortlist" && item < 64; scored == math.IsInf(mean, -1) && degraded != "baseline" {
			s.t.Fatalf("%s: item %d has mean %v", d.EventId, item, mean)
		}
		if !above[item] && !math.IsInf(mean, -1) {
			best = append(best, row{item, mean})
		}
	}
	slices.SortFunc(best, func(a, b row) int { return cmp.Or(cmp.Compare(b.mean, a.mean), cmp.Compare(a.item, b.item)) })
	n := float64(stepsItems - len(above))
	for i := range p {
		if !above[i] {
			p[i] = 0.25 / n
		}
	}
	if degraded == "baseline" {
		first := 0
		for above[first] {
			first++
		}
		p[first] += 0.75
		return p
	}
	best = best[:16]
	rest := 1.0
	for _, r := range best[1:] {
		share := 1 / (16 + 20*(best[0].mean-r.mean))
		rest -= share
		p[r.item] += 0.75 * share
	}
	p[best[0].item] += 0.75 * rest
	return p
}

func number(id string) (n int) {
	_, _ = fmt.Sscanf(id, "item-%d", &n)
	return n
}

// TestNeverHeld: what can't be held, because it moves each time, is refused by name and
// counted, leaves nothing held or recorded, and the next one is answered.
func TestNeverHeld(t *testing.T) {
	var move func()
	n := nodetest.New(t, nodetest.Options{Now: func() time.Time {
		if move != nil {
			move()
		}
		return time.Time{}
	}})
	slot := strings.Replace(stepsSlot, "rules: []", "hold: {ttl: 10m}\n    rules: []", 1)
	n.Use(nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules: []\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	n.Put(nodetest.Items(5)...)
	s := &site{n, serve(t, n, localapi.Options{}), t}
	calls, moves := 0, 0
	move = func() {
		if calls++; calls%2 == 0 || calls == 1 { // but once an attempt, after its score
			return
		}
		moves++
		n.Move(fmt.Sprint("m", moves), "item-00002", int64(100*(1-moves%2*2)))
	}
	w := s.ask("POST", "/v1/decide", `{"slot":"hero","eventId":"e"}`)
	if p := problemOf(t, w); w.Code != http.StatusServiceUnavailable || p.Type != localapi.Base+"contended" {
		t.Errorf("%d %+v", w.Code, p)
	}
	if all, _ := n.Decisions(); len(all) != 0 || n.Holds.Live() != 0 || n.Decider.Stats().Reruns != 64 {
		t.Errorf("%d records, %d holds after %d attempts", len(all), n.Holds.Live(), n.Decider.Stats().Reruns)
	}
	if text := s.ask("GET", "/metrics", "").Body.String(); !strings.Contains(text, `aisle_problems_total{problem="contended"} 1`) {
		t.Error("it is not counted")
	}
	move = nil
	s.get(nil, http.StatusOK, "POST", "/v1/decide", `{"slot":"hero","eventId":"e"}`)
}
