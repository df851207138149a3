package ranking

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// fair lets it be counted what the groups that the rulebook declares got of the
// decision that was just recorded. Which groups a customer is in is in no record.
func (s *scratch) fair() {
	groups := s.active.Rulebook.Fairness
	if s.d.opt.Fairness == nil || len(groups) == 0 {
		return
	}
	seen := &s.seen
	seen.Book, seen.Record, seen.At = s.active.Rulebook, &s.record.decision, s.record.AtMs
	seen.In, seen.Rest, seen.Share = 0, 0, slices.Grow(seen.Share[:0], len(groups))[:len(groups)]
	allowed := s.allowed.Bits.Count()
	if s.none {
		allowed--
	}
	for k := range groups {
		seen.Share[k] = 0
		if groups[k].OfItems() {
			seen.Share[k] = float64(s.of.Group(&s.allowed, k)) / float64(max(1, allowed))
			continue
		}
		switch s.of.Customer(&s.allowed, k) {
		case condition.True:
			seen.In |= 1 << k
		case condition.False:
			seen.Rest |= 1 << k
		}
	}
	s.seePositions()
	s.d.opt.Fairness.Count(seen)
}

func (s *scratch) seePositions() {
	seen := &s.seen
	seen.Positions = seen.Positions[:0]
	for i, p := range s.slate.Positions {
		one := fairness.Position{Placed: p.Pinned || s.prefix.Promoted(i)}
		if p.Candidate < s.of.Len() {
			one.Common = s.of.Common(p.Candidate)
			for k := range seen.Book.Fairness {
				if seen.Book.Fairness[k].OfItems() && s.of.InGroup(p.Candidate, k) {
					one.Groups |= 1 << k
				}
			}
		}
		seen.Positions = append(seen.Positions, one)
	}
}
