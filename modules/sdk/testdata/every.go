// Command model uses every column, two heads and variances.
package main

import "github.com/aisle-edge/aisle/modules/guest"

func init() {
	guest.Register(guest.Scorer{
		Shape: guest.Shape{ContextDense: 2, ContextCategorical: 2, Dense: 3, Categorical: 2, Heads: 2, Variance: true},
		Row:   score,
		// block {
		Block: fast,
		// block }
	})
}

func score(r *guest.Row) {
	h := float64(r.Head())
	r.Add(guest.Bias, 1+h)
	r.Add(0, r.Or(0, 0.25)*2)
	r.Add(1, r.Or(1, -1))
	r.Add(2, float64(r.ID(2)%8)*0.5)
	r.Add(3, float64(r.ID(3)%4))
	r.Add(4, (h+1)*r.Or(4, 0.5))
	r.Add(5, 0.125*r.Or(5, 0))
	r.Add(6, r.Or(6, 1)*r.Or(0, 0.25))
	r.Add(7, float64(r.ID(7)%16)*0.25)
	if r.ID(8) == 0 {
		r.Add(8, -3)
	}
	r.SetVariance(0.5 + h + r.Or(4, 0.5)*r.Or(4, 0.5))
}

// block {
func or(x float32, other float64) float64 {
	if x == x {
		return float64(x)
	}
	return other
}

func fast(b *guest.Block) {
	for head := range 2 {
		h := float64(head)
		mean, variance := b.Mean(head), b.Variance(head)
		for i := range mean {
			m := 1 + h
			m += or(b.Dense(0)[i], 0.25) * 2
			m += or(b.Dense(1)[i], -1)
			m += float64(b.ID(2)[i]%8) * 0.5
			m += float64(b.ID(3)[i] % 4)
			m += (h + 1) * or(b.Dense(4)[i], 0.5)
			m += 0.125 * or(b.Dense(5)[i], 0)
			m += or(b.Dense(6)[i], 1) * or(b.Dense(0)[i], 0.25)
			m += float64(b.ID(7)[i]%16) * 0.25
			if b.ID(8)[i] == 0 {
				m -= 3
			}
			mean[i] = m
			variance[i] = 0.5 + h + or(b.Dense(4)[i], 0.5)*or(b.Dense(4)[i], 0.5)
		}
	}
}

// block }

func main() {}
