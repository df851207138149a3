package explore

import "github.com/aisle-edge/aisle/modules/elementary"

// Entropy is that of the distribution at a position, -Σ p·ln p over all that was
// feasible there, in nats; 0 of a pin.
func (s *Slate) Entropy(p Position) (h float64) {
	if p.Pinned {
		return 0
	}
	add := func(share float64, none bool, times int) {
		if q := probability(s.policy, share, p.Feasible, p.floor, none); q > 0 {
			h -= float64(float64(times) * float64(q*elementary.Log(q)))
		}
	}
	shares := s.shares[p.from:p.to]
	idle := p.Feasible - len(shares) // what π leaves out
	weighed := false
	for k, i := range s.weighed[p.from:p.to] {
		switch none := i == p.none; {
		case none || shares[k] > 0:
			weighed = weighed || none
			add(shares[k], none, 1)
		default:
			idle++
		}
	}
	if p.none >= 0 && !weighed {
		idle--
		add(0, true, 1)
	}
	add(0, false, idle)
	return max(h, 0)
}

// Evenness is the entropy as a share of the greatest one, ln N: 1 where all are
// alike or there is no choice, 0 where there is a choice and one is certain.
func (s *Slate) Evenness(p Position) float64 {
	if p.Feasible < 2 {
		return 1
	}
	return s.Entropy(p) / elementary.Log(float64(p.Feasible))
}
