// Package bitmap holds a set of candidates by their place: what is allowed, what
// is in stock, what a rule takes away.
//
// A place past the end of a set is not in it, so sets of different lengths mix;
// writing past the end panics like a slice. As bytes a set is lowest bit first
// and cut to whole bytes, the way a decision records it.
package bitmap

import (
	"encoding/binary"
	"errors"
	"iter"
	"math/bits"
)

// ErrLength: bytes that are not a set of the said length.
var ErrLength = errors.New("bitmap: bytes of another length")

// Bits is a set of places, 64 to a word. Its zero value is empty; it is copied
// with copy or append and is not safe for one writer beside readers.
type Bits []uint64

// New returns an empty set that can hold the places below n.
func New(n int) Bits { return make(Bits, words(n)) }

func words(n int) int { return (n + 63) / 64 }

// Read makes dst the set of n places that b holds, and returns it: dst is
// reused when it is large enough. ErrLength when b is not ⌈n/8⌉ bytes or has a
// bit at or past n.
func Read(dst Bits, b []byte, n int) (Bits, error) {
	if n < 0 || len(b) != (n+7)/8 || n%8 != 0 && b[len(b)-1]>>(n%8) != 0 {
		return nil, ErrLength
	}
	dst = dst[:0]
	for len(b) >= 8 {
		dst = append(dst, binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		dst = append(dst, binary.LittleEndian.Uint64(last[:]))
	}
	return dst, nil
}

// Append appends the first n places to dst, ⌈n/8⌉ bytes, lowest bit first.
func (b Bits) Append(dst []byte, n int) []byte {
	end := len(dst) + (n+7)/8
	for i := range words(n) {
		dst = binary.LittleEndian.AppendUint64(dst, b.word(i)&mask(n-64*i))
	}
	return dst[:end]
}

// mask has the lowest n bits, all 64 when n is larger.
func mask(n int) uint64 {
	if n >= 64 {
		return ^uint64(0)
	}
	return 1<<n - 1
}

func (b Bits) word(i int) uint64 {
	if i < len(b) {
		return b[i]
	}
	return 0
}

// Has tells whether place i is in the set.
func (b Bits) Has(i int) bool { return b.word(i/64)>>(i%64)&1 == 1 }

// Set puts place i in.
func (b Bits) Set(i int) { b[i/64] |= 1 << (i % 64) }

// Clear takes place i out.
func (b Bits) Clear(i int) { b[i/64] &^= 1 << (i % 64) }

// Fill makes the set the places below n, at most as many as it can hold.
func (b Bits) Fill(n int) {
	for i := range b {
		b[i] = mask(max(0, n-64*i))
	}
}

// And keeps what is also in o.
func (b Bits) And(o Bits) {
	for i := range b {
		b[i] &= o.word(i)
	}
}

// AndNot takes out what is in o.
func (b Bits) AndNot(o Bits) {
	for i := range min(len(b), len(o)) {
		b[i] &^= o[i]
	}
}

// Any tells whether anything is in the set.
func (b Bits) Any() bool {
	for _, w := range b {
		if w != 0 {
			return true
		}
	}
	return false
}

// Count is the number of places in the set.
func (b Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Select is the place that has j others of the set below it, or -1.
func (b Bits) Select(j int) int {
	for i, w := range b {
		n := bits.OnesCount64(w)
		if j < n && j >= 0 {
			return 64*i + selectWord(w, j)
		}
		j -= n
	}
	return -1
}

// selectWord halves the word until the j-th of its set bits is left.
func selectWord(w uint64, j int) int {
	at := 0
	for half := 32; half > 0; half /= 2 {
		if n := bits.OnesCount64(w & mask(half)); j >= n {
			j -= n
			at += half
			w >>= half
		} else {
			w &= mask(half)
		}
	}
	return at
}

// All yields the places in ascending order. What is cleared meanwhile in a word
// already begun is still yielded.
func (b Bits) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(64*i + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
