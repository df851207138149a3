package central

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/ingest"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/central/training"
)

const (
	grain   = 2 * time.Second // of history, as long as it is short
	history = 240             // most points of a slot's history; beyond it every other one goes
)

// pulse looks at everything, for all who watch alike.
type pulse struct {
	// immutable after newPulse
	c        *Central
	measured *api.Measured
	started  time.Time

	looking sync.Mutex       // one look at a time; guards the next two
	now     *api.Overview    // the last look; nobody changes what it points to
	past    map[string]*past // by slot

	mu      sync.Mutex // guards what the refreshing tells
	last    *time.Time
	waits   string
	problem string
}

// past is the history of one slot.
type past struct {
	experiment string
	every      time.Duration
	points     []api.Point
}

func newPulse(c *Central, measured *api.Measured) *pulse {
	now := time.Now().UTC()
	return &pulse{c: c, measured: measured, started: now, now: &api.Overview{Started: now}, past: make(map[string]*past)}
}

// overview is how everything stands, or stood when it could last be told.
func (p *pulse) overview(ctx context.Context) *api.Overview {
	p.looking.Lock()
	defer p.looking.Unlock()
	now := time.Now().UTC()
	if o, err := p.look(ctx, now); err == nil {
		p.now = o
	} else if ctx.Err() == nil {
		p.c.log.Warn("look at everything; trying again", "error", err)
	}
	return p.now
}

// Run keeps the history until ctx ends, and returns nil.
func (p *pulse) Run(ctx context.Context) error {
	return every(ctx, grain, func() { p.overview(ctx) })
}

// refreshed notes how the last attempt to refresh the models ended.
func (p *pulse) refreshed(err error) {
	now := time.Now().UTC()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits, p.problem = "", ""
	switch {
	case err == nil:
		p.last = &now
	case errors.Is(err, release.ErrNothing):
		p.waits = strings.TrimPrefix(err.Error(), release.ErrNothing.Error()+": ")
	default:
		p.problem = err.Error()
	}
}

func (p *pulse) look(ctx context.Context, now time.Time) (*api.Overview, error) {
	o := &api.Overview{At: now, Started: p.started, Measurements: p.measured.List(now)}
	o.Decisions, o.Outcomes = p.c.tally.rates()
	var err error
	if o.Release, o.Folder, err = api.Newest(ctx, p.c.releases, p.c.fleet); err != nil {
		return nil, err
	}
	folder, stats, arms := p.c.learning.progress()
	in := p.c.ingest.Stats()
	marks, err := p.c.ingest.Marks(ctx)
	if err != nil {
		return nil, err
	}
	o.Slots = p.slots(now, folder, arms)
	o.Agents = agents(now, p.c.fleet, marks, in.Gaps)
	o.Counts = counts(in, stats)
	p.mu.Lock()
	defer p.mu.Unlock()
	o.Refresh = api.Refresh{EverySeconds: p.c.cfg.Training.Every.Seconds(), Last: p.last, Waits: p.waits}
	o.Alarms = append(p.alarms(in), theirs(o.Agents)...)
	return o, nil
}

// alarms are what needs a person.
func (p *pulse) alarms(in ingest.Stats) []string {
	alarms := []string{}
	if err := p.c.ready(); err != nil {
		alarms = append(alarms, err.Error())
	}
	if in.Dead > 0 {
		alarms = append(alarms, fmt.Sprintf("%d segments were refused since the start; look into %s and the log", in.Dead, p.c.path("dead")))
	}
	if err := p.c.learning.problem(); err != nil {
		alarms = append(alarms, "nothing is learned: "+err.Error())
	}
	if p.problem != "" {
		alarms = append(alarms, "models were not refreshed: "+p.problem)
	}
	return alarms
}

// maxTheirs are told of all agents together; the rest is with each agent.
const maxTheirs = 50

// theirs are what those agents said of themselves that sites wait for.
func theirs(agents []api.Agent) (alarms []string) {
	for _, a := range agents {
		if a.Status == nil || a.Standing != "in scope" {
			continue
		}
		for _, alarm := range a.Status.Alarms {
			alarms = append(alarms, a.Name+": "+alarm)
		}
	}
	if more := len(alarms) - maxTheirs; more > 0 {
		alarms = append(alarms[:maxTheirs], fmt.Sprintf("%d more alarms of agents; look at the status of each", more))
	}
	return alarms
}

// slots are the experiments of the folder in force, in its order.
func (p *pulse) slots(now time.Time, f *registry.Folder, arms map[string][]training.Arm) []api.Slot {
	slots := []api.Slot{}
	if f == nil {
		return slots
	}
	for _, s := range f.Rulebook.Slots {
		if s.Experiment == nil {
			continue
		}
		one := api.Slot{ID: s.ID, Experiment: s.Experiment.ID, SampleRatio: 1, Arms: []api.Arm{}}
		var seen []int64
		var shares []float64
		for _, a := range arms[s.ID] {
			one.Arms = append(one.Arms, arm(a))
			seen, shares = append(seen, a.Rewards.N), append(shares, a.Share)
		}
		if len(seen) > 0 {
			one.SampleRatio = experiment.SampleRatio(seen, shares)
		}
		one.History = p.remember(now, one)
		slots = append(slots, one)
	}
	return slots
}

func arm(a training.Arm) api.Arm {
	out := api.Arm{ID: a.ID, Policy: string(a.Policy), Share: a.Share, Decisions: a.Rewards.N, Mean: a.Rewards.Mean}
	if a.Rewards.N > 0 {
		i := experiment.Sequence{Range: a.Range}.Interval(a.Rewards)
		out.Low, out.High = &i.Low, &i.High
	}
	return out
}

// remember adds the arms of a slot to its history, which keeps all of the time
// since the start at an ever coarser grain.
func (p *pulse) remember(now time.Time, s api.Slot) []api.Point {
	h := p.past[s.ID]
	if h == nil || h.experiment != s.Experiment {
		h = &past{experiment: s.Experiment, every: grain}
		p.past[s.ID] = h
	}
	if n := len(h.points); n == 0 || now.Sub(h.points[n-1].At) >= h.every {
		h.points = append(slices.Clip(h.points), api.Point{At: now, Arms: s.Arms}) // those who have the old ones read on
	}
	if len(h.points) > history {
		var kept []api.Point
		for i := 0; i < len(h.points); i += 2 {
			kept = append(kept, h.points[i])
		}
		h.points, h.every = kept, 2*h.every
	}
	return h.points
}

func agents(now time.Time, f *fleet.Fleet, marks []ingest.Mark, gaps []ingest.Gap) []api.Agent {
	scope := f.Scope()
	list := []api.Agent{}
	for _, a := range f.Agents() {
		one := api.Agent{
			Name: a.Name, Site: a.Site, Standing: "silent",
			EnrolledAt: time.UnixMilli(a.EnrolledMs).UTC(), HeardAt: time.UnixMilli(a.HeardMs).UTC(),
		}
		switch {
		case a.Key == "":
			one.Standing = "revoked"
		case slices.Contains(scope[a.Site], a.Name):
			one.Standing = "in scope"
		}
		if a.Status != nil {
			one.Status = status(now, a)
		}
		for _, m := range marks {
			if m.Agent == a.Name {
				one.Log = &api.Log{Epoch: m.Epoch, Committed: m.Committed, At: time.UnixMilli(m.AtMs).UTC(), Received: time.UnixMilli(m.ReceivedMs).UTC()}
			}
		}
		for _, g := range gaps {
			if g.Agent == a.Name {
				one.Gap = &api.Gap{First: g.First, Last: g.Last, Since: time.UnixMilli(g.SinceMs).UTC()}
			}
		}
		list = append(list, one)
	}
	return list
}

// status gives ages as of now: what was so old when it was told has aged since.
func status(now time.Time, a fleet.Agent) *api.Status {
	s := a.Status
	told := time.UnixMilli(a.HeardMs)
	age := func(ms int64) *float64 {
		if ms == 0 {
			return nil
		}
		x := (time.Duration(s.AtMs-ms)*time.Millisecond + now.Sub(told)).Seconds()
		return &x
	}
	return &api.Status{
		At: time.UnixMilli(s.AtMs).UTC(), Release: s.Release, Provisional: s.Provisional, Refused: s.Refused,
		ModelAge: age(s.ModelMs), CatalogueAge: age(s.CatalogueMs), ConsentAge: age(s.ConsentMs), HubAge: age(s.HubContactMs),
		Decisions: s.Decisions, LogRecords: s.LogRecords, LogBytes: s.LogBytes, Unconfirmed: s.Unconfirmed, Dropped: s.Dropped,
		ClockSeconds: time.UnixMilli(s.AtMs).Sub(told).Seconds(), Alarms: s.Alarms,
	}
}

func counts(in ingest.Stats, t training.Stats) api.Counts {
	return api.Counts{
		Ingest: api.IngestCounts{
			Segments: in.Segments, Repeated: in.Repeated, Records: in.Rows, Duplicates: in.Duplicates,
			Unmatched: in.Unmatched, Unreadable: in.Unreadable, Dead: in.Dead,
		},
		Training: api.TrainingCounts{
			LedgerFile: t.File, Pending: t.Pending, Orphans: t.Orphans, Decisions: t.Decisions, Learned: t.Learned,
			Joined: t.Joined, Late: t.Late, Expired: t.Expired, NotShown: t.NotShown, Inactive: t.Inactive,
			Otherwise: t.Otherwise, Apart: t.Apart, NoCost: t.NoCost, Unreadable: t.Unreadable,
		},
	}
}
