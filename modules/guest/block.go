package guest

import (
	"unsafe"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Block is 16 rows. Those past the frame's last row hold anything, and what is
// answered for them means nothing.
type Block struct {
	index                  int
	contextIDs, dense, ids int // numbers of the first columns of three of the four kinds
}

func newBlock(s Shape) Block {
	r := newRow(s)
	return Block{0, r.contextIDs, r.dense, r.ids}
}

// Context is the value of a dense column of the context, NaN if it is missing.
func (b *Block) Context(column int) float32 { return frame.ContextDense()[column] }

// ContextID is the value of a categorical column of the context, 0 if it is missing.
func (b *Block) ContextID(column int) uint32 { return frame.ContextCategorical()[column-b.contextIDs] }

// Dense is a dense column of the rows; NaN is missing.
func (b *Block) Dense(column int) *[abi.BlockRows]float32 {
	return frame.Dense(b.index, column-b.dense)
}

// ID is a categorical column of the rows; 0 is missing.
func (b *Block) ID(column int) *[abi.BlockRows]uint32 {
	return frame.Categorical(b.index, column-b.ids)
}

// Mean is where a head's means go.
func (b *Block) Mean(head int) *[abi.BlockRows]float64 { return b.lanes(frame.Mean(head)) }

// Variance is where a head's variances go.
func (b *Block) Variance(head int) *[abi.BlockRows]float64 { return b.lanes(frame.Variance(head)) }

// lanes is the block's part of the answers, which are padded to whole blocks.
func (b *Block) lanes(answers []float64) *[abi.BlockRows]float64 {
	return (*[abi.BlockRows]float64)(unsafe.Pointer(&answers[b.index*abi.BlockRows]))
}
