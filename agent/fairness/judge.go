package fairness

import (
	"maps"
	"slices"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// What is measured, as status and metrics call it.
const (
	Exposure = "exposure"
	Depth    = "depth"
	Broken   = "broken"
)

var measures = []string{Exposure, Depth, Broken}

// Measures are those of groups of items, or of customers.
func Measures(of string) []string {
	if of == customers {
		return slices.Clone(measures[1:])
	}
	return slices.Clone(measures)
}

// Causes of an alarm: what most likely is behind it.
const (
	Placed      = "placed"      // pins and promoted shares
	Ordered     = "order"       // no model scored
	Scored      = "scores"      // the model's scores
	Offers      = "offers"      // what offers there are, or for whom
	Chosen      = "choice"      // what is shown has other offers
	NotFound    = "not_found"   // most that broke was not found
	Substituted = "substituted" // was substituted
	Rejected    = "rejected"    // an action for it was rejected, or could not be done
)

// judge ends a window: it tells of both sides what they got and where that is unfair,
// or nothing where one is too small.
func (n *window) judge(g *rulebook.Group, f, before *wire.Fairness) (enough bool) {
	if !n.enough(g, group) || !n.enough(g, rest) {
		return false
	}
	f.GroupSide, f.Rest = n.side[group].told(), n.side[rest].told()
	if n.enough(g, unknown) {
		f.Unknown = n.side[unknown].told()
	}
	for _, measure := range measures {
		if cause := n.unfair(g, measure); cause != "" {
			u := &wire.Unfair{Measure: measure, Cause: cause, SinceMs: f.UntilMs}
			if was := alarmOf(before, measure); was != nil {
				u.SinceMs = was.SinceMs
			}
			f.Unfair = append(f.Unfair, u)
		}
	}
	return true
}

func (n *window) enough(g *rulebook.Group, in int) bool {
	if g.OfItems() {
		return in != unknown && n.side[in].decisions >= g.Least
	}
	return n.side[in].enough
}

func (s *side) told() *wire.Side {
	t := &wire.Side{Decisions: uint64(s.decisions), Shown: uint64(s.shown), Exposure: s.got.exposure, Due: s.got.due, Depth: s.depth.mean()}
	for _, n := range s.broken {
		t.Broken += uint64(n)
	}
	return t
}

// unfair is why the two sides are not treated alike, "" if they are as far as can be
// told.
func (n *window) unfair(g *rulebook.Group, measure string) (cause string) {
	a, b := &n.side[group], &n.side[rest]
	t := g.Tolerance
	switch measure {
	case Exposure:
		off := a.got.exposure - a.got.due
		if g.OfItems() && a.got.unlike(b.got, t) && float64(off*off) > float64(errors2*n.off) {
			return n.whyExposed(t)
		}
	case Depth:
		off := a.depth.mean() - b.depth.mean()
		if min(a.depth.n, b.depth.n) >= g.Least && unlike(a.depth.mean(), b.depth.mean(), t) && float64(off*off) > float64(errors2*(a.depth.chance()+b.depth.chance())) {
			return n.whyDeep(g, t)
		}
	case Broken:
		x, y := a.told(), b.told()
		if min(x.Shown, y.Shown) >= uint64(g.Least) && unlike(rate(x), rate(y), t) && n.apart(x, y) {
			return n.whyBroken()
		}
	}
	return ""
}

// errors2 is the square of how many standard errors are no chance.
const errors2 = 9

// unlike tells whether a ratio is out of the tolerance.
func unlike(a, b, tolerance float64) bool {
	return a < float64(b*tolerance) || b < float64(a*tolerance)
}

// unlike does so for exposures by what was due.
func (p pair) unlike(o pair, tolerance float64) bool {
	return unlike(float64(p.exposure*o.due), float64(o.exposure*p.due), tolerance)
}

func rate(s *wire.Side) float64 {
	if s.GetShown() == 0 {
		return 0
	}
	return float64(s.Broken) / float64(s.Shown)
}

// apart tells whether one share can't be behind both numbers of broken promises. An
// item that is miscounted breaks many, so what is chance is by item and not by promise.
func (n *window) apart(x, y *wire.Side) bool {
	share := float64(x.Shown) / float64(x.Shown+y.Shown)
	var off, chance float64
	for _, k := range slices.Sorted(maps.Keys(n.broken)) { // always the same sum
		b := n.broken[k]
		one := b.group - float64(share*(b.group+b.rest))
		off += one
		chance += float64(one * one)
	}
	return float64(off*off) > float64(errors2*chance)
}

func (n *window) whyExposed(tolerance float64) string {
	others := pair{n.allDrawn - n.drawn.exposure, n.allDrawn - n.drawn.due}
	switch {
	case n.allDrawn > 0 && !n.drawn.unlike(others, tolerance) || n.allDrawn == 0:
		return Placed
	case 2*n.ordered > n.side[group].decisions:
		return Ordered
	}
	return Scored
}

// whyDeep looks at what offers for everybody alone would have taken off.
func (n *window) whyDeep(g *rulebook.Group, tolerance float64) string {
	a, b := n.side[group].common.mean(), n.side[rest].common.mean()
	if g.OfItems() || !unlike(a, b, tolerance) {
		return Offers
	}
	return Chosen
}

func (n *window) whyBroken() string {
	worse := n.side[group].broken
	if rate(n.side[rest].told()) > rate(n.side[group].told()) {
		worse = n.side[rest].broken
	}
	most := 0
	for kind := range worse {
		if worse[kind] > worse[most] {
			most = kind
		}
	}
	return [kinds]string{NotFound, Substituted, Rejected}[most]
}
