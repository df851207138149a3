package rules

import (
	"cmp"
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// tier is the candidates whose offers have a priority.
type tier struct {
	priority int32
	in       bitmap.Bits
}

// sortTiers finds the tiers of the allowed candidates that are on an offer, where
// the slot fills positions by them.
func (p *Prefix) sortTiers() {
	p.tiers = p.tiers[:0]
	a := p.of.View.book.slot.Arbitration
	if a == nil || !a.Tiers || p.of.View.cover.at == nil {
		return
	}
	for i := range p.allowed.Bits.All() {
		if i >= p.of.Len() || p.of.Places[i] == Nowhere {
			continue
		}
		price := p.of.Price(p.allowed, i)
		if len(price.Applied) == 0 {
			continue
		}
		priority := price.Applied[0].Priority
		for _, x := range price.Applied[1:] {
			priority = max(priority, x.Priority)
		}
		p.tier(priority).Set(i)
	}
	slices.SortFunc(p.tiers, func(x, y tier) int { return -cmp.Compare(x.priority, y.priority) })
}

// tier is the set of a priority.
func (p *Prefix) tier(priority int32) bitmap.Bits {
	for k := range p.tiers {
		if p.tiers[k].priority == priority {
			return p.tiers[k].in
		}
	}
	var room bitmap.Bits
	if n := len(p.tiers); n < cap(p.tiers) {
		room = p.tiers[:n+1][n].in
	}
	p.tiers = append(p.tiers, tier{priority, sized(room, p.of.Len()+1)})
	return p.tiers[len(p.tiers)-1].in
}

// climb makes the highest tier that has anybody left the pool of a position, within
// the pool it has if that leaves anybody.
func (p *Prefix) climb(remove, pool bitmap.Bits) {
	if len(p.tiers) == 0 {
		return
	}
	p.free = append(p.free[:0], p.allowed.Bits...)
	p.free.AndNot(remove)
	p.free.AndNot(p.marked)
	if none := p.of.Len(); p.free.Has(none) {
		p.free.Clear(none)
	}
	if meets(p.free, pool) {
		p.free.And(pool)
	}
	for k := range p.tiers {
		if in := p.tiers[k].in; meets(p.free, in) {
			clear(pool)
			copy(pool, in)
			pool.And(p.free)
			return
		}
	}
}

func meets(a, b bitmap.Bits) bool {
	for i := range min(len(a), len(b)) {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}
