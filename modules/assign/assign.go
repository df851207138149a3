// Package assign puts units (an event, a session, a person) into the arms of an
// experiment by hash alone: a unit is in the same arm on every node and at every
// time, with nothing to store.
//
// It is GrowthBook's hash, bucket ranges and choice of variation
// (https://docs.growthbook.io/lib/build-your-own), with hash version 2, so an
// experiment is split here as it would be there. The hash has 10,000 buckets: a
// share is exact when it is a multiple of 1/10000.
package assign

// Arm is one way of an experiment and the share of units in it.
type Arm struct {
	ID    string
	Share float64
}

// Experiment splits units over arms, whose shares sum to 1.
type Experiment struct {
	Seed string // experiments with the same seed split units alike
	Arms []Arm  // at least one
}

// Arm returns the arm that unit is in. Up to 16 arms it does not allocate.
func (e *Experiment) Arm(unit string) Arm {
	var shares [16]float64
	var spans [16]span
	weights := shares[:0]
	for _, a := range e.Arms {
		weights = append(weights, a.Share)
	}
	n, _ := hash(e.Seed, unit, 2)
	i := choose(n, ranges(spans[:0], len(e.Arms), 1, weights))
	if i < 0 { // rounding left the last bucket free
		i = len(e.Arms) - 1
	}
	return e.Arms[i]
}
