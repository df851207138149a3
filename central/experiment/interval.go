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
