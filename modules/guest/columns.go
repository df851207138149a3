package guest

import (
	"unsafe"

	"github.com/aisle-edge/aisle/modules/abi"
)

// columns is where the 16 values of each column of the current block are, by the
// column's number; nil where the column is of the other kind. A context column's
// 16 are all the same.
type columns struct {
	dense []*[abi.BlockRows]float32
	ids   []*[abi.BlockRows]uint32
	index int // of the block
}

func newColumns(s Shape) columns {
	c := columns{dense: make([]*[abi.BlockRows]float32, s.Columns()), ids: make([]*[abi.BlockRows]uint32, s.Columns())}
	for i := range s.ContextDense {
		c.dense[i] = new([abi.BlockRows]float32)
	}
	for i := range s.ContextCategorical {
		c.ids[s.ContextDense+i] = new([abi.BlockRows]uint32)
	}
	return c
}

// open turns to a frame's context and to one of its blocks.
func (c *columns) open(f *abi.Frame, index int) {
	s := f.Shape()
	for i, x := range f.ContextDense() {
		fill(c.dense[i], x)
	}
	for i, id := range f.ContextCategorical() {
		fill(c.ids[s.ContextDense+i], id)
	}
	first := s.ContextDense + s.ContextCategorical
	for i := range s.Dense {
		c.dense[first+i] = f.Dense(index, i)
	}
	for i := range s.Categorical {
		c.ids[first+s.Dense+i] = f.Categorical(index, i)
	}
	c.index = index
}

func fill[T float32 | uint32](to *[abi.BlockRows]T, v T) {
	for i := range to {
		to[i] = v
	}
}

// next turns to the next block, which must be there.
func (c *columns) next(s Shape) {
	size := uintptr(s.BlockSize())
	first := s.ContextDense + s.ContextCategorical
	for i, at := range c.dense[first : first+s.Dense] {
		c.dense[first+i] = (*[abi.BlockRows]float32)(unsafe.Add(unsafe.Pointer(at), size))
	}
	first += s.Dense
	for i, at := range c.ids[first:] {
		c.ids[first+i] = (*[abi.BlockRows]uint32)(unsafe.Add(unsafe.Pointer(at), size))
	}
	c.index++
}
