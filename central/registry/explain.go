package registry

import (
	"errors"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
)

// errExplain is returned for a module that tells people what is not so.
var errExplain = errors.New("its contributions (aisle_explain) do not sum to its answers; correct it, or leave that export out")

// explains asks a module of somebody's own what its answers to the golden vectors
// consist of. One that does not tell is sound too.
func explains(m *host.Module, b *bundle.Bundle) error {
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	for _, v := range b.Golden {
		shape, rows, err := abi.ParseHeader(v.Input)
		if err != nil {
			return err
		}
		f, err := in.Frame(shape, rows)
		if err != nil {
			return err
		}
		copy(f.Bytes(), v.Input)
		if err := in.Score(); err != nil {
			return err
		}
		mean := f.Mean(0)[0] // asking may move the frame
		terms, err := in.Explain(0, 0, b.Manifest.Terms())
		if errors.Is(err, host.ErrNoExplain) {
			return nil
		} else if err != nil {
			return err
		}
		if !sumTo(terms, mean) {
			return errExplain
		}
	}
	return nil
}

// sumTo allows for the rounding of sums in f32.
func sumTo(terms []float64, mean float64) bool {
	sum, size := 0.0, math.Abs(mean)
	for _, t := range terms {
		sum, size = sum+t, size+math.Abs(t)
	}
	return math.Abs(sum-mean) <= 1e-3*size
}
