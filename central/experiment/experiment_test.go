package experiment

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMomentsAgreeWithTwoPasses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var m Moments
	xs := make([]float64, 10_000)
	sum := 0.0
	for i := range xs {
		xs[i] = 1e6 + rng.NormFloat64() // far from zero, where naive sums fail
		sum += xs[i]
		m.Add(xs[i])
	}
	mean, squares := sum/float64(len(xs)), 0.0
	for _, x := range xs {
		squares += (x - mean) * (x - mean)
	}
	if math.Abs(m.Mean-mean) > 1e-6 || math.Abs(m.Variance()-squares/float64(len(xs))) > 1e-6 {
		t.Errorf("mean %v and variance %v, want %v and %v", m.Mean, m.Variance(), mean, squares/float64(len(xs)))
	}
	if (Moments{}).Variance() != 0 {
		t.Error("an empty stream varies")
	}
}

// rewards are the shapes that shops produce: rare, frequent, skewed, with returns.
var rewards = map[string]struct {
	draw      func(*rand.Rand) float64
	mean      float64
	low, high float64
}{
	"one in 20":  {func(r *rand.Rand) float64 { return indicator(r.Float64() < 0.05) }, 0.05, 0, 1},
	"a half":     {func(r *rand.Rand) float64 { return indicator(r.Float64() < 0.5) }, 0.5, 0, 1},
	"one in 100": {func(r *rand.Rand) float64 { return indicator(r.Float64() < 0.01) }, 0.01, 0, 1},
	"click or purchase": {func(r *rand.Rand) float64 {
		switch u := r.Float64(); {
		case u < 0.02:
			return 1.1
		case u < 0.15:
			return 0.1
		}
		return 0
	}, 0.02*1.1 + 0.13*0.1, 0, 2},
	"with returns": {func(r *rand.Rand) float64 {
		switch u := r.Float64(); {
		case u < 0.02:
			return -1
		case u < 0.12:
			return 1
		}
		return 0
	}, 0.08, -1, 1},
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// TestIntervalsHoldAtAnyTime looks after every reward, as a person at a console
// does, and counts streams in which the truth was ever outside.
func TestIntervalsHoldAtAnyTime(t *testing.T) {
	const streams, length, alpha = 1000, 4000, 0.05
	for name, world := range rewards {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(name))))
			left, leftNaive := 0, 0
			for range streams {
				var m Moments
				var out, outNaive bool
				for range length {
					x := world.draw(rng)
					m.Add(x)
					out = out || outside(Sequence{Range: world.high - world.low, Alpha: alpha}.Interval(m), world.mean)
					half := 1.96 * math.Sqrt(m.Variance()/float64(m.N))
					outNaive = outNaive || m.N >= 100 && outside(Interval{m.Mean - half, m.Mean + half}, world.mean)
				}
				left += int(indicator(out))
				leftNaive += int(indicator(outNaive))
			}
			t.Logf("of %d streams %d ever left their interval, %d the ordinary 95 %% interval", streams, left, leftNaive)
			allowed := int(alpha * streams)
			if left > allowed {
				t.Errorf("%d of %d streams left their interval, %d may", left, streams, allowed)
			}
			if leftNaive <= allowed {
				t.Errorf("the ordinary interval passes too (%d): this test proves nothing", leftNaive)
			}
		})
	}
}

func outside(i Interval, x float64) bool { return x < i.Low || x > i.High }

func TestIntervalsNarrow(t *testing.T) {
	world := rewards["click or purchase"]
	rng := rand.New(rand.NewPCG(3, 3))
	var m Moments
	for range 50_000 {
		m.Add(world.draw(rng))
	}
	ordinary := 2 * 1.96 * math.Sqrt(m.Variance()/float64(m.N))
	i := Sequence{Range: 2}.Interval(m)
	if w := i.High - i.Low; w > 2.5*ordinary {
		t.Errorf("width %v, more than 2.5 times the ordinary %v", w, ordinary)
	}
}

func TestFewRewardsSayLittle(t *testing.T) {
	s := Sequence{Range: 2}
	if i := s.Interval(Moments{}); !math.IsInf(i.Low, -1) || !math.IsInf(i.High, 1) {
		t.Errorf("%v of nothing", i)
	}
	// A hundred equal rewards don't make a certainty.
	if i := s.Interval(Moments{N: 100}); i.High < 0.05 || math.IsInf(i.High, 1) {
		t.Errorf("%v after a hundred zeros", i)
	}
}

func TestSampleRatio(t *testing.T) {
	shares := []float64{0.8, 0.1, 0.1}
	const alpha, streams, length = 0.05, 400, 5000
	rng := rand.New(rand.NewPCG(5, 5))
	ever := func(actual []float64) (alarms int) {
		for range streams {
			counts := make([]int64, 3)
			lowest := 1.0
			for i := range length {
				u, arm := rng.Float64(), 0
				for u > actual[arm] && arm < 2 {
					u -= actual[arm]
					arm++
				}
				counts[arm]++
				if i%10 == 0 {
					lowest = min(lowest, SampleRatio(counts, shares))
				}
			}
			alarms += int(indicator(lowest <= alpha))
		}
		return alarms
	}
	if n := ever(shares); n > alpha*streams {
		t.Errorf("%d of %d honest experiments raised an alarm", n, streams)
	}
	if n := ever([]float64{0.77, 0.13, 0.10}); n < 0.9*streams {
		t.Errorf("only %d of %d broken experiments raised an alarm", n, streams)
	}
	if p := SampleRatio([]int64{0, 0, 0}, shares); p != 1 {
		t.Errorf("p is %v before any unit", p)
	}
}
