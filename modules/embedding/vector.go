package embedding

import "math"

// Unit is the length of a vector, but for rounding.
const Unit = 127

// Quantize makes dst the vector in the direction of v, which is as long as dst and
// finite: zeros if v has no direction. It takes + × ÷ √ alone, in order, so that its
// bits are the same everywhere.
func Quantize(dst []int8, v []float64) {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	sum := 0.0
	for _, x := range v {
		if most > 0 {
			x /= most // or squares may leave the range of numbers
		}
		sum += float64(x * x)
	}
	if !(sum > 0) || math.IsInf(most, 0) {
		clear(dst)
		return
	}
	scale := Unit / math.Sqrt(sum)
	for i, x := range v {
		dst[i] = int8(math.Floor(float64(x/most*scale) + 0.5))
	}
}

// Product is that of two vectors of one table.
func Product(a, b []int8) (sum int) {
	for len(a) >= 4 && len(b) >= 4 {
		sum += int(a[0])*int(b[0]) + int(a[1])*int(b[1]) + int(a[2])*int(b[2]) + int(a[3])*int(b[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a[:min(len(a), len(b))] {
		sum += int(x) * int(b[i])
	}
	return sum
}

// Similarity is the cosine of two vectors, in [-1, 1], by their product.
func Similarity(product int) float64 {
	return max(-1, min(1, float64(product)/(Unit*Unit)))
}

// Lanes is how many vectors a [Quad] holds.
const Lanes = 4

// Quad is some vectors side by side, of which each multiplication takes all: a
// product fits 16 bits, so four of them are the digits, signed, of one number of 64,
// whatever digits its summands had.
type Quad [MaxDims]int64

// Set makes v the vector of a lane that was empty.
func (q *Quad) Set(lane int, v []int8) {
	for i, x := range v {
		q[i] += int64(x) << (16 * lane)
	}
}

// Products are those of the lanes with v; of an empty lane 0.
func (q *Quad) Products(v []int8) (of [Lanes]int) {
	sum := q.sum(v)
	for lane := range of {
		digit := int64(int16(sum))
		of[lane] = int(digit)
		sum = (sum - digit) >> 16
	}
	return of
}

// Nearest is the first lane of so many with the greatest product with v, and that.
func (q *Quad) Nearest(v []int8, lanes int) (lane, product int) {
	sum := q.sum(v)
	product = int(int16(sum))
	for l := 1; l < min(lanes, Lanes); l++ {
		sum = (sum - int64(int16(sum))) >> 16
		if p := int(int16(sum)); p > product {
			lane, product = l, p
		}
	}
	return lane, product
}

// sum has the products of the lanes with v as its digits.
func (q *Quad) sum(v []int8) int64 {
	if len(v) > MaxDims {
		return 0
	}
	var sum, odd int64 // two, for one waits for the other's addition
	w := q[:len(v)]
	for len(v) >= 4 && len(w) >= 4 {
		sum += int64(v[0])*w[0] + int64(v[2])*w[2]
		odd += int64(v[1])*w[1] + int64(v[3])*w[3]
		v, w = v[4:], w[4:]
	}
	for i, x := range v {
		sum += int64(x) * w[i]
	}
	return sum + odd
}
