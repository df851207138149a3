package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// quota keeps a cap within one answer, which may show several items of what is counted
// together: what stands counts like what was shown before.
type quota struct {
	*rule
	group  *grouping   // nil: of offers
	target bitmap.Bits // what it may remove
	left   []uint8     // by group, of a cap of the node; nil: Count of each
	seen   []seen      // what tally begins with, of a cap of somebody
	tally  []uint32    // of what was seen and stands, by group
}

// owned is what a cap found that somebody was shown.
type owned struct {
	applies bool
	target  bitmap.Bits // what it may remove
	seen    []seen      // of groups that are not full
}

// seen is how often something of a group was shown.
type seen struct{ group, times uint32 }

// shares tells whether a rule is a cap of somebody that an answer may come to the end
// of, for it counts items together.
func (r *rule) shares() bool {
	return r.Kind == rulebook.Cap && r.Per != rulebook.Node && (r.Of == rulebook.OfBrand || r.Of == rulebook.OfCategory || r.Of == rulebook.OfOffer)
}

// whom tells whether there is somebody whose showings a rule counts.
func (a *Asked) whom(r *rule, all []*located) bool {
	known := a.Known
	switch r.Per {
	case rulebook.Session:
		known = a.InSession
	case rulebook.Household:
		known = a.InHousehold
	}
	return known || slices.ContainsFunc(all, func(l *located) bool { return len(l.entries) > 0 })
}

// own begins what a cap of somebody found. Who is nobody has no caps.
func (dst *Allowed) own(r *rule, a *Asked) {
	if r.shares() && a.whom(r, dst.whose(r)) {
		o := &dst.owns[r.own]
		o.applies, o.target, o.seen = true, append(o.target[:0], dst.target...), o.seen[:0]
	}
}

// runsOut tells whether an answer of so many positions may come to the end of a cap.
func (o *owned) runsOut(most, positions int) bool {
	return most < positions || slices.ContainsFunc(o.seen, func(s seen) bool { return most-int(s.times) < positions })
}

// times is how often something of a group was shown.
func (o *owned) times(group uint32) int {
	if i := slices.IndexFunc(o.seen, func(s seen) bool { return s.group == group }); i >= 0 {
		return int(o.seen[i].times)
	}
	return 0
}

// addQuotas finds the caps that an answer may come to the end of.
func (p *Prefix) addQuotas(count int) {
	p.quotas = p.quotas[:0]
	v := p.of.View
	for k, e := range v.nodes {
		if found := &p.allowed.nodes[k]; found.left != nil && int(found.least) < count && e.most > 1 {
			p.addQuota(quota{rule: e.rule, group: e.group, target: found.target, left: found.of}, e.groups)
		}
	}
	for k, later := range v.book.owns {
		r, s := &v.book.later[later], &v.scopes[later]
		if o := &p.allowed.owns[k]; o.applies && o.runsOut(r.Count, count) {
			groups := len(v.book.offers) + 1
			if s.group != nil {
				groups = s.group.n
			}
			p.addQuota(quota{rule: r, group: s.group, target: o.target, seen: o.seen}, groups)
		}
	}
}

func (p *Prefix) addQuota(q quota, groups int) {
	if len(p.quotas) < cap(p.quotas) {
		q.tally = p.quotas[:len(p.quotas)+1][len(p.quotas)].tally
	}
	q.tally = slices.Grow(q.tally[:0], groups)[:groups]
	p.quotas = append(p.quotas, q)
}

// forget begins with an empty answer.
func (q *quota) forget() {
	clear(q.tally)
	for _, s := range q.seen {
		q.tally[s.group] = s.times
	}
}

// groupOf is the group of a candidate.
func (c *Candidates) groupOf(dst *Allowed, g *grouping, i int) uint32 {
	if g == nil {
		return dst.offerOf(c, i)
	}
	return g.at(c.Places[i])
}

// most is how often something of a group may be shown.
func (q *quota) most(group uint32) uint32 {
	if q.left != nil {
		return uint32(q.left[group])
	}
	return uint32(q.Count)
}

// spend takes in that a candidate stands, and removes what nothing is left of then.
func (q *quota) spend(p *Prefix, i int) {
	in := p.of.groupOf(p.allowed, q.group, i)
	if in == 0 {
		return
	}
	if q.tally[in]++; q.tally[in] != q.most(in) {
		return
	}
	if q.group != nil {
		p.of.in(q.group, []uint32{in}, q.target, p.removed)
		return
	}
	for other := range q.target.All() {
		if p.allowed.offerOf(p.of, other) == in {
			p.removed.Set(other)
		}
	}
}
