package scoring

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Encode is the model's bytes, or ErrModel if a weight is not finite, a
// variance below zero, or what is always zero is not.
func (l *Linear) Encode() ([]byte, error) {
	if l.Validate() != nil || len(l.Heads) != l.Frame.Heads {
		return nil, ErrModel
	}
	b := append(make([]byte, 0, l.Size()), l.header()...)[:l.Size()]
	whole := true
	l.lanes(func(lane int, values []float32) {
		if whole = whole && len(values) == l.Entries(); !whole {
			return
		}
		for e, v := range values {
			binary.LittleEndian.PutUint32(b[l.at(e, lane):], math.Float32bits(v))
		}
	})
	if _, err := Inspect(b); err != nil || !whole {
		return nil, ErrModel
	}
	return b, nil
}

// Decode reads a model's bytes, or returns ErrModel. It allocates as much again
// as b holds, and only once all of b was found sound.
func Decode(b []byte) (*Linear, error) {
	s, err := Inspect(b)
	if err != nil {
		return nil, err
	}
	l, err := New(s)
	if err != nil {
		return nil, ErrModel
	}
	l.lanes(func(lane int, values []float32) {
		for e := range values {
			values[e] = float(b, l.at(e, lane))
		}
	})
	return l, nil
}

// Inspect checks a model's bytes to the last one and returns their shape, or
// ErrModel. It allocates nothing of the model's size.
func Inspect(b []byte) (Shape, error) {
	s, err := decodeShape(b)
	if err != nil {
		return Shape{}, err
	}
	lanes, heads := s.Frame.Lanes(), s.Frame.Heads
	for e := range s.Entries() {
		for lane := range s.Stride() {
			v := float(b, s.at(e, lane))
			zero := e == s.Nothing() || lane >= lanes
			if notFinite(v) || zero && math.Float32bits(v) != 0 || lane >= heads && v < 0 {
				return Shape{}, ErrModel
			}
		}
	}
	return s, nil
}

func decodeShape(b []byte) (Shape, error) {
	if len(b) < headerSize || binary.LittleEndian.Uint32(b[36:]) > MaxCrosses {
		return Shape{}, ErrModel
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	s := Shape{
		Frame: abi.Shape{
			ContextDense: word(8), ContextCategorical: word(12), Dense: word(16), Categorical: word(20),
			Heads: word(24), Variance: word(28) == 1,
		},
		Bits:    word(32),
		Crosses: make([]Cross, word(36)),
	}
	if len(b) < headerSize+4*len(s.Crosses) {
		return Shape{}, ErrModel
	}
	for i := range s.Crosses {
		pair := b[headerSize+4*i:]
		s.Crosses[i] = Cross{int(binary.LittleEndian.Uint16(pair)), int(binary.LittleEndian.Uint16(pair[2:]))}
	}
	if s.Validate() != nil || len(b) != s.Size() || !bytes.HasPrefix(b, s.header()) {
		return Shape{}, ErrModel
	}
	return s, nil
}

// lanes visits the parameters in the order in which an entry's bytes hold them.
func (l *Linear) lanes(visit func(lane int, values []float32)) {
	for h, head := range l.Heads {
		visit(h, head.Mean)
		if l.Frame.Variance {
			visit(len(l.Heads)+h, head.Variance)
		}
	}
}

// at is the offset of one lane of an entry.
func (s Shape) at(entry, lane int) int { return s.Offset() + 4*(entry*s.Stride()+lane) }

func float(b []byte, at int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b[at:]))
}

func notFinite(v float32) bool { return v-v != 0 }
