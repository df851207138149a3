package experiment

import (
	"cmp"
	"math"
)

// Interval is where a mean lies, in units of reward.
type Interval struct{ Low, High float64 }

// prudence is how many rewards a whole Range away from the mean the variance
// is estimated with, beside those seen. A variance estimated from few rare
// rewards is too small just when the mean is too low; with four, simulated
// rewards as rare as one in a hundred keep the promise from the first look on,
// at the price of a few percent of width after a thousand rewards.
const prudence = 4

// Sequence makes asymptotic confidence sequences: with probability 1-Alpha the
// true mean lies in all intervals that are ever made of one stream, so they may
// be watched.
//
// Method: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central
// limit theory and asymptotic confidence sequences", Annals of Statistics 2024,
// Theorem 2.2 (Robbins' normal mixture), with the variance of prudence.
type Sequence struct {
	Range    float64 // how far apart two rewards can be, by declaration
	Alpha    float64 // allowed share of streams that ever leave it; default 0.05
	Tightest float64 // count of rewards at which it is narrowest; default 1000
}

// Interval is the interval of a stream as it stands; of an empty one it is
// infinite.
func (s Sequence) Interval(m Moments) Interval {
	if m.N == 0 {
		return Interval{math.Inf(-1), math.Inf(1)}
	}
	alpha, tightest := cmp.Or(s.Alpha, 0.05), cmp.Or(s.Tightest, 1000)
	n := float64(m.N)
	l := -2 * math.Log(alpha)
	rho2 := (l + math.Log(l+1)) / tightest
	k := n*rho2 + 1
	variance := (m.M2 + prudence*s.Range*s.Range) / n
	half := math.Sqrt(variance * 2 * k / (n * n * rho2) * math.Log(math.Sqrt(k)/alpha))
	return Interval{m.Mean - half, m.Mean + half}
}

// Bounded is an exact confidence sequence of a stream of rewards within known
// bounds. Make it with NewBounded.
//
// Method: Waudby-Smith, Ramdas, "Estimating means of bounded random variables
// by betting", JRSS B 2024, Theorem 2 (predictable plug-in empirical Bernstein).
type Bounded struct {
	low, high, alpha float64

	n          float64
	mean       float64 // of the rewards scaled to [0, 1], with one half before the first
	squares    float64 // squared distances from the mean after each, with 1/4 before the first
	lambdas    float64
	weighted   float64 // sum of lambda times reward
	deviations float64 // sum of 4 (reward - mean before it)² ψ(lambda)
}

// NewBounded starts a stream of rewards in [low, high]; alpha as in Sequence.
func NewBounded(low, high, alpha float64) Bounded {
	return Bounded{low: low, high: high, alpha: alpha, mean: 0.5, squares: 0.25}
}

// Add takes one reward in; one outside the bounds counts as the bound.
func (b *Bounded) Add(reward float64) {
	x := (min(max(reward, b.low), b.high) - b.low) / (b.high - b.low)
	b.n++
	variance := b.squares / b.n
	lambda := min(math.Sqrt(2*math.Log(2/b.alpha)/(variance*b.n*math.Log(1+b.n))), 0.5)
	psi := (-math.Log1p(-lambda) - lambda) / 4
	b.lambdas += lambda
	b.weighted += lambda * x
	b.deviations += 4 * (x - b.mean) * (x - b.mean) * psi
	b.mean += (x - b.mean) / (b.n + 1)
	b.squares += (x - b.mean) * (x - b.mean)
}

// Interval is the interval of the stream as it stands, within the bounds.
func (b *Bounded) Interval() Interval {
	if b.n == 0 {
		return Interval{b.low, b.high}
	}
	middle := b.weighted / b.lambdas
	half := (math.Log(2/b.alpha) + b.deviations) / b.lambdas
	width := b.high - b.low
	return Interval{b.low + width*max(middle-half, 0), b.low + width*min(middle+half, 1)}
}
