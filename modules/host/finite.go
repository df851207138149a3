package host

import (
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
)

// unanswer takes away all answers of an earlier frame.
func unanswer(f *abi.Frame) {
	for h := range f.Shape().Heads {
		fill(f.Mean(h))
		fill(f.Variance(h))
	}
}

func fill(values []float64) {
	nan := math.NaN()
	for i := range values {
		values[i] = nan
	}
}

// finite tells whether all answers are: x-x is 0 unless x is NaN or infinite.
func finite(f *abi.Frame) bool {
	for h := range f.Shape().Heads {
		if !allFinite(f.Mean(h)) || !allFinite(f.Variance(h)) {
			return false
		}
	}
	return true
}

func allFinite(values []float64) bool {
	var a, b, c, d float64
	for ; len(values) >= 4; values = values[4:] {
		a += values[0] - values[0]
		b += values[1] - values[1]
		c += values[2] - values[2]
		d += values[3] - values[3]
	}
	for _, v := range values {
		a += v - v
	}
	return a+b+c+d == 0
}
