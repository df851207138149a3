// Package experiment says what the arms of a running experiment have earned so
// far, with intervals that stay valid however often one looks and whenever one
// stops, and whether the arms got the traffic they were meant to get.
//
// Everything is a pure value: no clock, no state but the caller's, no error.
// Intervals are of rewards within known bounds; they hold in the limit by proof,
// and from the first reward on in simulation of the rewards that shops see.
// Rewards must be independent of each other given the arm; where the unit of
// assignment is a session or a person, add one reward a unit.
package experiment

// Moments are count, mean and variance of a stream of rewards. The zero value
// is an empty stream. Method: Welford, "Note on a method for calculating
// corrected sums of squares and products", 1962.
type Moments struct {
	N    int64   // rewards seen
	Mean float64 // of them
	M2   float64 // sum of squared distances from the mean
}

// Add takes one reward in.
func (m *Moments) Add(x float64) {
	m.N++
	d := x - m.Mean
	m.Mean += d / float64(m.N)
	m.M2 += d * (x - m.Mean)
}

// Variance is the mean squared distance from the mean; 0 for an empty stream.
func (m Moments) Variance() float64 {
	if m.N == 0 {
		return 0
	}
	return m.M2 / float64(m.N)
}
