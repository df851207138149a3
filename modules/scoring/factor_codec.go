package scoring

import "encoding/binary"

const magicFactor = "ALF\x00"

// Stride is the number of f32 of an entry in the model's bytes: weight, embedding
// and zeros up to a multiple of 4.
func (s FactorShape) Stride() int { return (1 + s.Factors + 3) &^ 3 }

// Offset is where the entries of the first head begin in the model's bytes.
func (s FactorShape) Offset() int { return headerSize }

// HeadSize is the number of bytes of one head's entries.
func (s FactorShape) HeadSize() int { return 4 * s.Stride() * s.Linear().Entries() }

// Size is the number of bytes of a model.
func (s FactorShape) Size() int { return s.Offset() + s.Frame.Heads*s.HeadSize() }

func (s FactorShape) at(head, entry int) int {
	return s.Offset() + head*s.HeadSize() + 4*s.Stride()*entry
}

// Fingerprint is the word at OffsetFingerprint by which a module knows a model
// of its own shape.
func (s FactorShape) Fingerprint() uint32 {
	return binary.LittleEndian.Uint32(s.header()[OffsetFingerprint:])
}

func (s FactorShape) header() []byte {
	return header(magicFactor, s.Frame, s.Size(), uint32(s.Bits), uint32(s.Factors), s.Offset())
}

// Encode is the model's bytes, or ErrModel if a parameter is not finite or what
// is always zero is not.
func (m *Factor) Encode() ([]byte, error) {
	if m.Validate() != nil || len(m.Heads) != m.Frame.Heads {
		return nil, ErrModel
	}
	n := m.Linear().Entries()
	b := append(make([]byte, 0, m.Size()), m.header()...)[:m.Size()]
	for h, e := range m.Heads {
		if len(e.Mean) != n || len(e.Factor) != n*m.Factors {
			return nil, ErrModel
		}
		for i, v := range e.Mean {
			putFloat(b, m.at(h, i), v)
			putFloats(b, m.at(h, i)+4, m.factors(h, i))
		}
	}
	if m.inspect(b) != nil {
		return nil, ErrModel
	}
	return b, nil
}

// DecodeFactor reads a model's bytes, or returns ErrModel. It allocates as much
// again as b holds, and only once all of b was found sound.
func DecodeFactor(b []byte) (*Factor, error) {
	s, err := decodeFactorShape(b)
	if err != nil {
		return nil, err
	}
	if err := s.inspect(b); err != nil {
		return nil, err
	}
	m, err := NewFactor(s)
	if err != nil {
		return nil, ErrModel
	}
	for h, e := range m.Heads {
		for i := range e.Mean {
			e.Mean[i] = float(b, s.at(h, i))
			floats(m.factors(h, i), b, s.at(h, i)+4)
		}
	}
	return m, nil
}

func decodeFactorShape(b []byte) (s FactorShape, err error) {
	frame, bits, factors, err := readHeader(b)
	if err != nil {
		return s, err
	}
	s = FactorShape{Frame: frame, Bits: bits, Factors: factors}
	if s.Validate() != nil || len(b) != s.Size() || string(s.header()) != string(b[:headerSize]) {
		return s, ErrModel
	}
	return s, nil
}

// inspect checks all bytes behind the header: the bias has no embedding, a
// missing id has nothing.
func (s FactorShape) inspect(b []byte) error {
	linear := s.Linear()
	for h := range s.Frame.Heads {
		for e := range linear.Entries() {
			for i := range s.Stride() {
				v := float(b, s.at(h, e)+4*i)
				zero := i > s.Factors || e == linear.Nothing() || e == 0 && i > 0
				if notFinite(v) || zero && binary.LittleEndian.Uint32(b[s.at(h, e)+4*i:]) != 0 {
					return ErrModel
				}
			}
		}
	}
	return nil
}
