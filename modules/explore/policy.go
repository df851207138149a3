package explore

import (
	"errors"
	"math"

	"github.com/aisle-edge/aisle/modules/elementary"
)

// Contenders is how many of the best feasible candidates a policy weighs.
const Contenders = 16

var (
	// ErrPolicy: a policy, a floor or a recorded choice that gives no distribution.
	ErrPolicy = errors.New("explore: policy out of range")
	// ErrMean: a contender's mean is NaN or +Inf, or all are -Inf.
	ErrMean = errors.New("explore: mean is not finite")
)

// Kind names how the contenders share what exploration leaves; it is recorded
// as it is.
type Kind string

const (
	EpsilonGreedy Kind = "epsilon_greedy" // the best
	Softmax       Kind = "softmax"        // in proportion to exp(mean / Temperature)
	SquareCB      Kind = "squarecb"       // 1 / (K + Gamma·gap), the best takes the rest
	Uniform       Kind = "uniform"        // all feasible alike
	Fixed         Kind = "fixed"          // the best with probability 1, no floors
)

// Policy is a kind with its numbers; which of them count is said there.
type Policy struct {
	Kind        Kind
	Epsilon     float64 // share drawn uniformly over the feasible, in (0, 1]
	Temperature float64 // in units of the mean, above 0
	Gamma       float64 // per unit of the mean, above 0
}

func (p Policy) valid() bool {
	positive := func(x float64) bool { return x > 0 && x <= math.MaxFloat64 }
	switch p.Kind {
	case Uniform, Fixed:
		return true
	case EpsilonGreedy:
		return p.Epsilon > 0 && p.Epsilon <= 1
	case Softmax:
		return p.Epsilon > 0 && p.Epsilon <= 1 && positive(p.Temperature)
	case SquareCB:
		return p.Epsilon > 0 && p.Epsilon <= 1 && positive(p.Gamma)
	}
	return false
}

func (p Policy) epsilon() float64 {
	switch p.Kind {
	case Uniform:
		return 1
	case Fixed:
		return 0
	}
	return p.Epsilon
}

// weigh writes π of the contenders, whose means are best first, into pi.
func (p Policy) weigh(means, pi []float64) error {
	best := means[0]
	for _, m := range means {
		if !(m <= best) || math.IsInf(best, 0) {
			return ErrMean
		}
	}
	switch p.Kind {
	case Softmax:
		p.softmax(means, pi)
	case SquareCB:
		p.squareCB(means, pi)
	default:
		clear(pi)
		pi[0] = 1
	}
	return nil
}

func (p Policy) softmax(means, pi []float64) {
	sum := 0.0
	for i, m := range means {
		pi[i] = elementary.Exp((m - means[0]) / p.Temperature)
		sum += pi[i]
	}
	for i := range pi {
		pi[i] /= sum
	}
}

func (p Policy) squareCB(means, pi []float64) {
	k, sum := float64(len(means)), 0.0
	for i, m := range means[1:] {
		pi[1+i] = 1 / (k + float64(p.Gamma*(means[0]-m)))
		sum += pi[1+i]
	}
	pi[0] = 1 - sum
}

// Choice is one position of a recorded slate, to recompute its probability from.
type Choice struct {
	Policy    Policy
	Means     []float64 // of the contenders there, best first
	Feasible  int       // N
	Place     int       // of the chosen among the contenders, -1: elsewhere
	IsNone    bool      // the chosen is none
	NoneFloor float64   // where none was feasible, else 0
}

// Probability is the conditional probability that was logged, bit for bit.
func (c Choice) Probability() (float64, error) {
	n := len(c.Means)
	if !c.Policy.valid() || !(c.NoneFloor >= 0 && c.NoneFloor < 1) || n != min(c.Feasible, Contenders) || c.Place >= n || n == 0 {
		return 0, ErrPolicy
	}
	var room [Contenders]float64
	pi := room[:n]
	if err := c.Policy.weigh(c.Means, pi); err != nil {
		return 0, err
	}
	share := 0.0
	if c.Place >= 0 {
		share = pi[c.Place]
	}
	return probability(c.Policy, share, c.Feasible, c.NoneFloor, c.IsNone), nil
}

// probability is p of the package comment for a candidate whose π is share.
func probability(p Policy, share float64, feasible int, floor float64, none bool) float64 {
	e := p.epsilon()
	q := e/float64(feasible) + float64((1-e)*share)
	switch {
	case p.Kind == Fixed:
		return q
	case none:
		return floor + float64((1-floor)*q)
	}
	return (1 - floor) * q
}
