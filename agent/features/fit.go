package features

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/together"
)

// fit is how well candidates go with a basket, worked out once a request from those
// that go with each of its items.
type fit struct {
	known int       // items of the basket that anything is known of
	sums  []float64 // by candidate; zero but for those found
	found []int32   // candidates that go with any
}

// weigh adds up what goes with a basket.
func (f *fit) weigh(pairs *together.Pairs, c *rules.Candidates, basket []int32) {
	for _, i := range f.found {
		f.sums[i] = 0
	}
	if len(f.sums) < c.Len() {
		f.sums = make([]float64, c.Len())
	}
	f.known, f.found = 0, f.found[:0]
	for k, place := range basket {
		if place == rules.Nowhere || slices.Contains(basket[:k], place) {
			continue
		}
		near, scores, known := pairs.Near(c.View.Hash[place])
		if known {
			f.known++
		}
		for i, item := range near {
			at := c.FindOf(item)
			if at == rules.Nowhere {
				continue
			}
			if f.sums[at] == 0 {
				f.found = append(f.found, at)
			}
			f.sums[at] += float64(scores[i])
		}
	}
}

// fill fills the mean, over the items of the basket, of how well candidates go
// with each.
func (f *fit) fill(l *live) {
	l.fillAll(l.number(0))
	for _, i := range f.found {
		l.numbers[i] = l.number(f.sums[i] / float64(f.known))
	}
}
