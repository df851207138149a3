package fairness

import (
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
	f.GroupSide, f.Rest = n.Side[group].told(), n.Side[rest].told()
	if n.enough(g, unknown) {
		f.Unknown = n.Side[unknown].told()
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
		return in != unknown && n.Side[in].Decisions >= int64(g.Least)
	}
	return n.Side[in].Enough
}

func (s *side) told() *wire.Side {
	t := &wire.Side{Decisions: uint64(s.Decisions), Shown: uint64(s.Shown), Exposure: s.Got.Exposure, Due: s.Got.Due, Depth: s.Depth.of()}
	for _, n := range s.Broken {
		t.Broken += uint64(n)
	}
	return t
}

// unfair is why the two sides are not treated alike, "" if they are as far as can be
// told.
func (n *window) unfair(g *rulebook.Group, measure string) (cause string) {
	a, b := &n.Side[group], &n.Side[rest]
	t := g.Tolerance
	switch measure {
	case Exposure:
		if g.OfItems() && a.Got.unlike(b.Got, t) && surely(a.Got.Exposure-a.Got.Due, &sums{off: 1}, n.Persons, &n.persons) {
			return n.whyExposed(t)
		}
	case Depth:
		x, y := a.Depth.of(), b.Depth.of()
		if min(a.Depth.N, b.Depth.N) >= float64(g.Least) && unlike(x, y, t) && surely(x-y, apart(&a.Depth, &b.Depth), n.Persons, &n.persons) {
			return n.whyDeep(g, t)
		}
	case Broken:
		x, y := a.told(), b.told()
		if min(x.Shown, y.Shown) >= uint64(g.Least) && unlike(rate(x), rate(y), t) && n.surelyBroken(x, y) {
			return n.whyBroken()
		}
	}
	return ""
}

// unlike tells whether a ratio is out of the tolerance.
func unlike(a, b, tolerance float64) bool {
	return a < float64(b*tolerance) || b < float64(a*tolerance)
}

// unlike does so for exposures by what was due.
func (p pair) unlike(o pair, tolerance float64) bool {
	return unlike(float64(p.Exposure*o.Due), float64(o.Exposure*p.Due), tolerance)
}

func rate(s *wire.Side) float64 {
	if s.GetShown() == 0 {
		return 0
	}
	return float64(s.Broken) / float64(s.Shown)
}

// apart weighs depths so that they come to the difference of the two means, and each
// cluster to what it adds to it, if there were but one mean.
func apart(a, b *mean) *sums {
	both := (a.Sum + b.Sum) / (a.N + b.N)
	return &sums{depth + group: 1 / a.N, priced + group: -both / a.N, depth + rest: -1 / b.N, priced + rest: both / b.N}
}

// surelyBroken tells whether one share can't be behind both numbers of broken promises.
// An item that is miscounted breaks many, and so does a person who tells of each, so
// that neither's promises are independent.
func (n *window) surelyBroken(x, y *wire.Side) bool {
	share := float64(x.Shown) / float64(x.Shown+y.Shown)
	total := float64(x.Broken) - float64(share*float64(x.Broken+y.Broken))
	weigh := &sums{broken + group: 1 - share, broken + rest: -share}
	return surely(total, weigh, n.Items, &n.items) && surely(total, weigh, n.Persons, &n.persons)
}

func (n *window) whyExposed(tolerance float64) string {
	others := pair{n.AllDrawn - n.Drawn.Exposure, n.AllDrawn - n.Drawn.Due}
	switch {
	case n.AllDrawn > 0 && !n.Drawn.unlike(others, tolerance) || n.AllDrawn == 0:
		return Placed
	case 2*n.Ordered > n.Side[group].Decisions:
		return Ordered
	}
	return Scored
}

// whyDeep looks at what offers for everybody alone would have taken off.
func (n *window) whyDeep(g *rulebook.Group, tolerance float64) string {
	a, b := n.Side[group].Common.of(), n.Side[rest].Common.of()
	if g.OfItems() || !unlike(a, b, tolerance) {
		return Offers
	}
	return Chosen
}

func (n *window) whyBroken() string {
	worse := n.Side[group].Broken
	if rate(n.Side[rest].told()) > rate(n.Side[group].told()) {
		worse = n.Side[rest].Broken
	}
	most := 0
	for kind := range worse {
		if worse[kind] > worse[most] {
			most = kind
		}
	}
	return [kinds]string{NotFound, Substituted, Rejected}[most]
}
