package ranking

import (
	"errors"
	"math"
	"time"

	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Degraded names the step down that a decision took to be in time, or for want
// of a model. What serves an order by its slot's mode or its arm took none.
type Degraded string

const (
	NotDegraded Degraded = "none"
	Shortlist   Degraded = "shortlist" // the model scored only the first of the baseline's order
	Baseline    Degraded = "baseline"  // no model scored
)

func (d Degraded) wire() wire.Degraded {
	switch d {
	case Shortlist:
		return wire.Degraded_DEGRADED_SHORTLIST
	case Baseline:
		return wire.Degraded_DEGRADED_BASELINE
	}
	return wire.Degraded_DEGRADED_NONE
}

// DegradedOf is the name of a record's degradation.
func DegradedOf(d wire.Degraded) Degraded {
	switch d {
	case wire.Degraded_DEGRADED_SHORTLIST:
		return Shortlist
	case wire.Degraded_DEGRADED_BASELINE:
		return Baseline
	}
	return NotDegraded
}

// DegradedBy is why a decision took a step down, "" where it took none.
type DegradedBy string

const (
	ByNoModel    DegradedBy = "no_model"    // the slot has none, or it was taken out of use
	ByStaleModel DegradedBy = "stale_model" // the hub was not heard of for the release's max_offline
	ByDeadline   DegradedBy = "deadline"    // the request's budget is too small for it
	ByBusy       DegradedBy = "busy"        // no instance of its module became free in time
	ByModule     DegradedBy = "module"      // its module failed
)

// causes are in the order of the record's.
var causes = [...]DegradedBy{"", ByNoModel, ByStaleModel, ByDeadline, ByBusy, ByModule}

func (b DegradedBy) wire() wire.DegradedBy {
	for i, c := range causes {
		if c == b {
			return wire.DegradedBy(i)
		}
	}
	return 0
}

// DegradedByOf is why a record's decision was degraded.
func DegradedByOf(b wire.DegradedBy) DegradedBy {
	if b < 0 || int(b) >= len(causes) {
		return ""
	}
	return causes[b]
}

// degrade takes the decision a step down.
func (s *scratch) degrade(to Degraded, by DegradedBy) { s.degraded, s.degradedBy = to, by }

// shortlist is how many candidates are scored when there is no time for all.
const shortlist = 64

// step takes the decision down as far as its budget needs, or for want of a model.
func (s *scratch) step() {
	s.degrade(NotDegraded, "")
	switch {
	case s.slot.Scorer == nil:
		s.degrade(Baseline, ByNoModel)
	case s.scorer == nil:
		s.degrade(Baseline, ByStaleModel)
	case s.request.BudgetMs == 0:
	default:
		left := s.left()
		switch {
		case left >= s.d.cost(s.of.Len()):
		case left >= s.d.cost(shortlist):
			s.degrade(Shortlist, ByDeadline)
		default:
			s.degrade(Baseline, ByDeadline)
			s.d.doubt(left)
		}
	}
}

// left is what is left of the request's budget.
func (s *scratch) left() time.Duration {
	if s.request.BudgetMs == 0 {
		return math.MaxInt64
	}
	return time.Duration(s.request.BudgetMs)*time.Millisecond - s.d.opt.Now().Sub(s.started)
}

// unscored takes the decision down to the order, after its model gave no scores.
func (s *scratch) unscored(err error) {
	switch {
	case !errors.Is(err, host.ErrBusy):
		s.degrade(Baseline, ByModule)
	case s.left() <= 0:
		s.degrade(Baseline, ByDeadline)
	default:
		s.degrade(Baseline, ByBusy)
	}
}

// stands tells whether an order serves whatever a model says: by the slot's mode, or
// in this arm.
func (s *scratch) stands() bool {
	return s.slot.Mode != rulebook.Online || s.by == rulebook.Fixed
}

// cost is how long so many rows are expected to take.
func (d *Decider) cost(rows int) time.Duration {
	return 50*time.Microsecond + time.Duration(max(d.rowCost.Load(), leastCost)*int64(rows)/1000)
}

// leastCost is what a thousand rows are expected to take before anything is known, in
// nanoseconds.
const leastCost = int64(20 * time.Microsecond)

// spent averages what scoring takes. One that took unheard of long, because the
// machine slept, at most doubles what is expected.
func (d *Decider) spent(rows int, took time.Duration) {
	if rows < shortlist {
		return
	}
	was := d.rowCost.Load()
	per := min(took.Nanoseconds()*1000/int64(rows), 17*max(was, leastCost))
	d.rowCost.Store(was + (per-was)/16)
}

// doubt lets what is expected fade, where there was some time and it was not enough:
// nothing is scored then, so nothing else would ever tell that it takes less again.
func (d *Decider) doubt(left time.Duration) {
	if was := d.rowCost.Load(); left > 0 {
		d.rowCost.Store(was - was/1024)
	}
}
