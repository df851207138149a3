package host

import (
	"errors"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
)

// ErrSum is returned for a module that tells people what is not so.
var ErrSum = errors.New("its contributions (aisle_explain) do not sum to its answers; correct it, or leave that export out")

// Tells asks what the answers to golden vectors consist of, in terms summands, or
// returns ErrSum. A module that does not tell is sound too.
func (m *Module) Tells(vectors []bundle.Vector, terms int) error {
	for _, v := range vectors {
		switch err := m.tells(v, terms); {
		case errors.Is(err, ErrNoExplain):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (m *Module) tells(v bundle.Vector, terms int) error {
	shape, rows, err := abi.ParseHeader(v.Input)
	if err != nil || rows == 0 {
		return err
	}
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(shape, rows)
	if err != nil {
		return err
	}
	copy(f.Bytes(), v.Input)
	if err := in.Score(); err != nil {
		return err
	}
	mean := f.Mean(0)[0] // asking may move the frame
	summands, err := in.Explain(0, 0, terms)
	if err != nil {
		return err
	}
	if !sumTo(summands, mean) {
		return ErrSum
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
