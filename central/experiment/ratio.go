package experiment

import "math"

// concentration is how close to the intended shares the alternative is looked
// for: as if that many units had been seen at them. Deviations of a few percent
// are found soonest.
const concentration = 100

// SampleRatio is the p-value of "the arms get the shares they were meant to
// get", valid at any time: among honest assignments at most a share p ever
// falls to p or below. Shares must be positive and sum to one. A small p means
// that the assignment, or what counts arms, is broken, and no comparison of
// arms may be believed.
//
// Method: Lindon, Malek, "Anytime-valid inference for multinomial count data",
// NeurIPS 2022 (Dirichlet mixture).
func SampleRatio(counts []int64, shares []float64) float64 {
	var n, log float64 // log of the mixture's likelihood ratio
	for i, c := range counts {
		a, k := concentration*shares[i], float64(c)
		n += k
		log += logGamma(a+k) - logGamma(a) - k*math.Log(shares[i])
	}
	log += logGamma(concentration) - logGamma(concentration+n)
	return min(1, math.Exp(-log))
}

func logGamma(x float64) float64 {
	l, _ := math.Lgamma(x)
	return l
}
