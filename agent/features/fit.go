package features

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/together"
)

// fit is how well items go with a basket, worked out once a request from those
// that go with each of its own.
type fit struct {
	known int // items of the basket that anything is known of
	items index
	sums  []float64 // by what items gives; [0]: goes with nothing
}

// weigh adds up what goes with a basket.
func (f *fit) weigh(pairs *together.Pairs, v *rules.View, basket []int32) {
	f.known, f.sums = 0, append(f.sums[:0], 0)
	f.items.clear(len(basket) * together.MaxNear)
	for k, place := range basket {
		if place == rules.Nowhere || slices.Contains(basket[:k], place) {
			continue
		}
		near, scores, known := pairs.Near(v.Hash[place])
		if known {
			f.known++
		}
		for i, item := range near {
			at := f.items.find(item)
			if at == 0 {
				at = uint16(len(f.sums))
				f.items.add(item, at)
				f.sums = append(f.sums, 0)
			}
			f.sums[at] += float64(scores[i])
		}
	}
}

// fill fills the mean, over the items of the basket, of how well candidates go
// with each.
func (f *fit) fill(l *live, c *rules.Candidates) {
	l.table = l.table[:0]
	for _, sum := range f.sums {
		l.table = append(l.table, l.number(sum/float64(f.known)))
	}
	hashes, table, numbers := c.View.Hash, l.table, l.numbers[:len(c.Places)]
	for i, place := range c.Places {
		if place == rules.Nowhere {
			numbers[i] = table[f.items.find(xxhash.Sum64String(c.IDs[i]))]
		} else {
			numbers[i] = table[f.items.find(hashes[place])]
		}
	}
}
