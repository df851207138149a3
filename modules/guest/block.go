package guest

import (
	"unsafe"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Block is 16 rows. Those past the frame's last row hold anything, and what is
// answered for them means nothing. A column of the context holds 16 times its
// value.
type Block struct{ columns }

// Dense is a dense column; NaN is missing.
func (b *Block) Dense(column int) *[abi.BlockRows]float32 { return b.dense[column] }

// ID is a categorical column; 0 is missing.
func (b *Block) ID(column int) *[abi.BlockRows]uint32 { return b.ids[column] }

// Mean is where a head's means go.
func (b *Block) Mean(head int) *[abi.BlockRows]float64 { return b.lanes(frame.Mean(head)) }

// Variance is where a head's variances go.
func (b *Block) Variance(head int) *[abi.BlockRows]float64 { return b.lanes(frame.Variance(head)) }

// lanes is the block's part of the answers, which are padded to whole blocks.
func (b *Block) lanes(answers []float64) *[abi.BlockRows]float64 {
	return (*[abi.BlockRows]float64)(unsafe.Pointer(&answers[b.index*abi.BlockRows]))
}
