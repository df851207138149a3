package together

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// ErrMalformed: bytes that are no pairs of version 0.
var ErrMalformed = errors.New("together: malformed pairs; release them again")

// Pairs are items with those that go with them. They do not change.
type Pairs struct {
	items  []uint64
	first  []uint32 // by item, and one more: where in near its own begin
	near   []uint64
	scores []float32
}

// Near are the items that go with an item, the best first, and how well: above 0
// and at most 1. known tells whether the item was ever bought with anything.
func (p *Pairs) Near(item uint64) (near []uint64, scores []float32, known bool) {
	i, known := slices.BinarySearch(p.items, item)
	if !known {
		return nil, nil, false
	}
	from, to := p.first[i], p.first[i+1]
	return p.near[from:to], p.scores[from:to], true
}

const (
	magic    = "AISLETOG"
	header   = 16
	entry    = 12
	maxItems = 1 << 20
	// MaxNear is how many go with an item at most.
	MaxNear = 32
)

var le = binary.LittleEndian

// Append appends the encoding.
func (p *Pairs) Append(dst []byte) []byte {
	dst = append(dst, magic...)
	dst = le.AppendUint32(le.AppendUint32(dst, 0), uint32(len(p.items)))
	for i, item := range p.items {
		dst = le.AppendUint32(le.AppendUint64(dst, item), p.first[i+1]-p.first[i])
	}
	for k, item := range p.near {
		dst = le.AppendUint32(le.AppendUint64(dst, item), math.Float32bits(p.scores[k]))
	}
	return dst
}

// Parse reads what Append wrote: ErrMalformed.
func Parse(b []byte) (*Pairs, error) {
	if len(b) < header || string(b[:8]) != magic || le.Uint32(b[8:]) != 0 {
		return nil, ErrMalformed
	}
	n, rest := int(le.Uint32(b[12:])), b[header:]
	if n > maxItems || len(rest) < entry*n || len(rest)%entry != 0 {
		return nil, ErrMalformed
	}
	m := len(rest)/entry - n
	p := &Pairs{items: make([]uint64, n), first: make([]uint32, n+1), near: make([]uint64, m), scores: make([]float32, m)}
	for i := range n {
		count := le.Uint32(rest[8:])
		p.items[i], p.first[i+1] = le.Uint64(rest), p.first[i]+min(count, MaxNear+1)
		if rest = rest[entry:]; count > MaxNear || i > 0 && p.items[i] <= p.items[i-1] {
			return nil, ErrMalformed
		}
	}
	if int(p.first[n]) != m {
		return nil, ErrMalformed
	}
	for k := range m {
		p.near[k], p.scores[k] = le.Uint64(rest), math.Float32frombits(le.Uint32(rest[8:]))
		if rest = rest[entry:]; !(p.scores[k] > 0 && p.scores[k] <= 1) {
			return nil, ErrMalformed
		}
	}
	return p, nil
}
