// Package guest is what a scoring module written in Go is built with. The author
// says which columns a frame has and what a row is worth:
//
//	const (
//		temperature = iota
//		margin
//	)
//
//	func init() {
//		guest.Register(guest.Scorer{Shape: guest.Shape{ContextDense: 1, Dense: 1, Heads: 1}, Row: score})
//	}
//
//	func score(r *guest.Row) {
//		r.Add(guest.Bias, 0.1)
//		r.Add(margin, 0.5*r.Or(margin, 0.2))
//	}
//
//	func main() {}
//
// and builds it with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared. The
// package exports what package abi demands. It keeps room for one frame and
// allocates nothing to score it.
//
// Columns are numbered as the manifest lists them: dense and then categorical
// columns of the context, dense and then categorical ones of a row. Naming a
// column that isn't there, or not of that kind, traps.
package guest

import "github.com/aisle-edge/aisle/modules/abi"

// Shape says how many columns of each kind a frame has, and what is answered.
type Shape = abi.Shape

// Bias stands for what no column caused.
const Bias = -1

// Scorer is what the author provides.
type Scorer struct {
	Shape Shape
	// Row scores one head of one row, by calling Add.
	Row func(r *Row)
	// Block, if there is one, scores 16 rows at once instead. Row still says why a
	// row scored what it did, so both must agree.
	Block func(b *Block)
}

// Register says what this module does. Call it once, from an init function. It
// panics on a shape outside the limits.
func Register(s Scorer) {
	if err := s.Shape.Validate(); err != nil {
		panic(err)
	}
	scorer = s
	row.columns = newColumns(s.Shape)
	block.columns = newColumns(s.Shape)
	terms = make([]float64, 1+s.Shape.Columns())
}

// A module has one scorer and scores one frame at a time.
var (
	scorer Scorer
	frame  abi.Frame
	row    Row
	block  Block
	terms  []float64 // of the last explanation: the bias, then the columns
)
