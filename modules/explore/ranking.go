package explore

import (
	"math"
	"math/bits"

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
	r.reset()
	worst := math.Inf(-1) // of those kept
	for w, word := range set {
		for ; word != 0; word &= word - 1 {
			i := 64*w + bits.TrailingZeros64(word)
			x := means[i]
			if len(r.means) == m {
				r.all = false
				if !(x > worst) {
					continue
				}
			}
			r.insert(i, x, m)
			worst = r.means[len(r.means)-1]
		}
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
	for ; k > 0 && r.means[k-1] < x; k-- {
		r.candidates[k], r.means[k] = r.candidates[k-1], r.means[k-1]
	}
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
