// Package elementary computes exponentials, logarithms and the normal
// distribution with the same bits on every processor. Package math does not: it has
// assembly for some, and the compiler fuses multiplications and additions on others.
//
// Only + - × ÷ √ of float64 are used, and each product that feeds a sum is
// converted explicitly, which forbids fusing. The results are within 2 units in
// the last place, those of Log1p within 4; [Phi] is within 2^-50.
package elementary

import "math"

// ln2 in two parts; a product of the first with an exponent is exact.
const (
	ln2Hi = 0x1.62e42feep-1
	ln2Lo = math.Ln2 - ln2Hi
)

// inverseFactorials are 1/13! … 1/2!, for |r| ≤ ln2/2 enough by far.
var inverseFactorials = [...]float64{
	1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
	1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2,
}

// Exp is e to the x.
func Exp(x float64) float64 {
	switch {
	case x > 709.8:
		return math.Inf(1)
	case x < -745.2:
		return 0
	case x != x:
		return x
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	hi := x - float64(k*ln2Hi)
	lo := float64(k * ln2Lo)
	r := hi - lo
	rest := (hi - r) - lo // what r lost
	p := 0.0
	for _, c := range inverseFactorials {
		p = float64(p*r) + c
	}
	y := 1 + (r + (float64(float64(r*r)*p) + rest))
	return scale(y, int(k))
}

// scale is y·2^k, in two steps so that neither factor over- or underflows.
func scale(y float64, k int) float64 {
	half := k / 2
	return y * power(half) * power(k-half)
}

func power(k int) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// Log is the natural logarithm: NaN below 0, -Inf at 0.
func Log(x float64) float64 {
	switch {
	case x < 0 || x != x:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	k := 0.0
	if x < 0x1p-1022 { // subnormal
		x, k = x*0x1p54, -54
	}
	bits := math.Float64bits(x)
	k += float64(int(bits>>52) - 1023)
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m, k = m/2, k+1
	}
	// log m = 2·(s + s³/3 + s⁵/5 + …) with s = (m-1)/(m+1), |s| < 0.172
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	p := 0.0
	for n := 23; n >= 3; n -= 2 {
		p = float64(p*z) + 1/float64(n)
	}
	tail := float64(float64(2*s)*float64(z*p)) + float64(k*ln2Lo)
	return float64(k*ln2Hi) + (float64(2*s) + tail)
}

// Log1p is Log(1 + x), also where 1 + x would lose x.
func Log1p(x float64) float64 {
	u := 1 + x
	if u == 1 || u > math.MaxFloat64 {
		return x
	}
	return Log(u) * (x / (u - 1)) // the quotient undoes the rounding of u
}
