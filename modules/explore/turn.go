package explore

import "math"

// Turn says whose turn a position of a slate is: which of the shares has it, or
// len(shares) for what they leave of 1. Of count positions each gets its share,
// rounded up or down, spread over the slate; over decisions, whose turn is uniform
// in [0, 1), it gets its share of every position exactly.
//
// The shares take consecutive stretches of [0, 1), out of which count numbers at
// equal distances are picked (systematic sampling, Madow 1949); positions take those
// in steps near the golden section.
func Turn(shares []float64, turn float64, position, count int) int {
	turn = float64(turn * float64(count))
	first := min(int(turn), count-1)
	stretch := (first + position%count*step(count)) % count
	x := (float64(stretch) + (turn - float64(first))) / float64(count)
	sum := 0.0
	for i, share := range shares {
		if sum += share; x < sum {
			return i
		}
	}
	return len(shares)
}

// step visits all of count, none twice.
func step(count int) int {
	s := max(1, int(float64(count)*(math.Phi-1)))
	for gcd(s, count) > 1 {
		s++
	}
	return s
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
