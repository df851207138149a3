package rules

import (
	"slices"
	"sync/atomic"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// overlay is what personal offers make of prices.
type overlay struct {
	priced  []priced      // what costs otherwise than the view says, or others, ascending
	applied []Applied     // of those
	gone    []int32       // candidates that are there by an offer, of which none runs
	kept    *kept         // nil: it is of one decision
	cheap   []bitmap.Bits // of one that is kept, by later rule about prices: what it removes
}

// kept is what an overlay that many decisions have in common is known by: which offers
// run, for this person and for others.
type kept struct {
	runs, others []bool
	knows        bool
	beside       atomic.Value
}

// maxKept is how many overlays are kept while a view is current. Those that come later
// are worked out in each decision.
const maxKept = 32

// steady tells whether which offers run is all that prices hang on: not on what
// budgets leave, on who was shown what, or on conditions about item and request.
func (c *Candidates) steady(d *campaigns) bool {
	for k := range d.runs {
		if o := &c.View.book.offers[k]; (d.runs[k] || d.others[k]) && (o.Budgeted || o.PerPersonCap > 0 || o.mixed != nil) {
			return false
		}
	}
	return c.at != nil
}

// findOverlay is the overlay of the offers that run, nil if none is kept.
func (c *Candidates) findOverlay(d *campaigns) *overlay {
	all := c.overlays.Load()
	if all == nil {
		return nil
	}
	for _, o := range *all {
		if o.kept.knows == d.knows && slices.Equal(o.kept.runs, d.runs) && slices.Equal(o.kept.others, d.others) {
			return o
		}
	}
	return nil
}

// keep keeps the overlay of this decision, with what rules about prices make of it.
func (c *Candidates) keep(dst *Allowed) {
	d, all := &dst.campaigns, c.overlays.Load()
	if all == nil {
		all = new([]*overlay)
	}
	if len(*all) >= maxKept {
		return
	}
	o := &overlay{slices.Clone(d.priced), slices.Clone(d.applied), slices.Clone(d.gone), new(kept), nil}
	o.kept.runs, o.kept.others, o.kept.knows = slices.Clone(d.runs), slices.Clone(d.others), d.knows
	for k := range c.View.book.later {
		o.cheap = append(o.cheap, nil)
		if r := &c.View.book.later[k]; c.View.later(r) {
			c.reprice(dst, r, &c.View.scopes[k])
			o.cheap[k] = slices.Clone(dst.met)
		}
	}
	more := append(slices.Clone(*all), o)
	c.overlays.Store(&more) // of two at a time one is lost, and kept the next time
}

// Beside is where to keep what is worked out from the prices of this decision, for all
// that have the same; nil if they are of this one alone.
func (of *Allowed) Beside() *atomic.Value {
	if k := of.campaigns.kept; k != nil {
		return &k.beside
	}
	return nil
}
