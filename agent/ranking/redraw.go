package ranking

import (
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/wire"
)

// drawn is what a record says of a draw.
type drawn struct {
	*wire.Decision
	policy     explore.Policy
	means      []float64 // one a row
	variances  []float64 // likewise, or none
	candidates []uint32  // likewise
	allowed    bitmap.Bits
}

func parseDrawn(rec *wire.Decision) (d drawn, ok bool) {
	var errs [4]error
	d.Decision, d.policy = rec, PolicyOf(rec.Policy)
	d.means, errs[0] = wire.View[float64](rec.Mean)
	d.variances, errs[1] = wire.View[float64](rec.Variance)
	d.candidates, errs[2] = wire.View[uint32](rec.Candidate)
	d.allowed, errs[3] = bitmap.Read(nil, rec.Allowed, int(rec.Candidates))
	n := len(d.means)
	tooFar := slices.ContainsFunc(d.candidates, func(i uint32) bool { return i >= rec.Candidates })
	return d, errs == [4]error{} && len(d.candidates) == n && len(rec.Shown) <= n && !tooFar &&
		(len(d.variances) == n || len(d.variances) == 0 && !d.policy.Kind.Varies())
}

// redraw draws again from what is recorded, which is all that can matter: who is not
// was never among the contenders.
func redraw(rec *wire.Decision, salt []byte) bool {
	d, ok := parseDrawn(rec)
	if !ok {
		return false
	}
	drawer := explore.New(salt)
	if slices.ContainsFunc(rec.Shown, func(x *wire.Shown) bool { return len(x.Contenders) > 0 }) {
		return d.again(drawer)
	}
	return d.slate(drawer)
}

// slate draws all of it, as no hook was at work.
func (d *drawn) slate(drawer *explore.Drawer) bool {
	p := explore.Problem{
		Means: make([]float64, d.Candidates), Variances: make([]float64, d.Candidates), Allowed: d.allowed, Policy: d.policy, Count: len(d.Shown),
		None: d.Policy.GetNone(), NoneFloor: d.Policy.GetNoneFloor(), EventID: d.EventId, Attempt: d.Attempt,
	}
	for i := range p.Means {
		p.Means[i] = math.Inf(-1)
	}
	for row, i := range d.candidates {
		p.Means[i] = d.means[row]
		if len(d.variances) > 0 {
			p.Variances[i] = d.variances[row]
		}
	}
	for at, x := range d.Shown {
		if x.Pinned {
			p.Pins = append(p.Pins, explore.Pin{Position: at, Candidate: int(d.candidates[at])})
		}
	}
	slate, err := drawer.Draw(&p)
	if err != nil || len(slate.Positions) != len(d.Shown) || slate.IsNone != d.Holdback || len(d.Shown) > 0 && slate.Seed != d.Seed {
		return false
	}
	for i, at := range slate.Positions {
		x := d.Shown[i]
		if uint32(at.Candidate) != d.candidates[i] || math.Float64bits(at.Probability) != math.Float64bits(x.Probability) || uint32(at.Feasible) != x.Feasible || at.Pinned != x.Pinned {
			return false
		}
	}
	return true
}

// again draws each position from its recorded contenders, as hooks were at work.
func (d *drawn) again(drawer *explore.Drawer) bool {
	empty, err := drawer.Draw(&explore.Problem{Policy: d.policy, Variances: []float64{}, EventID: d.EventId, Attempt: d.Attempt})
	if err != nil || empty.Seed != d.Seed {
		return false
	}
	pinned := slices.ContainsFunc(d.Shown, func(x *wire.Shown) bool { return x.Pinned })
	above := map[uint32]bool{}
	for at, x := range d.Shown {
		c, ok := d.choice(at, above)
		if i := d.candidates[at]; above[i] || !d.allowed.Has(int(i)) {
			return false
		} else {
			above[i] = true
		}
		if x.Pinned {
			if x.Probability != 1 {
				return false
			}
			continue
		}
		if none := int(d.Candidates) - 1; at == 0 && d.Policy.GetNone() && !pinned && d.allowed.Has(none) {
			c.NoneFloor = d.Policy.GetNoneFloor()
		}
		p, err := c.Probability()
		if !ok || err != nil || math.Float64bits(p) != math.Float64bits(x.Probability) {
			return false
		}
		place, explored, none, err := drawer.Again(&c, d.EventId, d.Attempt, uint32(at))
		switch {
		case err != nil, none && !c.IsNone, !none && explored != int(x.Explored), !none && explored == 0 && place != c.Place:
			return false
		}
	}
	return true
}

// choice is what a position was drawn from: rows that were allowed and don't stand
// above.
func (d *drawn) choice(at int, above map[uint32]bool) (c explore.Choice, ok bool) {
	x := d.Shown[at]
	rows, err := wire.View[uint32](x.Contenders)
	adjusted, err2 := wire.View[float64](x.Mean)
	c = explore.Choice{Policy: d.policy, Feasible: int(x.Feasible), Place: slices.Index(rows, uint32(at)), IsNone: d.Holdback}
	if err != nil || err2 != nil || len(adjusted) > 0 && len(adjusted) != len(rows) {
		return c, false
	}
	for k, row := range rows {
		if int(row) >= len(d.means) || above[d.candidates[row]] || !d.allowed.Has(int(d.candidates[row])) || slices.Contains(rows[:k], row) {
			return c, false
		}
		mean := d.means[row]
		if len(adjusted) > 0 {
			mean = adjusted[k]
		}
		c.Means = append(c.Means, mean)
		if len(d.variances) > 0 {
			c.Variances = append(c.Variances, d.variances[row])
		}
	}
	return c, true
}

// PolicyOf is the policy of a record. Without a model it is greedy over an order.
func PolicyOf(p *wire.Policy) explore.Policy {
	kind := explore.Kind(p.GetKind())
	if kind == baselineKind {
		kind = explore.EpsilonGreedy
	}
	return explore.Policy{Kind: kind, Epsilon: p.GetEpsilon(), Temperature: p.GetTemperature(), Gamma: p.GetGamma(), Alpha: p.GetAlpha()}
}
