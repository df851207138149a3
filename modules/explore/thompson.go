package explore

import (
	"math"

	"github.com/aisle-edge/aisle/modules/elementary"
)

const (
	nodes = 32 // of the quadrature
	span  = 4  // standard deviations about the means that it covers
)

// thompson writes into pi the chance of each contender to have the greatest value,
// values being normal and independent (Thompson, 1933):
//
//	π(i) ∝ Σ over cells of (Fi(b) - Fi(a)) · Π over j≠i of (Fj(a) + Fj(b))/2
//
// with F their distribution functions at the ends a and b of a cell. What is known
// for certain has all its mass in one cell, just above its mean, so equals share.
// This sum, normalised, is the policy; no integral is meant behind it.
func thompson(means, variances, pi []float64) {
	var q quadrature
	q.lay(means, variances)
	clear(pi)
	total := 0.0
	for at := 0; at >= 0; at = q.next[at] {
		q.cell(at, pi)
	}
	for _, share := range pi {
		total += share
	}
	for i := range pi {
		pi[i] /= total
	}
}

// quadrature is a list of nodes, each with the distribution functions of all
// contenders there. Behind the last is the cell that ends at infinity.
type quadrature struct {
	k       int
	means   [Contenders]float64
	inverse [Contenders]float64 // of standard deviations
	x       [nodes]float64
	f       [nodes][Contenders]float64
	all     [nodes]float64 // their product: that of the greatest
	next    [nodes]int     // -1: none
}

// lay puts the first nodes about where the greatest may be, and each other one into
// the middle of the cell in which it is most often.
func (q *quadrature) lay(means, variances []float64) {
	q.k = copy(q.means[:], means)
	lo, hi := -math.MaxFloat64, -math.MaxFloat64
	for j, m := range means {
		deviation := math.Sqrt(variances[j])
		reach := float64(span * deviation)
		lo, hi = max(lo, m-reach), max(hi, min(m+reach, math.MaxFloat64))
		q.inverse[j] = 1 / deviation
	}
	q.place(0, lo)
	q.place(1, hi)
	q.next[0], q.next[1] = 1, -1
	for at := 2; at < nodes; at++ {
		from := q.widest()
		to := q.next[from]
		x := float64(q.x[from]/2) + float64(q.x[to]/2)
		if !(x > q.x[from] && x < q.x[to]) {
			return // nothing lies between
		}
		q.place(at, x)
		q.next[from], q.next[at] = at, to
	}
}

// place makes a node.
func (q *quadrature) place(at int, x float64) {
	f, all := &q.f[at], 1.0
	for j := range q.k {
		f[j] = elementary.Phi((x - q.means[j]) * q.inverse[j]) // 0·∞: just below its mass
		all *= f[j]
	}
	q.x[at], q.all[at] = x, float64(all)
}

// widest is the node at which the cell begins where the greatest most often is.
func (q *quadrature) widest() (from int) {
	most := -1.0
	for at := 0; q.next[at] >= 0; at = q.next[at] {
		if share := q.all[q.next[at]] - q.all[at]; share > most {
			from, most = at, share
		}
	}
	return from
}

// cell adds what the cell that begins at a node gives to each contender.
func (q *quadrature) cell(at int, pi []float64) {
	from, to := &q.f[at], &certain
	if next := q.next[at]; next >= 0 {
		to = &q.f[next]
	}
	var below [Contenders]float64
	product := 1.0 // of the middles of those before
	for j := range pi {
		below[j] = product
		product *= (from[j] + to[j]) / 2
	}
	product = 1.0 // of the middles of those behind
	for j := len(pi) - 1; j >= 0; j-- {
		pi[j] += float64((to[j] - from[j]) * float64(below[j]*product))
		product *= (from[j] + to[j]) / 2
	}
}

// certain are the distribution functions at infinity; it never changes.
var certain = [Contenders]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
