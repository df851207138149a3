package ranking

import "github.com/aisle-edge/aisle/modules/explore"

// count is how many items are asked for.
func (s *scratch) count() int {
	if s.request.Count > 0 {
		return s.request.Count
	}
	return s.slot.Count
}

// prepare gets the draw of what is shown ready.
func (s *scratch) prepare() error {
	s.none = s.slot.None != nil && s.policy.Kind != explore.Fixed
	if s.none {
		s.addNone()
	}
	return s.prepareSlate(s.count())
}

// draw draws what was got ready, and enters it in the record.
func (s *scratch) draw() (err error) {
	if s.slate, err = s.drawer.Finish(); err != nil {
		return err
	}
	s.drawn = true
	s.fillDrawn()
	return nil
}

// addNone makes showing nothing the last candidate. It is worth nothing; where an
// order takes the place of worths it comes last.
func (s *scratch) addNone() {
	n := s.of.Len()
	worth := 0.0
	if !s.scored {
		worth = -float64(n)
	}
	s.means = append(s.means[:n], worth)
	if len(s.variance) > 0 {
		s.variance = append(s.variance[:n], 0)
	}
	if len(s.allowed.Bits) <= n/64 {
		s.allowed.Bits = append(s.allowed.Bits, 0)
	}
	s.allowed.Bits.Set(n)
}

func (s *scratch) prepareSlate(count int) error {
	if s.drawer == nil || s.salt != s.active.Rulebook.Salt {
		s.salt = s.active.Rulebook.Salt
		s.drawer = explore.New(s.salt[:])
	}
	s.problem = explore.Problem{
		Means: s.means, Variances: s.variance, Allowed: s.allowed.Bits, Policy: s.policy, Count: count,
		EventID: s.event, Attempt: s.number,
	}
	s.problem.Pins, s.masks = s.prefix.Begin(s.of, &s.allowed, count)
	if mixes := s.mixes(); mixes || s.masks {
		s.problem.Mask = s.mask
	}
	if s.varies(count) {
		s.problem.Adjust = s.adjust
	}
	if s.none {
		s.problem.None, s.problem.NoneFloor = true, s.slot.None.Floor
	}
	return s.drawer.Prepare(&s.problem)
}

// units is how many of each shown item are promised.
func (s *scratch) units() int64 {
	if h := s.slot.Hold; h != nil {
		return int64(h.Quantity)
	}
	return 1
}
