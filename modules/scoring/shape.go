package scoring

import (
	"encoding/binary"
	"hash/fnv"
	"math/bits"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Limits of a linear model.
const (
	MaxBits    = 22
	MaxCrosses = 256
	MaxHeads   = 8 // fewer than a frame's, for the code to stay small
)

// Shape is what a linear model's code depends on: all but the weights.
type Shape struct {
	Frame   abi.Shape
	Bits    int     // the table of categorical weights has 2^Bits entries; 0 without categorical columns
	Crosses []Cross // pairs of categorical columns
}

// Cross is a pair of categorical columns, numbered with the context's first.
type Cross struct{ A, B int }

// Validate returns ErrShape unless the shape is within the limits.
func (s Shape) Validate() error {
	categorical := s.Frame.ContextCategorical + s.Frame.Categorical
	if s.Frame.Validate() != nil || s.Frame.Heads > MaxHeads || len(s.Crosses) > MaxCrosses {
		return ErrShape
	}
	if s.Bits < 0 || s.Bits > MaxBits || (s.Bits == 0) != (categorical == 0) {
		return ErrShape
	}
	for _, c := range s.Crosses {
		if min(c.A, c.B) < 0 || max(c.A, c.B) >= categorical {
			return ErrShape
		}
	}
	return nil
}

// Weight is the entry of a dense column's weight; the next one is that of the
// column missing. Context columns come first.
func (s Shape) Weight(column int) int { return 1 + 2*column }

// Nothing is the entry that a missing id looks up: it is always zero.
func (s Shape) Nothing() int { return s.Weight(s.Frame.ContextDense + s.Frame.Dense) }

// Entries is the number of entries.
func (s Shape) Entries() int {
	if s.Bits == 0 {
		return s.Nothing() + 1
	}
	return s.Nothing() + 1 + 1<<s.Bits
}

// table is where categorical ids are looked up.
type table struct {
	first int // entry
	mask  uint32
}

func (s Shape) table() table { return table{s.Nothing() + 1, 1<<s.Bits - 1} }

func (t table) entry(id uint32) int { return t.first + int(id&t.mask) }

// CrossPrime mixes the first id of a cross: the 32-bit FNV prime.
const CrossPrime = 16777619

// cross is the id of the crossed ids, 0 if either is missing.
func cross(a, b uint32) (id uint32, ok bool) {
	return a*CrossPrime ^ b, a != 0 && b != 0
}

// Stride is the number of f32 of an entry in the model's bytes: a power of two
// so that an index becomes an offset by a shift.
func (s Shape) Stride() int { return 1 << bits.Len(uint(s.Frame.Lanes()-1)) }

// Offset is where the entries begin in the model's bytes.
func (s Shape) Offset() int { return (headerSize + 4*len(s.Crosses) + 63) &^ 63 }

// Size is the number of bytes of a model.
func (s Shape) Size() int { return s.Offset() + 4*s.Stride()*s.Entries() }

// header is the model's bytes up to the entries.
func (s Shape) header() []byte {
	b := make([]byte, s.Offset())
	copy(b, magic)
	for i, w := range s.Frame.Words() {
		binary.LittleEndian.PutUint32(b[8+4*i:], w)
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(s.Size()))
	binary.LittleEndian.PutUint32(b[32:], uint32(s.Bits))
	binary.LittleEndian.PutUint32(b[36:], uint32(len(s.Crosses)))
	binary.LittleEndian.PutUint32(b[40:], uint32(s.Offset()))
	for i, c := range s.Crosses {
		binary.LittleEndian.PutUint16(b[headerSize+4*i:], uint16(c.A))
		binary.LittleEndian.PutUint16(b[headerSize+4*i+2:], uint16(c.B))
	}
	h := fnv.New32a()
	h.Write(b[8:OffsetFingerprint])
	h.Write(b[headerSize : headerSize+4*len(s.Crosses)])
	binary.LittleEndian.PutUint32(b[OffsetFingerprint:], h.Sum32())
	return b
}

// Fingerprint is the word at OffsetFingerprint by which a module knows a model
// of its own shape.
func (s Shape) Fingerprint() uint32 {
	return binary.LittleEndian.Uint32(s.header()[OffsetFingerprint:])
}

// Places in a model's bytes: of its shape's fingerprint, and of a linear model's
// crosses.
const (
	OffsetFingerprint = 44
	OffsetCrosses     = headerSize
)

const (
	magic      = "ALM\x00"
	headerSize = 64
)
