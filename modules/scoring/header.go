package scoring

import (
	"encoding/binary"
	"hash/fnv"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
)

// header is the first 64 bytes of a model whose shape is a frame's and two words.
// The fingerprint is of the magic too: no module takes another family's model.
func header(magic string, frame abi.Shape, size int, first, second uint32, offset int) []byte {
	le := binary.LittleEndian
	b := make([]byte, headerSize)
	copy(b, magic)
	for i, w := range frame.Words() {
		le.PutUint32(b[8+4*i:], w)
	}
	le.PutUint32(b[4:], uint32(size))
	le.PutUint32(b[32:], first)
	le.PutUint32(b[36:], second)
	le.PutUint32(b[40:], uint32(offset))
	h := fnv.New32a()
	h.Write(b[:4])
	h.Write(b[8:OffsetFingerprint])
	le.PutUint32(b[OffsetFingerprint:], h.Sum32())
	return b
}

// readHeader reads what header took. Whoever decodes compares the whole header
// with the one that the shape must have.
func readHeader(b []byte) (frame abi.Shape, first, second int, err error) {
	if len(b) < headerSize {
		return frame, 0, 0, ErrModel
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	frame = abi.Shape{
		ContextDense: word(8), ContextCategorical: word(12), Dense: word(16), Categorical: word(20),
		Heads: word(24), Variance: word(28) == 1,
	}
	return frame, word(32), word(36), nil
}

func align64(n int) int { return (n + 63) &^ 63 }

func putFloat(b []byte, at int, v float32) {
	binary.LittleEndian.PutUint32(b[at:], math.Float32bits(v))
}

func putFloats(b []byte, at int, values []float32) {
	for i, v := range values {
		putFloat(b, at+4*i, v)
	}
}

func floats(dst []float32, b []byte, at int) {
	for i := range dst {
		dst[i] = float(b, at+4*i)
	}
}
