package training

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/embedding"
)

// Dims is how many numbers an item's vector has.
const Dims = 16

const (
	maxGroup  = 64      // items of a group that count
	maxPairs  = 4 << 20 // of a group and two of its items that count; the newest ones
	leastTold = 5       // groups with something else an item must be in to have a vector
)

// Embed places items by what is bought with them: of groups that were bought
// together, such as baskets, each a list of the hashes of its items, the later the
// newer. Items that are in enough groups have vectors, the most frequent first.
//
// Similar are two items by the cosine of the groups they are in, as far as these hold
// pairs,
//
//	n(a,b) / √(n(a)·n(b))
//
// with n counting pairs of a group (item-based collaborative filtering: Sarwar,
// Karypis, Konstan and Riedl, 2001). The vectors are U·√Σ of the truncated singular
// value decomposition of all similarities, whose diagonal is 0 (Levy, Goldberg and
// Dagan, "Improving distributional similarity", 2015, section 3.3, where the root was
// best, too). A direction whose eigenvalue is below zero tells only what is not
// bought together; it is left out. Positive mutual information in the place of the
// cosine did no better on The Complete Journey, and worse where pairs are few.
func Embed(groups [][]uint64) *embedding.Table {
	items := frequent(groups)
	place := make(map[uint64]uint32, len(items))
	for i, item := range items {
		place[item] = uint32(i)
	}
	weights := cosines(pairs(groups, place), len(items))
	values, vectors := weights.eigen(Dims)
	k := len(values)
	numbers, all, row := make([]int8, Dims*len(items)), make([]float64, Dims), make([]int8, Dims)
	for i := range items {
		clear(all)
		for c, value := range values {
			all[c] = vectors[i*k+c] * math.Sqrt(max(value, 0))
		}
		embedding.Quantize(row, all)
		copy(numbers[i*Dims:], row)
	}
	t, err := embedding.New(Dims, items, numbers)
	if err != nil {
		panic(err) // items are ascending and few, and vectors quantized
	}
	return t
}

// frequent are the items that are in enough groups beside others, ascending.
func frequent(groups [][]uint64) []uint64 {
	in := make(map[uint64]int)
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		g = g[:min(len(g), maxGroup)]
		for i, item := range g {
			if !slices.Contains(g[:i], item) {
				in[item]++
			}
		}
	}
	maps.DeleteFunc(in, func(_ uint64, n int) bool { return n < leastTold })
	items := slices.SortedFunc(maps.Keys(in), func(a, b uint64) int {
		return cmp.Or(cmp.Compare(in[b], in[a]), cmp.Compare(a, b))
	})
	items = items[:min(len(items), embedding.MaxItems)]
	slices.Sort(items)
	return items
}

// pairs are two items of a group each, the lower in the upper half, one entry a
// group, in order.
func pairs(groups [][]uint64, place map[uint64]uint32) (all []uint64) {
	var known []uint32
	for _, b := range slices.Backward(groups) {
		known = known[:0]
		for _, item := range b[:min(len(b), maxGroup)] {
			if i, ok := place[item]; ok {
				known = append(known, i)
			}
		}
		slices.Sort(known)
		known = slices.Compact(known)
		if len(all)+len(known)*len(known)/2 > maxPairs {
			break
		}
		for i, a := range known {
			for _, b := range known[i+1:] {
				all = append(all, uint64(a)<<32|uint64(b))
			}
		}
	}
	slices.Sort(all)
	return all
}

// cosines are the similarities of n items by their pairs.
func cosines(all []uint64, n int) *sparse {
	times := make([]float64, n) // pairs that an item is in
	for _, p := range all {
		times[p>>32]++
		times[uint32(p)]++
	}
	m := &sparse{n: n, from: make([]int, n+2)}
	distinct := func(yield func(a, b uint32, count float64)) {
		for i := 0; i < len(all); {
			same := i
			for same < len(all) && all[same] == all[i] {
				same++
			}
			yield(uint32(all[i]>>32), uint32(all[i]), float64(same-i))
			i = same
		}
	}
	distinct(func(a, b uint32, _ float64) {
		m.from[a+2]++
		m.from[b+2]++
	})
	for i := range n {
		m.from[i+2] += m.from[i+1]
	}
	m.columns, m.values = make([]uint32, m.from[n+1]), make([]float32, m.from[n+1])
	set := func(a, b uint32, weight float64) { // from[a+1] is where a's row goes on
		at := &m.from[a+1]
		m.columns[*at], m.values[*at] = b, float32(weight)
		*at++
	}
	distinct(func(a, b uint32, count float64) {
		weight := count / math.Sqrt(times[a]*times[b])
		set(a, b, weight)
		set(b, a, weight)
	})
	m.from = m.from[:n+1]
	return m
}
