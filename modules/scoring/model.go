package scoring

import "github.com/aisle-edge/aisle/modules/abi"

// Model is a model of any family: the reference for every other way of
// computing it.
type Model interface {
	// FrameShape is the shape of the frames that it scores.
	FrameShape() abi.Shape
	// Score answers a frame, or returns ErrShape for one of another shape.
	Score(f *abi.Frame) error
	// Contributions is what each summand adds to one head's mean for a row: the
	// bias, the columns in frame order, the crosses. They sum to the mean but for
	// rounding.
	Contributions(head int, r Row) []float64
	// Encode is the model's bytes, or ErrModel if a parameter is outside what its
	// family allows.
	Encode() ([]byte, error)
}

// FrameShape is the shape of the frames that a linear model scores.
func (l *Linear) FrameShape() abi.Shape { return l.Frame }
