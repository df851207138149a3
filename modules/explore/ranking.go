package explore

import (
	"math"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// ranking holds candidates best first, ties by the lower place.
type ranking struct {
	candidates []int
	means      []float64
	all        bool // nothing of the set was left out
}

func (r *ranking) reset() { r.candidates, r.means, r.all = r.candidates[:0], r.means[:0], true }

// scan keeps the m best of set.
func (r *ranking) scan(means []float64, set bitmap.Bits, m int) {
	least := r.least(means, set, m)
	r.reset()
	r.all = set.Count() <= m
	for i, x := range means {
		if x < least || !set.Has(i) || len(r.means) == m && x <= least {
			continue
		}
		if r.insert(i, x, m); len(r.means) == m {
			least = r.means[m-1]
		}
	}
}

// least is a mean that m of set have or exceed, so that none below it is among
// the best: the last scan's best are mostly good again. Without m of those left it
// is -Inf, which rules out nothing.
func (r *ranking) least(means []float64, set bitmap.Bits, m int) float64 {
	found, least := 0, math.Inf(1)
	for _, i := range r.candidates {
		if i < len(means) && set.Has(i) {
			found, least = found+1, min(least, means[i])
		}
	}
	if found < m || least != least {
		return math.Inf(-1)
	}
	return least
}

// offer takes one in if it is among the m best.
func (r *ranking) offer(i int, x float64, m int) {
	if len(r.means) < m || !(x <= r.means[m-1]) {
		r.insert(i, x, m)
	}
}

func (r *ranking) insert(i int, x float64, m int) {
	if x != x { // goes first, where it is refused
		x = math.Inf(1)
	}
	if len(r.means) < m {
		r.candidates, r.means = append(r.candidates, i), append(r.means, x)
	}
	k := len(r.means) - 1
	for k > 0 && r.means[k-1] < x {
		k--
	}
	copy(r.candidates[k+1:], r.candidates[k:])
	copy(r.means[k+1:], r.means[k:])
	r.candidates[k], r.means[k] = i, x
}

// filter keeps the first m of from that are in set. It is false when from is
// too short to tell them all.
func (r *ranking) filter(from *ranking, set bitmap.Bits, m int) bool {
	r.reset()
	for k, i := range from.candidates {
		if set.Has(i) {
			r.candidates, r.means = append(r.candidates, i), append(r.means, from.means[k])
			if len(r.means) == m {
				return true
			}
		}
	}
	return from.all
}
