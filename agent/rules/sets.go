package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// sets are sets of items, a row of bits an item: what of hundreds of them a
// candidate is in is read at once, whoever named it.
type sets struct {
	n       int // sets
	width   int // words of a row
	rows    []uint64
	unknown []uint64 // the row of what is no item
}

// maker gathers sets by place until they are turned into rows.
type maker struct {
	places       int
	all          []bitmap.Bits
	unknown      []bool
	vocabularies map[string]*vocabulary // by attribute
	groupings    map[together]*grouping
}

// together is what rules count by.
type together struct {
	of    string
	depth int
}

// add takes in a set, and whether what is no item is in it; it gives its number.
func (m *maker) add(places bitmap.Bits, unknown bool) int {
	m.all, m.unknown = append(m.all, places), append(m.unknown, unknown)
	return len(m.all) - 1
}

func (m *maker) sets() sets {
	s := sets{n: len(m.all), width: (len(m.all) + 63) / 64}
	s.rows, s.unknown = make([]uint64, m.places*s.width), make([]uint64, s.width)
	for k, set := range m.all {
		for place := range set.All() {
			s.rows[place*s.width+k/64] |= 1 << (k % 64)
		}
		if m.unknown[k] {
			s.unknown[k/64] |= 1 << (k % 64)
		}
	}
	return s
}

// gather makes of rows, of the items at places, a set of candidates for each set
// of items, in dst's memory.
func (s *sets) gather(dst []uint64, places []int32) []uint64 {
	words := (len(places) + 63) / 64
	size := 64 * s.width * words
	dst = slices.Grow(dst[:0], size)[:size]
	var block [64]uint64
	for w := range s.width {
		for at := range words {
			for j := range block {
				block[j] = 0
				if i := 64*at + j; i < len(places) {
					block[j] = s.row(places[i])[w]
				}
			}
			transpose(&block)
			for j := range block {
				dst[(64*w+j)*words+at] = block[j]
			}
		}
	}
	return dst
}

// has tells whether the item at a place is in a set.
func (s *sets) has(set int, place int32) bool {
	return s.row(place)[set/64]>>(set%64)&1 == 1
}

func (s *sets) row(place int32) []uint64 {
	if place == Nowhere {
		return s.unknown
	}
	return s.rows[int(place)*s.width:]
}

// transpose makes rows of bits columns, by swapping ever smaller squares (Warren,
// Hacker's Delight, section 7-3, with the lowest bit first).
func transpose(a *[64]uint64) {
	mask := uint64(1)<<32 - 1
	for half := 32; half != 0; half >>= 1 {
		for from := 0; from < 64; from += 2 * half {
			low, high := a[from:from+half], a[from+half:from+2*half]
			for k := range low {
				t := (low[k]>>(half&63) ^ high[k]) & mask
				low[k] ^= t << (half & 63)
				high[k] ^= t
			}
		}
		mask ^= mask << (half >> 1)
	}
}
