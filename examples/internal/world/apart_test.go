package world

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// TestArmsComeApart lives through the first minutes with a plain stand-in for
// the product, built apart from it: two shops, the release's features, rules,
// arms and wait, a learner, a first model after forty seconds and a new one
// every ten. At half the traffic that the shops have, the learned arm must win
// as clearly as the product is expected to at all of it.
func TestArmsComeApart(t *testing.T) {
	s := newStandIn(t, 1)
	s.live(2*time.Minute, 2)
	s.report(t)
	if low, high := s.interval("learned").Low, s.interval("random").High; low <= high {
		t.Errorf("after two minutes learned may be %.3f and random %.3f", low, high)
	}
	s.live(10*time.Minute, 2)
	s.report(t)
	if low, high := s.interval("learned").Low, s.interval("fixed").High; low <= high {
		t.Errorf("after ten minutes learned may be %.3f and the best fixed %.3f", low, high)
	}
}

// TestFeaturesAreEnough compares what the stand-in learned with the best that
// anyone could do who knows all but the hidden: which segment a person really
// belongs to, and their own opinions.
func TestFeaturesAreEnough(t *testing.T) {
	s := newStandIn(t, 2)
	s.live(5*time.Minute, 1)
	best, learned, random := 0.0, 0.0, 0.0
	n := 0
	for v := range s.w.Visits(Sites()[0]) {
		if v.At < 5*time.Minute {
			continue
		}
		if n++; n > 500 {
			break
		}
		all := s.allowed(v)
		best += s.worth(v, top(all, s.visible(v)))
		learned += s.worth(v, top(all, s.scores(v)))
		random += s.worth(v, s.uniform(all)[:3])
	}
	t.Logf("a visit is worth %.3f at random, %.3f as learned, %.3f at best", random/500, learned/500, best/500)
	if learned < 0.9*best {
		t.Errorf("learned reaches %.2f of what these features can express", learned/best)
	}
}

// visible is what each item is worth to somebody who knows all but the hidden.
func (s *standIn) visible(v Visit) []float64 {
	known := v.Profile != "" && slices.Contains(v.Granted, wire.PersonalisedOffers)
	worth := make([]float64, len(s.items))
	for segment := range segments {
		for household := range households {
			p := 1.0
			if known {
				p = indicator(household == v.person.household) * (1.0/48 + 7.0/8*indicator(segment == v.person.declared))
			}
			for i, it := range s.items {
				worth[i] += p * sigma(s.w.truth.appeal(v, segment, household, it, s.w.place[it.ID]/perCategory))
			}
		}
	}
	return worth
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// worth is the true expected reward of what is shown.
func (s *standIn) worth(v Visit, shown []int) float64 {
	sum := 0.0
	for rank, i := range shown {
		it := s.items[i]
		sum += seen[rank] * s.w.truth.click(v, it, s.w.place[it.ID]/perCategory) * (0.1 + buys*(1-returns))
	}
	return sum
}

func top(all []int, worth []float64) []int {
	return slices.SortedFunc(slices.Values(all), func(a, b int) int { return cmp.Compare(worth[b], worth[a]) })[:3]
}
