// Package assign puts units (an event, a session, a person) into the arms of an
// experiment by hash alone: a unit is in the same arm on every node and at every
// time, with nothing to store.
//
// It is GrowthBook's hash, bucket ranges and choice of variation
// (https://docs.growthbook.io/lib/build-your-own), with hash version 2, so an
// experiment is split here as it would be there. The hash has 10,000 buckets: a
// share is exact when it is a multiple of 1/10000.
package assign

// Arm returns which of the shares, that sum to 1, unit falls in. Experiments
// with the same seed split units alike. Up to 16 shares it does not allocate.
func Arm(seed, unit string, shares []float64) int {
	var room [16]span
	n, _ := hash(seed, unit, 2)
	i := choose(n, ranges(room[:0], len(shares), 1, shares))
	if i < 0 { // rounding left the last bucket free
		i = len(shares) - 1
	}
	return i
}
