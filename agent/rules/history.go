package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

const purchase = wire.OutcomeType_OUTCOME_PURCHASE

// applyHistory applies a rule about what was shown and done.
func (c *Candidates) applyHistory(dst *Allowed, r *rule, s *scope, a *Asked) (removed int) {
	if r.Per == rulebook.Node {
		return c.capNode(dst, r, s, a)
	}
	if s.group != nil {
		removed = removeUnknown(dst, c)
	}
	dst.own(r, a)
	since := a.Now - r.window
	for _, l := range dst.whose(r) {
		switch {
		case len(l.entries) == 0:
		case r.Kind == rulebook.Suppress && s.group == nil:
			removed += c.suppress(dst, r, l, since)
		case r.Of == rulebook.OfSlot:
			key := c.View.book.key
			seen := dst.answersSeen(l.entries, func(e *attribution.Entry) bool { return e.At > since && e.Slot == key })
			if seen >= r.Count {
				removed += removeAll(dst.Bits, dst.target)
			}
		case r.Of == rulebook.OfOffer:
			removed += c.capSame(dst, r, l, since, c.View.onOffer)
		case s.group != nil:
			removed += c.capSame(dst, r, l, since, s.group)
		default:
			removed += c.limit(dst, r, l, since)
		}
	}
	return removed
}

// removeUnknown removes what is no item: of what it would be counted with nobody
// knows.
func removeUnknown(dst *Allowed, c *Candidates) int {
	copy(dst.met, dst.target)
	dst.met.And(c.unknown)
	return removeAll(dst.Bits, dst.met)
}

// whose are the histories that a rule looks at.
func (dst *Allowed) whose(r *rule) []*located {
	switch {
	case r.Per == rulebook.Session:
		return dst.both[1:]
	case r.Per == rulebook.Household:
		return dst.house[:]
	case r.Kind == rulebook.Suppress && r.Per == "":
		return dst.both[:]
	}
	return dst.both[:1]
}

func (c *Candidates) suppress(dst *Allowed, r *rule, l *located, since int64) (removed int) {
	for _, k := range l.of(r) {
		e, i := &l.entries[k], l.at[k]
		if e.At > since && i != Nowhere && slices.Contains(r.outcomes, e.Type) && dst.target.Has(int(i)) {
			removed += remove(dst, int(i))
		}
	}
	return removed
}

// limit removes what was shown as often as a cap says.
func (c *Candidates) limit(dst *Allowed, r *rule, l *located, since int64) (removed int) {
	dst.shown = zeros(dst.shown, c.Len())
	count, entries := uint32(r.Count), l.of(r)
	for _, k := range entries {
		e, i := &l.entries[k], int(l.at[k])
		if i == Nowhere || e.At <= since || !dst.target.Has(i) {
			continue
		}
		if dst.shown[i] += uint32(e.Times); dst.shown[i] >= count {
			removed += remove(dst, i)
		}
	}
	for _, k := range entries {
		if i := l.at[k]; i != Nowhere {
			dst.shown[i] = 0
		}
	}
	return removed
}

// capSame removes all of what is counted together and was shown often enough, or
// has one of the outcomes that the rule is about.
func (c *Candidates) capSame(dst *Allowed, r *rule, l *located, since int64, g *grouping) (removed int) {
	if g == nil {
		return 0
	}
	dst.tally, dst.groups = zeros(dst.tally, g.n), dst.groups[:0]
	for _, k := range l.of(r) {
		e, in := &l.entries[k], g.at(l.places[k])
		if r.Of == rulebook.OfOffer {
			in = dst.offerAt(g, l.at[k], l.places[k])
		}
		if in == 0 || e.At <= since || !c.counts(r, e, in) {
			continue
		}
		if dst.tally[in] == 0 {
			dst.groups = append(dst.groups, in)
		}
		dst.tally[in] += uint32(e.Times)
	}
	full := dst.groups[:0]
	for _, in := range dst.groups {
		if dst.tally[in] >= max(uint32(r.Count), 1) {
			full = append(full, in)
		} else if r.shares() {
			o := &dst.owns[r.own]
			o.seen = append(o.seen, seen{in, dst.tally[in]})
		}
		dst.tally[in] = 0
	}
	if len(full) == 0 {
		return 0
	}
	clear(dst.met)
	c.in(g, full, dst.target, dst.met)
	if r.Of == rulebook.OfOffer {
		dst.onOffers(full)
	}
	return removeAll(dst.Bits, dst.met)
}

// counts tells whether an entry counts for a rule: an offer's showings are those in
// this slot since it began.
func (c *Candidates) counts(r *rule, e *attribution.Entry, in uint32) bool {
	switch {
	case r.Kind == rulebook.Suppress:
		return slices.Contains(r.outcomes, e.Type)
	case e.Type != attribution.Shown:
		return false
	case r.Of == rulebook.OfOffer:
		return e.Slot == c.View.book.key && e.At >= c.View.offerBegan(int(in)-1)
	}
	return true
}
