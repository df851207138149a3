package rules

import (
	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// leaves are what a cap of the node left when a decision looked.
type leaves struct {
	*left              // nil: it does not apply
	target bitmap.Bits // what it may remove
}

// emptied are candidates of which a cap leaves nothing.
type emptied struct {
	by   *left
	bits bitmap.Bits
}

// capNode applies a cap that counts everybody at the node.
func (c *Candidates) capNode(dst *Allowed, r *rule, s *scope, a *Asked) (removed int) {
	if s.group != nil {
		removed = removeUnknown(dst, c)
	}
	if a.Showings == nil {
		return removed
	}
	l := s.everybody.at(a.Showings, a.Now)
	seen := &dst.nodes[r.node]
	seen.left, seen.target = l, append(seen.target[:0], dst.target...)
	switch {
	case l.none == 0 && len(l.beyond) == 0 && !l.closed:
		return removed
	case r.Of == rulebook.OfSlot:
	case r.Of == rulebook.OfOffer:
		clear(dst.met)
		for i := range dst.Bits.All() {
			if i < c.Len() && l.of[dst.offerOf(c, i)] == 0 {
				dst.met.Set(i)
			}
		}
		dst.target.And(dst.met)
	default:
		dst.target.And(c.empty(dst, s.everybody, l))
	}
	return removed + removeAll(dst.Bits, dst.target)
}

// offerOf is the group of the first offer that prices a candidate, 0 for none.
func (dst *Allowed) offerOf(c *Candidates, i int) uint32 {
	if c.View.onOffer == nil {
		return 0
	}
	return dst.offerAt(c.View.onOffer, int32(i), c.Places[i])
}

// empty are the candidates of which nothing is left; the slot's own are kept until
// that changes.
func (c *Candidates) empty(dst *Allowed, e *everybody, l *left) bitmap.Bits {
	if c.at == nil {
		c.findEmpty(dst.met, e, l)
		return dst.met
	}
	if kept := c.emptied[e.node].Load(); kept != nil && kept.by == l {
		return kept.bits
	}
	next := &emptied{l, bitmap.New(c.Len())}
	c.findEmpty(next.bits, e, l)
	c.emptied[e.node].Store(next)
	return next.bits
}

func (c *Candidates) findEmpty(bits bitmap.Bits, e *everybody, l *left) {
	clear(bits)
	for i, place := range c.Places {
		if place != Nowhere && l.of[e.groupAt(place)] == 0 {
			bits.Set(i)
		}
	}
	if l.closed {
		or(bits, c.unknown)
	}
	for _, item := range l.beyond {
		if i := c.FindOf(item); i != Nowhere {
			bits.Set(int(i))
		}
	}
}

// Recounted tells whether caps of the node leave an answer of so many positions what
// they did when Allow looked, at node time now. Under the store's commit lock the
// answer stays true until the commit.
func (c *Candidates) Recounted(allowed *Allowed, s *attribution.Showings, now int64, positions int) bool {
	for k := range c.View.book.nodes {
		seen := allowed.nodes[k].left
		if seen == nil {
			continue
		}
		if l := c.View.nodes[k].at(s, now); l != seen && !l.same(seen, positions) {
			return false
		}
	}
	return true
}
