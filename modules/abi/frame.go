package abi

import (
	"errors"
	"unsafe"
)

// Magic is the first word of a frame: "ASF" and version 0.
const Magic = 'A' | 'S'<<8 | 'F'<<16

// Offsets of the words of a frame's header, see the package's document.
const (
	OffsetMagic     = 0
	offsetSize      = 4
	OffsetRows      = 8
	OffsetShape     = 12 // six words: the fields of Shape in order
	offsetContext   = 36
	offsetContextID = 40
	offsetBlocks    = 44
	offsetBlockSize = 48
	OffsetMeans     = 52
	offsetVariances = 56
	offsetReserved  = 60

	headerSize  = 64
	columnBytes = 4 * BlockRows
)

var (
	// ErrShape is returned for a shape or number of rows outside the limits.
	ErrShape = errors.New("frame shape or rows outside the limits")
	// ErrRoom is returned when a frame does not fit the bytes given for it, or they are not 16-aligned.
	ErrRoom = errors.New("not enough aligned room for the frame")
	// ErrFrame is returned for bytes that are not a frame of this version.
	ErrFrame = errors.New("not a version 0 score frame")
)

// Frame is a view of a frame's bytes; it copies nothing and holds no state of
// its own. It is valid as long as the bytes are, and not safe for writing from
// two goroutines. Hosts are little-endian and alignment was checked, so columns
// are plain slices.
type Frame struct {
	bytes  []byte
	shape  Shape
	rows   int
	blocks int // offset of the first block
	means  int // offset of the means
}

func view(b []byte, s Shape, rows int) (Frame, error) {
	size := s.Size(rows)
	if len(b) < size || uintptr(unsafe.Pointer(&b[0]))&15 != 0 {
		return Frame{}, ErrRoom
	}
	return Frame{b[:size:size], s, rows, s.OffsetBlocks(), s.InputSize(rows)}, nil
}

// New makes a frame in memory of its own.
func New(s Shape, rows int) (Frame, error) {
	if s.Validate() != nil || rows < 0 || rows > MaxRows {
		return Frame{}, ErrShape
	}
	words := make([]uint64, (s.Size(rows)+23)/8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	return Init(b[-uintptr(unsafe.Pointer(&b[0]))&15:], s, rows)
}

// Init writes the header of a frame at the start of b and returns the view.
// Columns and answers keep whatever b held.
func Init(b []byte, s Shape, rows int) (Frame, error) {
	if s.Validate() != nil || rows < 0 || rows > MaxRows {
		return Frame{}, ErrShape
	}
	f, err := view(b, s, rows)
	if err == nil {
		writeHeader(b, &f)
	}
	return f, err
}

func writeHeader(b []byte, f *Frame) {
	b = b[:headerSize]
	put32(b, OffsetMagic, Magic)
	put32(b, offsetSize, uint32(f.means+f.shape.Lanes()*laneSize(f.rows)))
	put32(b, OffsetRows, uint32(f.rows))
	for i, w := range f.shape.Words() {
		put32(b, OffsetShape+4*i, w)
	}
	put32(b, offsetContext, uint32(f.shape.OffsetContext()))
	put32(b, offsetContextID, uint32(f.shape.OffsetContextID()))
	put32(b, offsetBlocks, uint32(f.blocks))
	put32(b, offsetBlockSize, uint32(f.shape.BlockSize()))
	put32(b, OffsetMeans, uint32(f.means))
	variances := 0
	if f.shape.Variance {
		variances = f.means + f.shape.Heads*laneSize(f.rows)
	}
	put32(b, offsetVariances, uint32(variances))
	put32(b, offsetReserved, 0)
}

// Parse returns the view of a whole frame, or ErrFrame if b is not one: every
// word of the header is checked against what its shape and rows demand.
func Parse(b []byte) (Frame, error) {
	s, rows, err := ParseHeader(b)
	if err != nil {
		return Frame{}, err
	}
	return view(b, s, rows)
}

// ParseHeader reads the shape and the number of rows of the frame that b
// begins with; b need not hold more than the header and need not be aligned.
func ParseHeader(b []byte) (s Shape, rows int, err error) {
	if len(b) < headerSize {
		return s, 0, ErrFrame
	}
	var w [6]int
	for i := range w {
		w[i] = int(get32(b, OffsetShape+4*i))
	}
	s = Shape{w[0], w[1], w[2], w[3], w[4], w[5] == 1}
	rows = int(get32(b, OffsetRows))
	if s.Validate() != nil || rows < 0 || rows > MaxRows {
		return Shape{}, 0, ErrFrame
	}
	var want [headerSize]byte
	writeHeader(want[:], &Frame{shape: s, rows: rows, blocks: s.OffsetBlocks(), means: s.InputSize(rows)})
	if string(want[:]) != string(b[:headerSize]) {
		return Shape{}, 0, ErrFrame
	}
	return s, rows, nil
}

// Bytes is the whole frame.
func (f *Frame) Bytes() []byte { return f.bytes }

// Input is the frame without its answers: what a replay needs.
func (f *Frame) Input() []byte { return f.bytes[:f.means] }

// Shape is the frame's shape.
func (f *Frame) Shape() Shape { return f.shape }

// Rows is the number of rows.
func (f *Frame) Rows() int { return f.rows }

// ContextDense is the context's dense columns.
func (f *Frame) ContextDense() []float32 {
	return slice[float32](f.bytes, f.shape.OffsetContext(), f.shape.ContextDense)
}

// ContextCategorical is the context's categorical columns.
func (f *Frame) ContextCategorical() []uint32 {
	return slice[uint32](f.bytes, f.shape.OffsetContextID(), f.shape.ContextCategorical)
}

// Dense is one dense column of one block.
func (f *Frame) Dense(block, column int) *[BlockRows]float32 {
	return (*[BlockRows]float32)(slice[float32](f.bytes, f.column(block, column, f.shape.Dense), BlockRows))
}

// Categorical is one categorical column of one block.
func (f *Frame) Categorical(block, column int) *[BlockRows]uint32 {
	offset := f.column(block, column, f.shape.Categorical) + columnBytes*f.shape.Dense
	return (*[BlockRows]uint32)(slice[uint32](f.bytes, offset, BlockRows))
}

func (f *Frame) column(block, column, columns int) int {
	if uint(column) >= uint(columns) || uint(block) >= uint(Blocks(f.rows)) {
		panic("abi: no such column of a frame")
	}
	return f.blocks + block*f.shape.BlockSize() + columnBytes*column
}

// Blocks is the bytes of the blocks from first up to but without last, to be
// filled from blocks prepared before.
func (f *Frame) Blocks(first, last int) []byte {
	at, size := f.blocks, f.shape.BlockSize()
	if first < 0 || first > last || last > Blocks(f.rows) {
		panic("abi: no such blocks of a frame")
	}
	return f.bytes[at+first*size : at+last*size]
}

// DenseRow appends the dense columns of one row to dst.
func (f *Frame) DenseRow(dst []float32, row int) []float32 {
	if f.shape.Dense == 0 {
		return dst
	}
	block := slice[float32](f.bytes, f.column(row/BlockRows, 0, f.shape.Dense), BlockRows*f.shape.Dense)
	for at := row % BlockRows; at < len(block); at += BlockRows {
		dst = append(dst, block[at])
	}
	return dst
}

// CategoricalRow appends the categorical columns of one row to dst.
func (f *Frame) CategoricalRow(dst []uint32, row int) []uint32 {
	if f.shape.Categorical == 0 {
		return dst
	}
	offset := f.column(row/BlockRows, 0, f.shape.Categorical) + columnBytes*f.shape.Dense
	block := slice[uint32](f.bytes, offset, BlockRows*f.shape.Categorical)
	for at := row % BlockRows; at < len(block); at += BlockRows {
		dst = append(dst, block[at])
	}
	return dst
}

// Mean is a head's mean for each row.
func (f *Frame) Mean(head int) []float64 { return f.lane(head, 0) }

// Variance is a head's variance for each row, nil without variance.
func (f *Frame) Variance(head int) []float64 {
	if !f.shape.Variance {
		return nil
	}
	return f.lane(head, f.shape.Heads)
}

func (f *Frame) lane(head, first int) []float64 {
	if uint(head) >= uint(f.shape.Heads) {
		panic("abi: no such head of a frame")
	}
	offset := f.means + (first+head)*laneSize(f.rows)
	return slice[float64](f.bytes, offset, f.rows)
}

func slice[T float32 | float64 | uint32](b []byte, offset, n int) []T {
	if n == 0 {
		return nil
	}
	var zero T
	room := b[offset : offset+n*int(unsafe.Sizeof(zero))]
	return unsafe.Slice((*T)(unsafe.Pointer(&room[0])), n)
}

func put32(b []byte, at int, v uint32) {
	b = b[at : at+4]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

func get32(b []byte, at int) uint32 {
	b = b[at : at+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
