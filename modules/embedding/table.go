package embedding

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Bounds of a table.
const (
	MaxItems = 50_000
	MaxDims  = 32
	MaxSize  = header + MaxItems*(8+MaxDims) // bytes of an encoding

	header  = 8
	longest = 181 * 181 // sum of squares: a product of two such vectors fits 16 bits
)

var (
	// ErrVersion: a table of a format this build does not read.
	ErrVersion = errors.New("embedding: unknown version; update this program")
	// ErrMalformed: bytes, or vectors, that are no table of this version.
	ErrMalformed = errors.New("embedding: malformed table")
)

// Nowhere is the row of an item that the table does not have.
const Nowhere = -1

// Table has the vectors of items. It does not change; its zero value has none.
type Table struct {
	dims    int
	items   []uint64
	vectors []int8
	rows    map[uint64]int32
}

// New makes a table of items, by the xxhash64 of their ids, ascending, and their
// vectors of dims numbers, one after the other. It keeps both. ErrMalformed.
func New(dims int, items []uint64, vectors []int8) (*Table, error) {
	if dims < 1 || dims > MaxDims || len(items) > MaxItems || len(vectors) != dims*len(items) {
		return nil, ErrMalformed
	}
	t := &Table{dims, items, vectors, make(map[uint64]int32, len(items))}
	for i, item := range items {
		if i > 0 && item <= items[i-1] || squares(t.Vector(i)) > longest {
			return nil, ErrMalformed
		}
		t.rows[item] = int32(i)
	}
	return t, nil
}

func squares(v []int8) (sum int) {
	for _, x := range v {
		sum += int(x) * int(x)
	}
	return sum
}

// Len is the number of items, and Dims of a vector's numbers.
func (t *Table) Len() int { return len(t.items) }

// Dims is how many numbers a vector has, 0 without a table.
func (t *Table) Dims() int { return t.dims }

// Row is that of an item by the xxhash64 of its id, or Nowhere.
func (t *Table) Row(item uint64) int {
	if row, ok := t.rows[item]; ok {
		return int(row)
	}
	return Nowhere
}

// Item is the xxhash64 of the id of a row.
func (t *Table) Item(row int) uint64 { return t.items[row] }

// Vector is that of a row. It is for reading.
func (t *Table) Vector(row int) []int8 { return t.vectors[row*t.dims:][:t.dims:t.dims] }

// Append appends the table's encoding to dst.
func (t *Table) Append(dst []byte) []byte {
	dst = slices.Grow(dst, header+len(t.items)*8+len(t.vectors))
	dst = append(dst, 0, byte(max(t.dims, 1)), 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(t.items)))
	for _, item := range t.items {
		dst = binary.LittleEndian.AppendUint64(dst, item)
	}
	for _, x := range t.vectors {
		dst = append(dst, byte(x))
	}
	return dst
}

// Parse reads a table. It keeps nothing of b.
func Parse(b []byte) (*Table, error) {
	switch {
	case len(b) < header:
		return nil, ErrMalformed
	case b[0] != 0:
		return nil, ErrVersion
	}
	dims, n := int(b[1]), binary.LittleEndian.Uint32(b[4:])
	if dims < 1 || dims > MaxDims || b[2]|b[3] != 0 || n > MaxItems || len(b) != header+int(n)*(8+dims) {
		return nil, ErrMalformed
	}
	items, vectors := make([]uint64, n), make([]int8, int(n)*dims)
	for i := range items {
		items[i] = binary.LittleEndian.Uint64(b[header+8*i:])
	}
	for i, x := range b[header+8*int(n):] {
		vectors[i] = int8(x)
	}
	return New(dims, items, vectors)
}
