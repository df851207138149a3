package explore

import "slices"

// Shortlist is how many of the best feasible candidates Problem.Adjust is asked for.
const Shortlist = 64

// At is a position that is about to be drawn, as hooks see it. They change nothing
// of it and keep nothing.
type At struct {
	Position int   // in the slate, from 0
	Slate    []int // by position: what was drawn above, pins wherever they are, -1 elsewhere
	Count    int   // positions of the slate

	// Turn is uniform in [0, 1), one for the decision, and independent of all that
	// is drawn: whose turn it is, see the function [Turn], may depend on it.
	Turn float64
}

// narrow finds what is feasible at a position, and the contenders there.
func (d *Drawer) narrow(at int) {
	if p := d.problem; p.None && at > 0 {
		d.left.Clear(len(p.Means) - 1)
	}
	copy(d.feasible, d.left)
	if d.problem.Mask != nil {
		d.mask(at)
	}
	if d.problem.Adjust != nil {
		d.adjust(at)
	} else if !d.top.filter(&d.best, d.feasible, Contenders) {
		d.top.scan(d.ranks, d.feasible, Contenders)
	}
}

// mask removes what may not stand at a position and keeps to its pool. None is
// outside of both.
func (d *Drawer) mask(at int) {
	p := d.problem
	last := len(p.Means) - 1
	none := p.None && d.feasible.Has(last)
	if none {
		d.feasible.Clear(last)
	}
	clear(d.removed)
	clear(d.pool)
	p.Mask(d.at(at), d.removed, d.pool)
	d.feasible.AndNot(d.removed)
	if d.pool.And(d.feasible); d.pool.Any() {
		copy(d.feasible, d.pool)
	}
	if none {
		d.feasible.Set(last)
	}
}

// adjust has the means of the shortlist changed and takes its best.
func (d *Drawer) adjust(at int) {
	p, short := d.problem, &d.short
	if !short.filter(&d.best, d.feasible, Shortlist) {
		short.scan(d.ranks, d.feasible, Shortlist)
	}
	d.means = d.means[:0]
	for _, i := range short.candidates {
		d.means = append(d.means, p.Means[i])
	}
	p.Adjust(d.at(at), short.candidates, d.means)
	d.top.reset()
	for k, i := range short.candidates {
		if p.None && i == len(p.Means)-1 {
			d.means[k] = p.Means[i]
		}
		d.adjusted[i] = d.means[k]
		d.top.offer(i, d.rank(i, d.means[k]), Contenders)
	}
}

func (d *Drawer) at(position int) At {
	return At{position, d.placed, len(d.placed), d.turn}
}

// rank is what a candidate of some mean is ranked by.
func (d *Drawer) rank(i int, mean float64) float64 {
	if !d.problem.Policy.Kind.Varies() {
		return mean
	}
	return d.problem.Policy.Rank(mean, d.problem.Variances[i])
}

// rankAll ranks what is left by the policy.
func (d *Drawer) rankAll() {
	p := d.problem
	d.ranks = p.Means
	if p.Policy.Kind.Varies() {
		n := len(p.Means)
		d.bounds = slices.Grow(d.bounds[:0], n)[:n]
		for i := range d.left.All() {
			d.bounds[i] = p.Policy.Rank(p.Means[i], p.Variances[i])
		}
		d.ranks = d.bounds
	}
	if p.Adjust != nil {
		n := len(p.Means)
		d.adjusted = slices.Grow(d.adjusted[:0], n)[:n]
		d.best.scan(d.ranks, d.left, Shortlist+max(p.Count, 0))
		return
	}
	d.best.scan(d.ranks, d.left, Contenders+max(p.Count, 0))
}

// contenders are those of the present position.
func (d *Drawer) contenders() field {
	p, from := d.problem, len(d.slate.means)
	for _, i := range d.top.candidates {
		mean := p.Means[i]
		if p.Adjust != nil {
			mean = d.adjusted[i]
		}
		d.slate.means = append(d.slate.means, mean)
	}
	d.slate.weighed = append(d.slate.weighed, d.top.candidates...)
	f := field{ranks: d.top.means, means: d.slate.means[from:]}
	if p.Policy.Kind.Varies() {
		for k, i := range d.top.candidates {
			d.variances[k] = p.Variances[i]
		}
		f.variances = d.variances[:len(f.means)]
	}
	return f
}
