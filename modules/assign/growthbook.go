package assign

import (
	"math"
	"strconv"
)

// hash is GrowthBook's, in [0, 1): version 1 has a thousand buckets, version 2
// ten thousand and no correlation between seeds. ok is false for others.
func hash(seed, value string, version int) (n float64, ok bool) {
	switch version {
	case 1:
		return float64(fnv1a(fnv1a(fnvOffset, value), seed)%1_000) / 1_000, true
	case 2:
		var decimal [10]byte
		inner := strconv.AppendUint(decimal[:0], uint64(fnv1a(fnv1a(fnvOffset, seed), value)), 10)
		return float64(fnv1a(fnvOffset, inner)%10_000) / 10_000, true
	}
	return 0, false
}

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// fnv1a continues the 32-bit FNV-1a hash h over s.
func fnv1a[T string | []byte](h uint32, s T) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * fnvPrime
	}
	return h
}

// span is a range of buckets, its end outside.
type span struct{ start, end float64 }

// ranges appends the span of each of n arms to dst: one after the other by
// weight, each cut to its part by coverage. Weights that do not fit (another
// number, a sum off 1 by more than 0.01) count as equal.
func ranges(dst []span, n int, coverage float64, weights []float64) []span {
	coverage = min(max(coverage, 0), 1)
	fit := len(weights) == n && math.Abs(sum(weights)-1) <= 0.01
	start := 0.0
	for i := range n {
		weight := 1 / float64(n)
		if fit {
			weight = weights[i]
		}
		dst = append(dst, span{start, start + float64(coverage*weight)})
		start += weight
	}
	return dst
}

func sum(weights []float64) float64 {
	s := 0.0
	for _, w := range weights {
		s += w
	}
	return s
}

// choose is the first span that holds n, or -1.
func choose(n float64, spans []span) int {
	for i, s := range spans {
		if n >= s.start && n < s.end {
			return i
		}
	}
	return -1
}
