package compile

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/aisle-edge/aisle/modules/scoring"
)

// Sizes of entries in the data.
const (
	rankEntry = 20 // offset of the column, address of the first threshold and behind the last, steps of a search, near zero
	setEntry  = 12 // offset of the column, address of the bits, their number
	rankStep  = 4  // thresholds at a time
)

// segment is data in the making, to lie at an address.
type segment struct {
	at int
	b  []byte
}

// end is the address behind what was written.
func (s *segment) end() int { return s.at + len(s.b) }

func (s *segment) align(n int) int {
	for s.end()%n != 0 {
		s.b = append(s.b, 0)
	}
	return s.end()
}

func (s *segment) u32(values ...int) {
	for _, v := range values {
		s.b = binary.LittleEndian.AppendUint32(s.b, uint32(v))
	}
}

func (s *segment) u16(v int) { s.b = binary.LittleEndian.AppendUint16(s.b, uint16(v)) }

func (s *segment) f32(v float32) {
	s.b = binary.LittleEndian.AppendUint32(s.b, math.Float32bits(v))
}

func (s *segment) f64(v float64) {
	s.b = binary.LittleEndian.AppendUint64(s.b, math.Float64bits(v))
}

// span is entries of a table in memory, and the first bin that they fill.
type span struct{ at, end, bin int }

// splats writes a vector of each byte.
func (e *forest) splats() {
	e.splatAt = e.data.align(16)
	for i := range 256 {
		for range 16 {
			e.data.b = append(e.data.b, byte(i))
		}
	}
}

// columnsData writes what the bins are made by.
func (e *forest) columnsData() {
	first := make([]int, len(e.ranks))
	for i, r := range e.ranks {
		first[i] = e.data.align(4)
		for _, t := range r.thresholds {
			e.data.f32(t)
		}
		for n := len(r.thresholds); n < 1<<rankSteps(r); n++ {
			e.data.f32(float32(math.Inf(1)))
		}
	}
	e.data.align(4)
	e.contextRanks = e.ranksData(first, func(r ranks) bool { return r.column < e.context })
	e.fewRanks = e.ranksData(first, func(r ranks) bool { return r.column >= e.context && !r.many })
	e.manyRanks = e.ranksData(first, func(r ranks) bool { return r.column >= e.context && r.many })
	e.bits = make([]int, len(e.sets))
	for i := range e.sets {
		e.bits[i] = e.data.end()
		e.data.u32(setWords(&e.sets[i])...)
		e.data.b = append(e.data.b, byte(2*flag(e.sets[i].missingLeft)))
	}
	e.data.align(4)
	e.contextSets = e.setsData(func(s set) bool { return s.column < e.context })
	e.rowSets = e.setsData(func(s set) bool { return s.column >= e.context })
}

// rankSteps is how often the thresholds are halved in a search. They are followed
// by infinities, which no value exceeds, up to a power of two.
func rankSteps(r ranks) int { return max(2, bits.Len(uint(len(r.thresholds)))) }

func (e *forest) ranksData(first []int, in func(r ranks) bool) span {
	s := span{at: e.data.end()}
	for i, r := range e.ranks {
		if !in(r) {
			continue
		}
		if s.at == e.data.end() {
			s.bin = r.bin
		}
		count := (max(1, len(r.thresholds)) + rankStep - 1) / rankStep * rankStep
		e.data.u32(e.column(r.column), first[i], first[i]+4*count, rankSteps(r))
		if r.zero {
			e.data.f32(scoring.NearZero)
		} else {
			e.data.f32(-1)
		}
	}
	s.end = e.data.end()
	return s
}

func (e *forest) setsData(in func(s set) bool) span {
	out := span{at: e.data.end()}
	for i, s := range e.sets {
		if !in(s) {
			continue
		}
		if out.at == e.data.end() {
			out.bin = s.bin
		}
		e.data.u32(e.column(s.column), e.bits[i], 32*len(s.words))
	}
	out.end = e.data.end()
	return out
}

func setWords(s *set) (out []int) {
	for _, w := range s.words {
		out = append(out, int(w))
	}
	return out
}

// column is the offset of a column: of the context's in the frame, of a row's
// from the row in its block.
func (e *forest) column(i int) int {
	if i < e.context {
		return e.frame.OffsetContext() + 4*i
	}
	return columnBytes * (i - e.context)
}

// leavesData writes all leaves, tree after tree, each in its place.
func (e *forest) leavesData() {
	e.leaves = e.data.align(8)
	for _, i := range e.order {
		e.leafAt[i] = (e.data.end() - e.leaves) / e.leafBytes()
		leaves := make([]float64, len(e.places[i]))
		for leaf, place := range e.places[i] {
			leaves[place] = e.trees.Trees[i].Leaves[leaf]
		}
		for _, v := range leaves {
			if e.trees.Narrow {
				e.data.f32(float32(v))
			} else {
				e.data.f64(v)
			}
		}
	}
}

func (e *forest) leafBytes() int {
	if e.trees.Narrow {
		return 4
	}
	return 8
}

// scratch places what is written while scoring, above the data.
func (e *forest) scratch() {
	e.reserve(len(e.data.b))
	// The walk looks bins up before it knows whether it stands on a leaf.
	e.binsAt = e.reserve(e.stride()*e.blocks() + binBytes*binsLimit)
}

// stride is the bytes of the bins of a block.
func (e *forest) stride() int { return binBytes * e.bins }

// blocks is how many blocks' bins there is room for.
func (e *forest) blocks() int {
	const most, bytes = 32, 64 << 10 // beyond, bins leave the nearest cache but one
	return max(1, min(most, bytes/max(1, e.stride())))
}
