package bundle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Vector is a frame and the bits that must come out.
type Vector struct {
	Input  []byte // a frame without its answers
	Output []byte // f64 bits: means head after head, one a row, then variances
}

const vectorHeader = 16

// Golden makes vectors for a model of any family from the reference. The same
// model always gives the same vectors.
func Golden(m scoring.Model) ([]Vector, error) {
	model, err := m.Encode()
	if err != nil {
		return nil, fmt.Errorf("make golden vectors: %w", err)
	}
	return golden(m.FrameShape(), sha256.Sum256(model), fill(m), m.Score)
}

// GoldenOf makes vectors of what score answers, for a module without a
// reference. The same seed always gives the same frames.
func GoldenOf(s abi.Shape, seed [32]byte, score func(*abi.Frame) error) ([]Vector, error) {
	return golden(s, seed, nil, score)
}

// golden makes rows that fill a block, cross one and fall short of one, with
// values, ids and contexts present and missing. fill, if any, writes over the
// present values what a model tells apart.
func golden(s abi.Shape, seed [32]byte, fill func(*abi.Frame, *rand.Rand), score func(*abi.Frame) error) ([]Vector, error) {
	r := sample.Rand(binary.LittleEndian.Uint64(seed[:]))
	var out []Vector
	frames := []sampled{{16, 0}, {37, 0.2}, {1, 0.5}, {5, 1}}
	if fill != nil && s.ContextDense > 0 { // of which a frame tries one value only
		frames = append(frames, slices.Repeat([]sampled{{1, 0.05}}, 16)...)
	}
	for _, c := range frames {
		f, err := abi.New(s, c.rows)
		if err != nil {
			return nil, fmt.Errorf("make golden vectors: %w", err)
		}
		sample.Fill(&f, r, c.missing)
		if fill != nil {
			fill(&f, r)
		}
		if err := score(&f); err != nil {
			return nil, fmt.Errorf("make golden vectors: %w", err)
		}
		out = append(out, Vector{Input: f.Input(), Output: Answers(nil, &f)})
	}
	return out, nil
}

// sampled is how a golden vector's frame is made.
type sampled struct {
	rows    int
	missing float64
}

// Answers appends the bits of a frame's answers as a Vector holds them.
func Answers(dst []byte, f *abi.Frame) []byte {
	for h := range f.Shape().Heads {
		dst = appendBits(dst, f.Mean(h))
	}
	for h := range f.Shape().Heads {
		dst = appendBits(dst, f.Variance(h))
	}
	return dst
}

func appendBits(dst []byte, values []float64) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

func (v Vector) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v.Input)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v.Output)))
	dst = append(dst, make([]byte, vectorHeader-8)...)
	return append(append(dst, v.Input...), v.Output...)
}

// maxVectors bounds what a node runs before it activates a model.
const maxVectors = 64

func parseVectors(b []byte) (out []Vector, err error) {
	for len(b) > 0 {
		if len(out) == maxVectors {
			return nil, fmt.Errorf("%w: more than 64 golden vectors", ErrBundle)
		}
		if len(b) < vectorHeader {
			return nil, fmt.Errorf("%w: a golden vector is cut off", ErrBundle)
		}
		input, output := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
		if rest := len(b) - vectorHeader; input > rest || output > rest-input || binary.LittleEndian.Uint64(b[8:]) != 0 {
			return nil, fmt.Errorf("%w: a golden vector is cut off", ErrBundle)
		}
		b = b[vectorHeader:]
		out = append(out, Vector{b[:input:input], b[input : input+output : input+output]})
		b = b[input+output:]
	}
	return out, nil
}

// fits checks that a vector is of the shape and whole.
func (v Vector) fits(want abi.Shape) error {
	s, rows, err := abi.ParseHeader(v.Input)
	if err != nil || s != want || len(v.Input) != s.InputSize(rows) || len(v.Output) != 8*rows*s.Lanes() {
		return fmt.Errorf("%w: a golden vector is of another shape", ErrBundle)
	}
	return nil
}
