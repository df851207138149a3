package abi

// Shape says which columns a frame has and what is answered for each row.
type Shape struct {
	ContextDense       int // f32 columns, once a frame
	ContextCategorical int // u32 columns, once a frame
	Dense              int // f32 columns of a row
	Categorical        int // u32 columns of a row
	Heads              int // means a row
	Variance           bool
}

// Validate returns ErrShape unless every number is within the limits.
func (s Shape) Validate() error {
	for _, n := range [...]int{s.ContextDense, s.ContextCategorical, s.Dense, s.Categorical} {
		if n < 0 || n > MaxColumns {
			return ErrShape
		}
	}
	if s.Heads < 1 || s.Heads > MaxHeads {
		return ErrShape
	}
	return nil
}

// Lanes is the number of answers a row: heads, twice with variance.
func (s Shape) Lanes() int {
	if s.Variance {
		return 2 * s.Heads
	}
	return s.Heads
}

// Columns is the number of columns of all four kinds.
func (s Shape) Columns() int {
	return s.ContextDense + s.ContextCategorical + s.Dense + s.Categorical
}

// BlockSize is the number of bytes of one block of rows.
func (s Shape) BlockSize() int { return columnBytes * (s.Dense + s.Categorical) }

// Words are the header's words from OffsetShape on that tell the shape.
func (s Shape) Words() [6]uint32 {
	w := [6]uint32{
		uint32(s.ContextDense), uint32(s.ContextCategorical),
		uint32(s.Dense), uint32(s.Categorical), uint32(s.Heads), 0,
	}
	if s.Variance {
		w[5] = 1
	}
	return w
}

// OffsetContext is where the context's dense values begin.
func (s Shape) OffsetContext() int { return headerSize }

// OffsetContextID is where the context's categorical values begin.
func (s Shape) OffsetContextID() int { return align(headerSize + 4*s.ContextDense) }

// OffsetBlocks is where the first block begins.
func (s Shape) OffsetBlocks() int { return align(s.OffsetContextID() + 4*s.ContextCategorical) }

// InputSize is the number of bytes of a frame before its answers.
func (s Shape) InputSize(rows int) int { return s.OffsetBlocks() + Blocks(rows)*s.BlockSize() }

// Size is the number of bytes of a frame.
func (s Shape) Size(rows int) int { return s.InputSize(rows) + s.Lanes()*laneSize(rows) }

// laneSize is the number of bytes of one answer to all rows.
func laneSize(rows int) int { return Blocks(rows) * BlockRows * 8 }

// Blocks is the number of blocks that hold the rows.
func Blocks(rows int) int { return (rows + BlockRows - 1) / BlockRows }

func align(n int) int { return (n + 15) &^ 15 }
