package store

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/examples/internal/judge"
	"github.com/aisle-edge/aisle/examples/internal/loop"
)

// Report is how everything stands. Rewards and rates are the centre's, releases,
// ages and logs each agent's own; broken promises are the judge's.
type Report struct {
	Seconds   float64              `json:"seconds"` // since shoppers came in
	Decisions api.Rate             `json:"decisions"`
	Outcomes  api.Rate             `json:"outcomes"`
	Slots     []api.Slot           `json:"slots"`
	Agents    []AgentReport        `json:"agents"`
	Promises  *Promises            `json:"promises,omitempty"`
	Forecast  *Forecast            `json:"prediction,omitempty"`
	Fetches   *Fetches             `json:"fetches,omitempty"`
	Reached   map[Milestone]Second `json:"reached"`
	Alarms    []string             `json:"alarms"`
}

// AgentReport is one agent's account of itself; without a status it did not
// answer.
type AgentReport struct {
	Site   string           `json:"site"`
	Status *localapi.Status `json:"status,omitempty"`
}

// Promises are those broken per 10,000 items shown in the stores, with the rules
// and, of the same requests, without.
type Promises struct {
	Source string                    `json:"source"`
	With   map[judge.Promise]float64 `json:"with_rules"`
	Off    map[judge.Promise]float64 `json:"rules_off"`
	Shown  struct{ With, Off int }   `json:"shown"`
}

// Milestone is something worth waiting for, Second when it was first seen.
type (
	Milestone string
	Second    float64
)

const (
	Learned     Milestone = "learned_release_on_all_agents"
	BeatsRandom Milestone = "learned_beats_random"     // with the intervals apart
	BeatsFixed  Milestone = "learned_beats_best_fixed" // likewise
)

// told are the promises that the judge is shown: those of shelves, which hold nothing.
var told = slices.DeleteFunc(judge.Promises(), func(p judge.Promise) bool { return p == judge.Twice })

// source is who counts broken promises, said wherever they are shown.
const source = "the example's judge, who knows the true shelves"

// watch looks at everything again and again.
type watch struct {
	// immutable after making
	loop     *loop.Loop
	began    time.Time
	promises func() (on, off judge.Tally) // nil: nobody judges
	forecast func() *Forecast             // nil: nothing is predicted
	fetches  func() *Fetches              // nil: there is no stock room

	mu      sync.Mutex // guards the rest
	report  Report
	learned uint64 // first release that was learned
	reached map[Milestone]Second
}

func (w *watch) latest() Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.report
}

// run looks once a second, tells the centre what was judged, and shows a report
// now and then.
func (w *watch) run(ctx context.Context, every time.Duration, s *screen) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	shown := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		r, ok := w.look(ctx)
		if ok && time.Since(shown) >= every {
			shown = time.Now()
			s.show(r)
			w.tell(ctx, r)
		}
	}
}

// look is false while the centre does not answer.
func (w *watch) look(ctx context.Context) (Report, bool) {
	o, err := w.loop.Centre.Overview(ctx)
	if err != nil {
		return Report{}, false
	}
	r := Report{Seconds: time.Since(w.began).Seconds(), Decisions: o.Decisions, Outcomes: o.Outcomes, Slots: o.Slots, Alarms: o.Alarms}
	for i := range r.Slots {
		r.Slots[i].History = nil
	}
	for _, a := range w.loop.Agents {
		one := AgentReport{Site: a.Site}
		if status, err := a.Status(ctx); err == nil {
			one.Status = status
		}
		r.Agents = append(r.Agents, one)
	}
	if w.promises != nil {
		r.Promises = promises(w.promises())
	}
	if w.forecast != nil {
		r.Forecast = w.forecast()
	}
	if w.fetches != nil {
		r.Fetches = w.fetches()
	}
	if ctx.Err() != nil {
		return r, false // who did not answer was not asked in earnest
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.milestones(&r, o)
	w.report = r
	return r, true
}

func promises(on, off judge.Tally) *Promises {
	p := &Promises{Source: source, With: map[judge.Promise]float64{}, Off: map[judge.Promise]float64{}}
	for _, promise := range told {
		p.With[promise], p.Off[promise] = on.Per10k(promise), off.Per10k(promise)
	}
	p.Shown.With, p.Shown.Off = on.Shown, off.Shown
	return p
}

// milestones notes what is reached now and was not before.
func (w *watch) milestones(r *Report, o *api.Overview) {
	if w.reached == nil {
		w.reached = map[Milestone]Second{}
	}
	note := func(m Milestone, is bool) {
		if _, before := w.reached[m]; is && !before {
			w.reached[m] = Second(r.Seconds)
		}
	}
	if w.learned == 0 && o.Release != nil && len(o.Release.Models) > 0 && o.Release.Models[0].Rows > 0 {
		w.learned = o.Release.Counter
	}
	note(Learned, w.learned > 0 && all(r.Agents, w.learned))
	if len(r.Slots) > 0 {
		note(BeatsRandom, apart(r.Slots[0], "random"))
		note(BeatsFixed, apart(r.Slots[0], "fixed"))
	}
	r.Reached = map[Milestone]Second{}
	for m, at := range w.reached {
		r.Reached[m] = at
	}
}

func all(agents []AgentReport, counter uint64) bool {
	for _, a := range agents {
		if a.Status == nil || a.Status.Release.Counter < counter {
			return false
		}
	}
	return true
}

// apart tells whether the learned arm's interval lies above another's.
func apart(s api.Slot, than string) bool {
	arms := map[string]api.Arm{}
	for _, a := range s.Arms {
		arms[a.ID] = a
	}
	learned, other := arms["learned"], arms[than]
	return learned.Low != nil && other.High != nil && *learned.Low > *other.High
}

// tell puts on the console what was judged here. The centre may be away.
func (w *watch) tell(ctx context.Context, r Report) {
	for name, m := range r.measurements() {
		if err := w.loop.Centre.Measure(ctx, name, m); err != nil {
			return
		}
	}
}

func (r *Report) measurements() map[string]api.Told {
	out := map[string]api.Told{}
	if p := r.Promises; p != nil {
		out["broken-promises-1"] = p.told("Broken promises in the stores, with the rules", p.With)
		out["broken-promises-2"] = p.told("The same requests with the rules off", p.Off)
	}
	if r.Forecast != nil && len(r.Forecast.Lines) > 0 {
		out["prediction"] = r.Forecast.told()
	}
	return out
}

// told is one side for the console.
func (p *Promises) told(title string, broken map[judge.Promise]float64) api.Told {
	m := api.Told{Title: title, Unit: "per 10,000 items shown", Source: p.Source}
	for _, promise := range told {
		m.Values = append(m.Values, api.Reading{Label: word(promise), Value: math.Round(10*broken[promise]) / 10})
	}
	return m
}
