package explore_test

import (
	"math/rand/v2"
	"testing"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
)

var policies = map[string]explore.Policy{
	"greedy":   {Kind: explore.EpsilonGreedy, Epsilon: 0.1},
	"softmax":  {Kind: explore.Softmax, Epsilon: 0.05, Temperature: 0.2},
	"squarecb": {Kind: explore.SquareCB, Epsilon: 0.1, Gamma: 30},
	"thompson": {Kind: explore.Thompson, Epsilon: 0.1},
	"linucb":   {Kind: explore.LinUCB, Epsilon: 0.2, Alpha: 1.5},
	"uniform":  {Kind: explore.Uniform},
	"fixed":    {Kind: explore.Fixed},
}

// names of policies, in an order.
var names = []string{"greedy", "softmax", "squarecb", "thompson", "linucb", "uniform", "fixed"}

// shop has n candidates of which about nine in ten are allowed.
func shop(n int, seed uint64) ([]float64, bitmap.Bits) {
	r := rand.New(rand.NewPCG(seed, 1))
	means, allowed := make([]float64, n), bitmap.New(n)
	for i := range means {
		means[i] = r.Float64()
		if r.IntN(10) > 0 {
			allowed.Set(i)
		}
	}
	return means, allowed
}

// unsure are variances, some of them zero and some the same.
func unsure(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	all := make([]float64, n)
	for i := range all {
		all[i] = []float64{0, 0.04, 0.2 * r.Float64(), 0.01 * r.Float64()}[r.IntN(4)]
	}
	return all
}

const event = "0190f6f2-7d1c-7abc-8def-0123456789ab"

// Nanoseconds are of three positions.
func BenchmarkDraw1000x3(b *testing.B) {
	for _, name := range names {
		policy := policies[name]
		b.Run(name, func(b *testing.B) {
			means, allowed := shop(1000, 1)
			d := explore.New(make([]byte, 32))
			p := &explore.Problem{Means: means, Variances: unsure(1000, 1), Allowed: allowed, Policy: policy, Count: 3, EventID: event}
			b.ReportAllocs()
			for b.Loop() {
				p.Attempt++
				if _, err := d.Draw(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A slate with everything on: a pin, a cap of a brand, pools and diversity.
func BenchmarkDraw1000x4Hooks(b *testing.B) {
	for _, name := range []string{"squarecb", "thompson"} {
		b.Run(name, func(b *testing.B) {
			means, allowed := shop(1000, 1)
			allowed.Set(500)
			d := explore.New(make([]byte, 32))
			p := &explore.Problem{
				Means: means, Variances: unsure(1000, 1), Allowed: allowed, Policy: policies[name], Count: 4, EventID: event,
				Pins: []explore.Pin{{Position: 1, Candidate: 500}}, Mask: capped(40, true), Adjust: diverse,
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Attempt++
				if _, err := d.Draw(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
