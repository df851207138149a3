package scoring

import (
	"encoding/binary"
	"math"
)

const magicLinUCB = "ALU\x00"

// Defaults is where the defaults lie in the model's bytes.
func (s LinUCBShape) Defaults() int { return headerSize }

// Offset is where the heads begin in the model's bytes.
func (s LinUCBShape) Offset() int { return align64(headerSize + 4*(s.Width()-s.first())) }

// Size is the number of bytes of a model.
func (s LinUCBShape) Size() int { return s.Line(s.Frame.Heads, 0) }

// Line is the offset of line 0, the weights of a head, or of line 1+j, column j of
// its root.
func (s LinUCBShape) Line(head, line int) int {
	d := s.Width()
	return s.Offset() + 4*d*(head*(1+d)+line)
}

// Fingerprint is the word at OffsetFingerprint by which a module knows a model
// of its own shape.
func (s LinUCBShape) Fingerprint() uint32 {
	return binary.LittleEndian.Uint32(s.header()[OffsetFingerprint:])
}

// header is the model's bytes up to the defaults.
func (s LinUCBShape) header() []byte {
	return header(magicLinUCB, s.Frame, s.Size(), uint32(s.first()), 0, s.Offset())
}

// Encode is the model's bytes, or ErrModel if a parameter is not finite or a
// root is not lower-triangular.
func (l *LinUCB) Encode() ([]byte, error) {
	if l.Validate() != nil || len(l.Heads) != l.Frame.Heads || len(l.Default) != l.Width()-l.first() {
		return nil, ErrModel
	}
	d := l.Width()
	b := append(make([]byte, 0, l.Size()), l.header()...)[:l.Size()]
	putFloats(b, headerSize, l.Default)
	for h, p := range l.Heads {
		if len(p.Mean) != d || len(p.Root) != d*d {
			return nil, ErrModel
		}
		putFloats(b, l.Line(h, 0), p.Mean)
		for i, v := range p.Root {
			putFloat(b, l.Line(h, 1+i%d)+4*(i/d), v)
		}
	}
	if l.inspect(b) != nil {
		return nil, ErrModel
	}
	return b, nil
}

// DecodeLinUCB reads a model's bytes, or returns ErrModel. It allocates as much
// again as b holds, and only once all of b was found sound.
func DecodeLinUCB(b []byte) (*LinUCB, error) {
	s, err := decodeLinUCBShape(b)
	if err != nil {
		return nil, err
	}
	if err := s.inspect(b); err != nil {
		return nil, err
	}
	l, err := NewLinUCB(s)
	if err != nil {
		return nil, ErrModel
	}
	d := s.Width()
	floats(l.Default, b, headerSize)
	for h, p := range l.Heads {
		floats(p.Mean, b, s.Line(h, 0))
		for i := range p.Root {
			p.Root[i] = float(b, s.Line(h, 1+i%d)+4*(i/d))
		}
	}
	return l, nil
}

func decodeLinUCBShape(b []byte) (s LinUCBShape, err error) {
	frame, first, _, err := readHeader(b)
	if err != nil {
		return s, err
	}
	s = LinUCBShape{Frame: frame, Bias: first == 1}
	if s.Validate() != nil || len(b) != s.Size() || string(s.header()) != string(b[:headerSize]) {
		return s, ErrModel
	}
	return s, nil
}

// inspect checks all bytes behind the header.
func (s LinUCBShape) inspect(b []byte) error {
	d := s.Width()
	for at := headerSize; at < len(b); at += 4 {
		if notFinite(float(b, at)) {
			return ErrModel
		}
	}
	for at := headerSize + 4*(d-s.first()); at < s.Offset(); at += 4 {
		if float(b, at) != 0 || math.Signbit(float64(float(b, at))) {
			return ErrModel
		}
	}
	for h := range s.Frame.Heads {
		for j := range d {
			for i := range j {
				if binary.LittleEndian.Uint32(b[s.Line(h, 1+j)+4*i:]) != 0 {
					return ErrModel
				}
			}
		}
	}
	return nil
}
