package together

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
)

// Count makes pairs of baskets, each a list of items by the xxhash64 of their ids;
// an item twice in one counts once. Of each item the top (at most MaxNear) others
// are kept that were with it in at least least baskets, by cosine: baskets with
// both, by the root of the product of baskets with each. Of a basket the first 256
// items count.
func Count(baskets iter.Seq[[]uint64], top, least int) *Pairs {
	alone, both := map[uint64]int{}, map[[2]uint64]int{}
	for basket := range baskets {
		basket = slices.Compact(slices.Sorted(slices.Values(basket[:min(len(basket), 256)])))
		for i, a := range basket {
			alone[a]++
			for _, b := range basket[i+1:] {
				both[[2]uint64{a, b}]++
			}
		}
	}
	type one struct {
		item  uint64
		score float32
	}
	near := map[uint64][]one{}
	for pair, n := range both {
		if n < max(least, 1) {
			continue
		}
		score := float32(float64(n) / math.Sqrt(float64(alone[pair[0]])*float64(alone[pair[1]])))
		near[pair[0]] = append(near[pair[0]], one{pair[1], score})
		near[pair[1]] = append(near[pair[1]], one{pair[0], score})
	}
	p := &Pairs{items: slices.Sorted(maps.Keys(near)), first: []uint32{0}}
	p.items = p.items[:min(len(p.items), maxItems)]
	for _, item := range p.items {
		all := near[item]
		slices.SortFunc(all, func(a, b one) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.item, b.item)) })
		for _, o := range all[:min(len(all), top, MaxNear)] {
			p.near, p.scores = append(p.near, o.item), append(p.scores, o.score)
		}
		p.first = append(p.first, uint32(len(p.near)))
	}
	return p
}
