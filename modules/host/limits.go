package host

import (
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Limits bound one module; a zero field means its default.
type Limits struct {
	// Fuel is how many slices a call may use, default 64, and Rows how many more
	// for each 1,024 rows that it scores, default 32. 500 trees of 31 leaves use
	// 25 for 1,024 rows, LinUCB with 64 columns and 8 heads 38, a Go guest of ten
	// columns 2, a linear model less than one.
	Fuel, Rows int
	// Initialize is how many slices _initialize may use, default 512. A Go runtime
	// starts within 16.
	Initialize int
	// Instances is the size of the pool, default GOMAXPROCS+1. Each holds the
	// model once, and a foreign module's image holds it once more.
	Instances int
	// Wait bounds how long Borrow waits, default as long as it takes.
	Wait time.Duration
	// Frame is the shape of the frames it scores, and Room for how many rows of them
	// there is room before any request, default 1,024: a foreign module that makes
	// more room, and grows for it, is made anew each time. A zero shape is not known,
	// and room is made when it is asked for.
	Frame abi.Shape
	Room  int
	// Ours says that the module is of a family of ours, so that its work follows from
	// its model: Preflight measures what a row takes and grants it, instead of Rows,
	// or returns ErrHeavy.
	Ours bool
	// Interpreter runs this module without native code.
	Interpreter bool
	// Keeps says that the module leaves the rows of a frame as they are, and nothing
	// else: true only of code that is byte for byte what our emitters make. Any other
	// module's instances are renewed after each borrower, and Instance.FrameOf never
	// says that rows are there still.
	Keeps bool
	// Meter bounds the module itself; its Pages are those of the engine unless
	// fewer are given.
	Meter meter.Limits
}

// LimitsOf are the limits of a bundle's module as compile.Module gives it: what an
// emitter here makes is known to leave the rows as they are, and modules of our
// families are granted what their model takes.
func LimitsOf(b *bundle.Bundle) Limits {
	m := &b.Manifest
	shape, _ := m.Frame() // zero where the manifest has none
	return Limits{Keeps: m.Emitter != "", Ours: m.Family != "" && m.Family != bundle.FamilyOwn, Frame: shape}
}
