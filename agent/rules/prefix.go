package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Prefix keeps the rules about what stands together in one answer while it is
// drawn, and pins and promoted items. Its memory is reused.
type Prefix struct {
	of      *Candidates
	allowed *Allowed
	removed bitmap.Bits // by what stands already
	marked  bitmap.Bits // candidates that stand already
	limits  []limit     // by prefix rule
	quotas  []quota     // of caps
	pins    []explore.Pin
	shares  [1]float64
	drew    bitmap.Bits // positions whose pool was the promoted items
	scarce  bool        // a budget may not last for all positions
	slate   []int       // the pins, as budgets see them
	tiers   []tier      // highest first; none where they don't matter
	free    bitmap.Bits
}

// limit is one rule at work.
type limit struct {
	*rule
	*scope
	target bitmap.Bits
	tally  []uint32
}

// Begin is for the draw of what allowed leaves. It tells whether there is anything
// to ask Mask for; the pins are those that the rules leave beside each other.
func (p *Prefix) Begin(c *Candidates, allowed *Allowed, count int) (pins []explore.Pin, masks bool) {
	b := c.View.book
	p.of, p.allowed, p.limits = c, allowed, p.limits[:0]
	for k := range b.prefix {
		if up := &allowed.prefix[k]; up.applies {
			p.add(k, up.target)
		}
	}
	p.drew = sized(p.drew, count)
	p.addQuotas(count)
	p.scarce = allowed.Scarce(count)
	p.sortTiers()
	p.forget()
	p.pin(count)
	p.forget()
	return p.pins, len(p.limits)+len(p.quotas) > 0 || b.slot.Promoted != nil || p.scarce || len(p.tiers) > 0
}

func (p *Prefix) add(k int, target bitmap.Bits) {
	b := p.of.View.book
	r := &b.prefix[k]
	l := limit{rule: r, scope: &p.of.View.scopes[r.later], target: target}
	if len(p.limits) < cap(p.limits) {
		l.tally = p.limits[:len(p.limits)+1][len(p.limits)].tally
	}
	l.tally = slices.Grow(l.tally[:0], l.group.n)[:l.group.n]
	p.limits = append(p.limits, l)
}

// forget begins with an empty answer.
func (p *Prefix) forget() {
	n := p.of.Len() + 1 // and none
	p.removed, p.marked = sized(p.removed, n), sized(p.marked, n)
	for k := range p.limits {
		clear(p.limits[k].tally)
	}
	for k := range p.quotas {
		p.quotas[k].forget()
	}
}

// pin takes the slot's pins that may stand, in the order of positions.
func (p *Prefix) pin(count int) {
	p.pins, p.slate = p.pins[:0], p.slate[:0]
	for _, pin := range p.of.View.book.pins {
		i := int(p.of.FindOf(pin.hash))
		if i != Nowhere && pin.position < count && p.allowed.Bits.Has(i) && !p.removed.Has(i) {
			p.pins, p.slate = append(p.pins, explore.Pin{Position: pin.position, Candidate: i}), append(p.slate, i)
			p.stand(i)
			if p.scarce {
				p.of.Spent(p.allowed, p.slate, p.removed)
			}
		}
	}
}

// Mask is an explore.Problem's.
func (p *Prefix) Mask(at explore.At, remove, pool bitmap.Bits) {
	for _, i := range at.Slate {
		if i >= 0 && !p.marked.Has(i) {
			p.stand(i)
		}
	}
	or(remove, p.removed[:min(len(remove), len(p.removed))])
	if v := p.of.View; v.promoted >= 0 {
		p.shares[0] = v.book.slot.Promoted.Share
		if explore.Turn(p.shares[:], at.Turn, at.Position, at.Count) == 0 {
			p.drew.Set(at.Position)
			set := p.of.set(v.promoted)
			copy(pool, set[:min(len(set), len(pool))])
		}
	}
	if p.scarce {
		p.of.Spent(p.allowed, at.Slate, remove)
	}
	p.climb(remove, pool)
}

// Promoted tells whether a position was drawn from the promoted items, or from all
// for want of those.
func (p *Prefix) Promoted(position int) bool { return p.drew.Has(position) }

// stand takes in a candidate that has a position.
func (p *Prefix) stand(i int) {
	p.marked.Set(i)
	if i >= p.of.Len() {
		return
	}
	for k := range p.quotas {
		p.quotas[k].spend(p, i)
	}
	for k := range p.limits {
		l := &p.limits[k]
		in := l.group.at(p.of.Places[i])
		if in == 0 || !l.target.Has(i) {
			continue
		}
		l.tally[in]++
		switch {
		case l.Kind == rulebook.Separate && l.tally[in] == 1:
			others := p.of.set(l.rivals[in])
			for w := range l.target {
				p.removed[w] |= others[w] & l.target[w]
			}
		case l.Kind == rulebook.Limit && l.tally[in] == uint32(l.Count):
			p.of.in(l.group, []uint32{in}, l.target, p.removed)
		}
	}
}
