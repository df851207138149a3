package fairness_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/sync/wire"
)

// spread is what the test knows of one side: of decisions as if each were independent.
type spread struct{ n, x, xx float64 }

func (s *spread) add(x float64) { s.n, s.x, s.xx = s.n+1, s.x+x, s.xx+x*x }

func (s *spread) mean() float64 { return s.x / s.n }

func (s *spread) variance() float64 { return (s.xx/s.n - s.mean()*s.mean()) / s.n }

// TestFewPersonsAreChance: each person has tastes of their own, which have nothing to do
// with the group, and decides often. Then three standard errors of decisions that were
// independent are often passed, by the test's own count, and an alarm is hardly ever
// raised; but it is where the group does get less.
func TestFewPersonsAreChance(t *testing.T) {
	const often = 20
	for _, c := range []struct {
		group, measure string
		persons        int
		apart          float64 // how much less the group gets
		naive          [2]float64
		alarms         [2]float64 // share of the windows
	}{
		{"local", "exposure", 12, 0, [2]float64{0.1, 0.8}, [2]float64{0, 0.04}},
		{"local", "exposure", 60, 0, [2]float64{0.1, 0.8}, [2]float64{0, 0.04}},
		{"local", "exposure", 60, 0.2, [2]float64{0.9, 1}, [2]float64{0.7, 1}},
		{"seniors", "depth", 60, 0, [2]float64{0.1, 0.8}, [2]float64{0, 0.04}},
		{"seniors", "depth", 60, 0.5, [2]float64{0.9, 1}, [2]float64{0.7, 1}},
		{"seniors", "broken", 60, 0, [2]float64{0.1, 0.8}, [2]float64{0, 0.04}},
		{"seniors", "broken", 60, 0.6, [2]float64{0.9, 1}, [2]float64{0.7, 1}},
	} {
		p := newPlace(t)
		p.book = parse(t, strings.ReplaceAll(groups, "least", "tolerance: 0.99, least"))
		r := rand.New(rand.NewPCG(3, uint64(c.persons)))
		const windows = 60
		naive, alarms := 0, 0
		for range windows {
			tastes := make([]float64, c.persons)
			for i := range tastes {
				if tastes[i] = r.Float64() - c.apart*float64(i%2); c.group == "local" {
					tastes[i] = r.Float64() - c.apart
				}
			}
			var side [2]spread
			for range often {
				for i, taste := range tastes {
					senior := i % 2
					s := shows{person: 1 + i, senior: senior}
					switch c.measure {
					case "exposure":
						yes := r.Float64() < taste
						s.local = [2]bool{yes, yes}
						side[0].add(map[bool]float64{true: 0.5, false: -0.5}[yes])
					case "depth":
						x := int64(1000 * min(max(0, 0.5*taste+0.3*r.Float64()), 0.9))
						s.off = [2]int64{x, x}
						side[senior].add(float64(x) / 1000)
					}
					d := p.count(s)
					if c.measure == "broken" {
						yes := r.Float64() < 0.5*max(0, taste)*taste*taste
						side[senior].add(map[bool]float64{true: 1}[yes])
						if yes {
							p.outcome(d, 0, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
						}
					}
				}
			}
			off, variance := side[0].mean(), side[0].variance()
			if c.group == "seniors" {
				off, variance = off-side[1].mean(), variance+side[1].variance()
			}
			if math.Abs(off) > 3*math.Sqrt(variance) {
				naive++
			}
			p.over()
			for _, a := range p.told(c.group).Alarms {
				if a.Measure == c.measure {
					alarms++
				}
			}
		}
		got := [2]float64{float64(naive) / windows, float64(alarms) / windows}
		t.Logf("%s, %d persons, %.2f apart: %.4f as if independent, %.4f alarms", c.measure, c.persons, c.apart, got[0], got[1])
		if got[0] < c.naive[0] || got[0] > c.naive[1] || got[1] < c.alarms[0] || got[1] > c.alarms[1] {
			t.Errorf("%s, %d persons, %.2f apart: %.4f beyond three errors as if decisions were independent, and %.4f alarms", c.measure, c.persons, c.apart, got[0], got[1])
		}
	}
}
