package compile

import (
	"encoding/binary"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Sizes of entries in the data.
const (
	rankEntry = 16 // offset of the column, address of the first threshold and behind the last, near zero
	setEntry  = 16 // offset of the column, address of the bits, their number
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

// table is entries in memory, those that read the context first.
type table struct{ at, rows, end int }

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
	var first []int
	for i := range e.ranks {
		e.data.align(4)
		first = append(first, e.data.end())
		for _, t := range e.ranks[i].thresholds {
			e.data.f32(t)
		}
		for n := len(e.ranks[i].thresholds); n == 0 || n%rankStep != 0; n++ {
			e.data.f32(float32(math.Inf(1)))
		}
		first = append(first, e.data.end())
	}
	e.rankTable = table{at: e.data.align(4)}
	e.rankTable.rows = e.rankTable.at
	for i, r := range e.ranks {
		e.data.u32(e.column(r.column), first[2*i], first[2*i+1])
		if r.zero {
			e.data.f32(scoring.NearZero)
		} else {
			e.data.f32(-1)
		}
		if r.column < e.context {
			e.rankTable.rows = e.data.end()
		}
	}
	e.rankTable.end = e.data.end()
	e.setsData()
}

func (e *forest) setsData() {
	e.bits = make([]int, len(e.sets))
	for i := range e.sets {
		e.bits[i] = e.data.end()
		e.data.u32(setWords(&e.sets[i])...)
		e.data.b = append(e.data.b, byte(2*flag(e.sets[i].missingLeft)))
	}
	e.setTable = table{at: e.data.align(4)}
	e.setTable.rows = e.setTable.at
	for i, s := range e.sets {
		e.data.u32(e.column(s.column), e.bits[i], 32*len(s.words), 0)
		if s.column < e.context {
			e.setTable.rows = e.data.end()
		}
	}
	e.setTable.end = e.data.end()
}

func setWords(s *set) (out []int) {
	for _, w := range s.words {
		out = append(out, int(w))
	}
	return out
}

// column is the offset of a column in a block of rows, or among the context's
// columns where each is repeated for the rows of a block.
func (e *forest) column(i int) int {
	if i >= e.context {
		i -= e.context
	}
	return columnBytes * i
}

// leavesData writes all leaves, tree after tree.
func (e *forest) leavesData() {
	e.leaves = e.data.align(8)
	for _, i := range e.order {
		e.leafAt[i] = (e.data.end() - e.leaves) / e.leafBytes()
		for _, v := range e.model.Trees[i].Leaves {
			if e.model.Narrow {
				e.data.f32(float32(v))
			} else {
				e.data.f64(v)
			}
		}
	}
}

func (e *forest) leafBytes() int {
	if e.model.Narrow {
		return 4
	}
	return 8
}

// scratch places what is written while scoring, above the data.
func (e *forest) scratch() {
	at := (e.data.end() + 63) &^ 63
	take := func(bytes int) int {
		from := at
		at = (at + bytes + 63) &^ 63
		return from
	}
	e.contextAt = take(columnBytes * e.context)
	e.termsAt = take(8 * (1 + e.model.Frame.Columns()))
	e.laneAt = take(4 * walkers)
	e.binsAt = take(e.stride() * e.blocks())
	// The walk looks bins up before it knows whether it stands on a leaf.
	at = max(at, e.binsAt+binBytes*binsLimit+abi.BlockRows)
	e.frameAt = (at + 63) &^ 63
}

// stride is the bytes of the bins of a block.
func (e *forest) stride() int { return binBytes * e.bins }

// blocks is how many blocks' bins there is room for.
func (e *forest) blocks() int {
	const most, bytes = 8, 32 << 10
	return max(1, min(most, bytes/max(1, e.stride())))
}
