package explore

import (
	"errors"
	"math"

	"github.com/aisle-edge/aisle/modules/elementary"
)

// Contenders is how many of the best feasible candidates a policy weighs.
const Contenders = 16

var (
	// ErrPolicy: a policy, a floor or a recorded choice that gives no distribution,
	// or a policy that needs variances where there are none.
	ErrPolicy = errors.New("explore: policy out of range")
	// ErrMean: a contender's mean is NaN or +Inf, its variance is no finite number
	// from 0 on, or all means are -Inf.
	ErrMean = errors.New("explore: mean or variance is not finite")
)

// Kind names how the contenders share what exploration leaves; it is recorded
// as it is.
type Kind string

const (
	EpsilonGreedy Kind = "epsilon_greedy" // the best; equals share
	Softmax       Kind = "softmax"        // in proportion to exp(mean / Temperature)
	SquareCB      Kind = "squarecb"       // 1 / (K + Gamma·gap), the best takes the rest
	Thompson      Kind = "thompson"       // by the chance to be the best, means being uncertain by their variances
	LinUCB        Kind = "linucb"         // the best upper bound, mean + Alpha·√variance; equals share
	Uniform       Kind = "uniform"        // all feasible alike
	Fixed         Kind = "fixed"          // the best with probability 1, no floors
)

// optimism is how many standard deviations above its mean a candidate is ranked at
// for Thompson, which weighs the contenders only: who has the greatest chances to
// be the best is well known and good, or may be good because little is known.
const optimism = 2

// Policy is a kind with its numbers; which of them count is said there.
type Policy struct {
	Kind        Kind
	Epsilon     float64 // share drawn uniformly over the feasible, in (0, 1]
	Temperature float64 // in units of the mean, above 0
	Gamma       float64 // per unit of the mean, above 0
	Alpha       float64 // standard deviations, above 0
}

// Varies tells whether policies of the kind need a variance for each mean.
func (k Kind) Varies() bool { return k == Thompson || k == LinUCB }

func (p Policy) valid() bool {
	positive := func(x float64) bool { return x > 0 && x <= math.MaxFloat64 }
	explores := p.Epsilon > 0 && p.Epsilon <= 1
	switch p.Kind {
	case Uniform, Fixed:
		return true
	case EpsilonGreedy, Thompson:
		return explores
	case Softmax:
		return explores && positive(p.Temperature)
	case SquareCB:
		return explores && positive(p.Gamma)
	case LinUCB:
		return explores && positive(p.Alpha)
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

// Rank is what candidates are ranked by: the mean, or an upper bound of it. It is
// NaN where a variance is below 0.
func (p Policy) Rank(mean, variance float64) float64 {
	switch p.Kind {
	case Thompson:
		return mean + float64(optimism*math.Sqrt(variance))
	case LinUCB:
		return mean + float64(p.Alpha*math.Sqrt(variance))
	}
	return mean
}

// field are the contenders of a position, best first.
type field struct {
	ranks     []float64
	means     []float64
	variances []float64 // empty where the policy needs none
}

// weigh writes π of the contenders into pi.
func (p Policy) weigh(f field, pi []float64) error {
	best := f.ranks[0]
	for _, r := range f.ranks {
		if !(r <= best) || math.IsInf(best, 0) {
			return ErrMean
		}
	}
	switch p.Kind {
	case Softmax:
		p.softmax(f.means, pi)
	case SquareCB:
		p.squareCB(f.means, pi)
	case Thompson:
		thompson(f.means, f.variances, pi)
	case EpsilonGreedy, LinUCB:
		greedy(f.ranks, pi)
	default:
		clear(pi)
		pi[0] = 1
	}
	return nil
}

func greedy(ranks, pi []float64) {
	n := 1
	for n < len(ranks) && ranks[n] == ranks[0] {
		n++
	}
	clear(pi)
	for i := range n {
		pi[i] = 1 / float64(n)
	}
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
