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
	"uniform":  {Kind: explore.Uniform},
	"fixed":    {Kind: explore.Fixed},
}

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

const event = "0190f6f2-7d1c-7abc-8def-0123456789ab"

func BenchmarkDraw1000x3(b *testing.B) {
	for name, policy := range policies {
		b.Run(name, func(b *testing.B) {
			means, allowed := shop(1000, 1)
			d := explore.New(make([]byte, 32))
			p := &explore.Problem{Means: means, Allowed: allowed, Policy: policy, Count: 3, EventID: event}
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
