package elementary

import "math"

// Phi is tabulated at multiples of 1/steps up to reach, beyond which it is 0 or 1
// within its error.
const (
	steps = 16
	reach = 8.5
	order = 7 // of the Taylor series about a knot, which is never further than 1/32
)

// knot is the upper tail of the normal distribution at a multiple of 1/steps, and
// the coefficients of its Taylor series there, the highest first.
type knot struct {
	series [order]float64
	tail   float64
}

// knots never change.
var knots = tabulate()

// Phi is the distribution function of the standard normal distribution, within
// 2^-50, and 0 for NaN.
func Phi(x float64) float64 {
	to := math.Abs(x)
	if !(to < reach) {
		if x > 0 {
			return 1
		}
		return 0
	}
	i := int(float64(to*steps) + 0.5)
	k := &knots[i]
	d := to - float64(i)/steps
	p := float64(k.series[0]*d) + k.series[1]
	p = float64(p*d) + k.series[2]
	p = float64(p*d) + k.series[3]
	p = float64(p*d) + k.series[4]
	p = float64(p*d) + k.series[5]
	p = float64(p*d) + k.series[6]
	tail := k.tail + float64(p*d)
	if x < 0 {
		return tail
	}
	return 1 - tail
}

func tabulate() (all [reach*steps + 1]knot) {
	for i := range all {
		x := float64(i) / steps
		density := Exp(-(x*x)/2) / math.Sqrt(2*math.Pi)
		all[i].tail = tail(x, density)
		// the derivatives are those of the density: Hermite's polynomials
		before, he, factorial := 0.0, 1.0, 1.0
		for n := range order {
			factorial *= float64(n + 1)
			sign := float64(2*(n&1) - 1)
			all[i].series[order-1-n] = sign * density * he / factorial
			before, he = he, float64(x*he)-float64(float64(n)*before)
		}
	}
	return all
}

// tail is 1 - Phi of an x from 0 on: near 0 by the series of Phi, further on by
// Laplace's continued fraction.
func tail(x, density float64) float64 {
	if x > 3 {
		f := x
		for n := 200; n > 0; n-- {
			f = x + float64(n)/f
		}
		return density / f
	}
	sum := 0.0
	for term, n := x, 1.0; sum+term != sum; n += 2 {
		sum += term
		term = float64(term * (x * x / (n + 2)))
	}
	return 0.5 - float64(density*sum)
}
