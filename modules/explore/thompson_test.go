package explore_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aisle-edge/aisle/modules/explore"
)

// chances are Thompson's π of so many contenders, best bound first.
func chances(t *testing.T, means, variances []float64) []float64 {
	t.Helper()
	const epsilon = 1e-9
	c := explore.Choice{Policy: explore.Policy{Kind: explore.Thompson, Epsilon: epsilon}, Means: means, Variances: variances, Feasible: len(means)}
	pi := make([]float64, len(means))
	for i := range pi {
		c.Place = i
		p, err := c.Probability()
		if err != nil {
			t.Fatal(err)
		}
		pi[i] = p
	}
	return pi
}

// What is certain, equal or far apart has the chances that it must have.
func TestThompsonIsDefinedEverywhere(t *testing.T) {
	third := 1.0 / 3
	for name, c := range map[string]struct{ means, variances, want []float64 }{
		"alone":                   {[]float64{7}, []float64{1}, []float64{1}},
		"alone and certain":       {[]float64{7}, []float64{0}, []float64{1}},
		"all certain":             {[]float64{2, 1, 0}, []float64{0, 0, 0}, []float64{1, 0, 0}},
		"equal and certain":       {[]float64{1, 1, 1}, []float64{0, 0, 0}, []float64{third, third, third}},
		"two best, certain":       {[]float64{1, 1, 0}, []float64{0, 0, 0}, []float64{0.5, 0.5, 0}},
		"equal":                   {[]float64{1, 1, 1}, []float64{4, 4, 4}, []float64{third, third, third}},
		"a huge gap":              {[]float64{1e300, 0}, []float64{1, 1}, []float64{1, 0}},
		"the greatest numbers":    {[]float64{1e308, -1e308}, []float64{1e300, 1e300}, []float64{1, 0}},
		"hardly any variance":     {[]float64{1, 1}, []float64{5e-324, 5e-324}, []float64{0.5, 0.5}},
		"huge variances":          {[]float64{1, 1}, []float64{1e300, 1e300}, []float64{0.5, 0.5}},
		"one that was not scored": {[]float64{1, math.Inf(-1)}, []float64{1, 0}, []float64{1, 0}},
		"certain below":           {[]float64{1, 0.5}, []float64{0.01, 0}, []float64{1, 0}},
		"certain in the middle":   {[]float64{1, 1}, []float64{1, 0}, []float64{0.5, 0.5}},
	} {
		for i, p := range chances(t, c.means, c.variances) {
			if math.Abs(p-c.want[i]) > 0.02 {
				t.Errorf("%s: %v, want %v", name, chances(t, c.means, c.variances), c.want)
				break
			}
		}
	}
}

// The sum is near the integral that it replaces, whatever the shapes: certain ones,
// narrow ones beside wide ones.
func TestThompsonIsNearTheChanceToBeTheBest(t *testing.T) {
	r, worst := rand.New(rand.NewPCG(3, 1)), 0.0
	for round := range 40 {
		k := 1 + r.IntN(16)
		means, variances := make([]float64, k), make([]float64, k)
		for i := range means {
			means[i] = r.Float64()
			variances[i] = []float64{0.04, math.Exp(4*r.NormFloat64() - 4), []float64{1e-4, 0, 1}[r.IntN(3)]}[round%3]
		}
		byBound(means, variances)
		want := best(means, variances)
		for i, p := range chances(t, means, variances) {
			worst = max(worst, math.Abs(p-want[i]))
		}
	}
	t.Logf("off by at most %.4f", worst)
	if worst > 0.03 {
		t.Errorf("off by %v", worst)
	}
}

func byBound(means, variances []float64) {
	for i := range means {
		for j := i; j > 0 && means[j]+2*math.Sqrt(variances[j]) > means[j-1]+2*math.Sqrt(variances[j-1]); j-- {
			means[j], means[j-1] = means[j-1], means[j]
			variances[j], variances[j-1] = variances[j-1], variances[j]
		}
	}
}

// best integrates over 20,000 equal steps.
func best(means, variances []float64) []float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, m := range means {
		s := math.Sqrt(variances[i])
		lo, hi = min(lo, m-8*s-1e-3), max(hi, m+8*s+1e-3)
	}
	below := func(j int, x float64) float64 {
		if variances[j] == 0 {
			return map[bool]float64{true: 1}[x > means[j]]
		}
		return math.Erfc((means[j]-x)/math.Sqrt(2*variances[j])) / 2
	}
	const steps = 20_000
	out, from := make([]float64, len(means)), make([]float64, len(means))
	to := make([]float64, len(means))
	for k := 1; k <= steps; k++ {
		for j := range means {
			to[j] = below(j, lo+(hi-lo)*float64(k)/steps)
		}
		for i := range means {
			share := to[i] - from[i]
			for j := range means {
				if j != i {
					share *= (from[j] + to[j]) / 2
				}
			}
			out[i] += share
		}
		copy(from, to)
	}
	return out
}
