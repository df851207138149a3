package guest

import "github.com/aisle-edge/aisle/modules/abi"

// Row is one candidate, and what is being said of one of its heads.
type Row struct {
	columns
	lane           uint // in the block
	head           int
	mean, variance float64
	terms          []float64 // nil while nobody asks why
}

// Head is the head that is asked for: 0 where there is only one.
func (r *Row) Head() int { return r.head }

// Dense is the value of a dense column, NaN if it is missing.
func (r *Row) Dense(column int) float32 { return r.dense[column][r.lane%abi.BlockRows] }

// Or is the value of a dense column, or other if it is missing.
func (r *Row) Or(column int, other float64) float64 {
	if x := r.Dense(column); x == x {
		return float64(x)
	}
	return other
}

// ID is the value of a categorical column, 0 if it is missing.
func (r *Row) ID(column int) uint32 { return r.ids[column][r.lane%abi.BlockRows] }

// Add adds to the mean, on account of a column or of Bias.
func (r *Row) Add(column int, v float64) {
	r.mean += v
	if r.terms != nil {
		r.credit(column, v)
	}
}

// credit is apart from Add because the compiler takes a branch to a call for the
// less likely one, and its code for WebAssembly is slow on jumps.
//
//go:noinline
func (r *Row) credit(column int, v float64) { r.terms[1+column] += v }

// SetVariance says how uncertain the mean is.
func (r *Row) SetVariance(v float64) { r.variance = v }

// score asks the author.
func (r *Row) score(head, lane int) {
	r.head, r.lane, r.mean, r.variance = head, uint(lane), 0, 0
	scorer.Row(r)
}
