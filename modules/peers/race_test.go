package peers

import (
	"math"
	"testing"
	"time"
)

// racer computes the same as the other racers of its contest.
type racer struct {
	name string
	// run does the work so many times and says how long that took.
	run func(times int) time.Duration
	// answer is what it computed last.
	answer func() []float64
	// missing says what it lacks to run, if anything.
	missing string
}

// contest is one comparison. The first racer is us.
type contest struct {
	name   string
	racers func(tb testing.TB) []racer
	// tolerance is how far answers may lie apart, relative to their size.
	tolerance float64
}

// clocked makes a racer of what runs in this process.
func clocked(name string, work func(), answer func() []float64) racer {
	return racer{name: name, answer: answer, run: func(times int) time.Duration {
		start := time.Now()
		for range times {
			work()
		}
		return time.Since(start)
	}}
}

// turn is how long a racer runs before the next one's turn.
const turn = 500 * time.Microsecond

// race lets all run in turn and keeps the best time of each: machines that others
// use too slow down for seconds, never speed up. A ratio above 1 says that we
// are slower.
func race(b *testing.B, racers []racer) {
	times, best := make([]int, len(racers)), make([]float64, len(racers))
	for i, r := range racers {
		best[i] = math.Inf(1)
		r.run(1)
		times[i] = max(1, int(turn/max(1, r.run(1))))
	}
	round := func() {
		for i, r := range racers {
			best[i] = min(best[i], float64(r.run(times[i]))/float64(times[i]))
		}
	}
	for range 100 {
		round()
	}
	for b.Loop() {
		round()
	}
	b.ReportMetric(0, "ns/op")
	for i, r := range racers {
		b.ReportMetric(best[i], "ns-"+r.name)
		if i > 0 {
			b.ReportMetric(best[0]/best[i], "x-"+r.name)
		}
	}
}

func contests() []contest {
	var all []contest
	for _, some := range [][]contest{kernels(), forests(), calls(), meters()} {
		all = append(all, some...)
	}
	return all
}

func BenchmarkPeers(b *testing.B) {
	for _, c := range contests() {
		b.Run(c.name, func(b *testing.B) {
			var there []racer
			for _, r := range c.racers(b) {
				if r.missing == "" {
					there = append(there, r)
				} else {
					b.Logf("without %s: %s", r.name, r.missing)
				}
			}
			race(b, there)
		})
	}
}

// TestPeersAgree: who is raced does the same work.
func TestPeersAgree(t *testing.T) {
	for _, c := range contests() {
		t.Run(c.name, func(t *testing.T) {
			racers := c.racers(t)
			var want []float64
			for _, r := range racers {
				if r.missing != "" {
					continue
				}
				r.run(1)
				if want == nil {
					want = r.answer()
					continue
				}
				if at := differ(want, r.answer(), c.tolerance); at >= 0 {
					t.Errorf("%s answers %v, %s %v", r.name, r.answer()[at], racers[0].name, want[at])
				}
			}
			for _, r := range racers {
				if r.missing != "" {
					t.Skipf("without %s: %s", r.name, r.missing)
				}
			}
		})
	}
}

func differ(a, b []float64, tolerance float64) int {
	if len(a) != len(b) || len(a) == 0 {
		return 0
	}
	size := 0.0
	for _, v := range a {
		size = max(size, math.Abs(v))
	}
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= tolerance*size) {
			return i
		}
	}
	return -1
}
