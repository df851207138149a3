package bundle

import (
	"math/rand/v2"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Resample fills a frame of the vector's shape with rows like its own: each column
// has any of the values that the vector has there, so that what depends on them,
// as the way through a tree does, goes every way. The same vector always fills
// alike. A vector without rows fills the context.
func (v Vector) Resample(to *abi.Frame) error {
	s, rows, err := abi.ParseHeader(v.Input)
	if err != nil {
		return err
	}
	from, err := abi.New(s, rows)
	if err != nil {
		return err
	}
	if s != to.Shape() {
		return abi.ErrShape
	}
	copy(from.Bytes(), v.Input)
	copy(to.ContextDense(), from.ContextDense())
	copy(to.ContextCategorical(), from.ContextCategorical())
	if rows == 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(1, 0))
	for b := range abi.Blocks(to.Rows()) {
		for c := range s.Dense {
			for i := range abi.BlockRows {
				pick := r.IntN(rows)
				to.Dense(b, c)[i] = from.Dense(pick/abi.BlockRows, c)[pick%abi.BlockRows]
			}
		}
		for c := range s.Categorical {
			for i := range abi.BlockRows {
				pick := r.IntN(rows)
				to.Categorical(b, c)[i] = from.Categorical(pick/abi.BlockRows, c)[pick%abi.BlockRows]
			}
		}
	}
	return nil
}
