package ranking

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/host"
)

// Options are what a decider stands on; all but the last six (from Fairness on) are required.
type Options struct {
	Store     *store.Store
	Catalogue *catalogue.Catalogue
	Consents  *consent.Ledger
	Events    *attribution.Events
	Holds     *coordinate.Holds
	Actions   *coordinate.Actions
	Budgets   *coordinate.Budgets
	Releases  *release.Keeper
	Secret    []byte // of the pseudonyms
	Site      string // where the node stands

	Fairness *fairness.Watch // nil: nobody counts what groups get

	Tastes  *persona.Cache   // nil: they are worked out each time
	Replay  *profile.Replay  // nil: what the log may not hold of a person is not kept
	Durable bool             // every answer waits for the disk, not only those that hold
	Contact func() int64     // when the hub was last heard of, Unix milliseconds, 0: never; default never
	Now     func() time.Time // for budgets; default time.Now
}

// Decider decides for one node. All methods may be called at the same time.
type Decider struct {
	// immutable after New
	opt  Options
	pool sync.Pool // of *scratch

	counts  counts
	watches watches
	lost    atomic.Int64 // decisions that were not recorded and not told of yet
	told    atomic.Int64 // node time when such were last told of
	rowCost atomic.Int64 // nanoseconds a thousand rows take to score, averaged
	crowd   sync.Mutex   // lets decisions that lost a race for stock go one by one
}

type counts struct {
	decisions, repeated, dry, lost, reruns, shortlist, baseline, failed atomic.Uint64
}

// Stats count since the start.
type Stats struct {
	Decisions uint64 // answered anew, recorded or lost
	Repeated  uint64 // answered from their record
	Dry       uint64
	Lost      uint64 // answered without a record, for want of room
	Reruns    uint64 // attempts after the first, because something moved
	Shortlist uint64 // degraded to it
	Baseline  uint64 // degraded to it
	Failed    uint64 // scores that a module did not give
}

// New makes a decider.
func New(o Options) *Decider {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Contact == nil {
		o.Contact = func() int64 { return 0 }
	}
	d := &Decider{opt: o}
	d.pool.New = func() any { return newScratch(d) }
	return d
}

// Stats may be called at any time.
func (d *Decider) Stats() Stats {
	c := &d.counts
	return Stats{
		Decisions: c.decisions.Load(), Repeated: c.repeated.Load(), Dry: c.dry.Load(), Lost: c.lost.Load(),
		Reruns: c.reruns.Load(), Shortlist: c.shortlist.Load(), Baseline: c.baseline.Load(), Failed: c.failed.Load(),
	}
}

var (
	// errMoved: what the rules saw is not so any more; the decision runs again.
	errMoved = errors.New("what is allowed moved")
	// errTwice: another request with this event id was recorded meanwhile.
	errTwice = errors.New("the event was decided meanwhile")
)

const (
	// maxAttempts ends a decision that never comes to hold what it shows.
	maxAttempts = 64
	// patience is how many attempts run beside others.
	patience = 2
)

// Decide makes one decision, or gives a *Refusal. The answer is the caller's.
func (d *Decider) Decide(ctx context.Context, r *Request) (*Answer, error) {
	s := d.pool.Get().(*scratch)
	defer d.pool.Put(s)
	if err := s.begin(r); err != nil {
		return nil, err
	}
	for attempt := uint32(0); attempt < maxAttempts; attempt++ {
		if attempt == patience {
			d.crowd.Lock()
			defer d.crowd.Unlock()
		}
		a, err := s.attempt(ctx, attempt)
		switch {
		case errors.Is(err, errMoved):
			d.counts.reruns.Add(1)
		case errors.Is(err, host.ErrClosed):
			attempt-- // nothing moved: another release took over
		case errors.Is(err, errTwice):
			return s.repeat(ctx)
		default:
			return a, err
		}
	}
	return nil, refuse(Contended, nil, "what may be shown changed each time before it could be held; ask again")
}
