package guest

import (
	"unsafe"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Row is one candidate, and what is being said of one of its heads.
type Row struct {
	head, lane     int
	mean, variance float64
	terms          []float64 // nil while nobody asks why

	// numbers of the first columns of three of the four kinds
	contextIDs, dense, ids int
	// the context, and one block
	contextValues, values []float32
	contextID, valueIDs   []uint32
}

func newRow(s Shape) Row {
	return Row{
		contextIDs: s.ContextDense,
		dense:      s.ContextDense + s.ContextCategorical,
		ids:        s.ContextDense + s.ContextCategorical + s.Dense,
	}
}

// Head is the head that is asked for: 0 where there is only one.
func (r *Row) Head() int { return r.head }

// Dense is the value of a dense column, NaN if it is missing.
func (r *Row) Dense(column int) float32 {
	if i := column - r.dense; i >= 0 {
		return r.values[i*abi.BlockRows+r.lane]
	}
	return r.contextValues[column]
}

// Or is the value of a dense column, or other if it is missing.
func (r *Row) Or(column int, other float64) float64 {
	if x := r.Dense(column); x == x {
		return float64(x)
	}
	return other
}

// ID is the value of a categorical column, 0 if it is missing.
func (r *Row) ID(column int) uint32 {
	if i := column - r.ids; i >= 0 {
		return r.valueIDs[i*abi.BlockRows+r.lane]
	}
	return r.contextID[column-r.contextIDs]
}

// Add adds to the mean, on account of a column or of Bias.
func (r *Row) Add(column int, v float64) {
	r.mean += v
	if r.terms != nil {
		r.terms[1+column] += v
	}
}

// SetVariance says how uncertain the mean is.
func (r *Row) SetVariance(v float64) { r.variance = v }

// open turns to a block of the frame.
func (r *Row) open(f *abi.Frame, index int) {
	s := f.Shape()
	r.contextValues, r.contextID = f.ContextDense(), f.ContextCategorical()
	if s.Dense > 0 {
		r.values = unsafe.Slice(&f.Dense(index, 0)[0], s.Dense*abi.BlockRows)
	}
	if s.Categorical > 0 {
		r.valueIDs = unsafe.Slice(&f.Categorical(index, 0)[0], s.Categorical*abi.BlockRows)
	}
}

// score asks the author.
func (r *Row) score(head, lane int) {
	r.head, r.lane, r.mean, r.variance = head, lane, 0, 0
	scorer.Row(r)
}
