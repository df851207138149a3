// Package sextet reads what consent strings are made of: base64url of any length,
// numbers of some bits, and sets of vendors as bit fields or ranges. It never
// writes out a range, so a hostile one costs no more than its own bytes.
package sextet

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// values gives a letter of base64url its six bits; 255 is none.
var values = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		t[c] = byte(i)
	}
	return t
}()

// Decode appends the bits of s to dst, zeros filling the last byte, and gives a
// Reader of them. Six bits a letter and no padding: any number of letters is
// good. It is false when s holds another letter.
func Decode(dst []byte, s string) (Reader, []byte, bool) {
	start, n := len(dst), len(s)
	dst = slices.Grow(dst, (6*len(s)+7)/8)[:start+(6*len(s)+7)/8]
	out, bad := dst[start:], byte(0)
	for ; len(s) >= 4 && len(out) >= 3; s, out = s[4:], out[3:] {
		a, b, c, d := values[s[0]], values[s[1]], values[s[2]], values[s[3]]
		bad |= a | b | c | d
		out[0], out[1], out[2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
	}
	var rest uint32
	for i := range len(s) {
		bad |= values[s[i]]
		rest |= uint32(values[s[i]]) << (26 - 6*i)
	}
	for i := range out {
		out[i] = byte(rest >> (24 - 8*i))
	}
	return Reader{b: dst[start:len(dst):len(dst)], n: 6 * n}, dst, bad < 64
}

// Reader takes bits off the front, the highest of a byte first, until Broken.
type Reader struct {
	b      []byte
	n, pos int
	broken bool
}

// Broken tells whether more was read than there is.
func (r *Reader) Broken() bool { return r.broken }

// Break makes the reader broken, for a caller that read what can't be.
func (r *Reader) Break() { r.broken = true }

// Left is the number of bits not read yet.
func (r *Reader) Left() int { return r.n - r.pos }

// Uint reads a number of n bits, at most 57; 0 when broken.
func (r *Reader) Uint(n int) uint64 {
	if r.broken || n > r.n-r.pos {
		r.broken = true
		return 0
	}
	v := window(r.b, r.pos) >> (64 - n)
	r.pos += n
	return v
}

// Int reads a number of n bits.
func (r *Reader) Int(n int) int { return int(r.Uint(n)) }

// Padded tells whether what is left is zeros only.
func (r *Reader) Padded() bool {
	rest := *r
	for rest.Left() >= 48 {
		if rest.Uint(48) != 0 {
			return false
		}
	}
	return rest.Uint(rest.Left()) == 0 && !rest.broken
}

// Bool reads one bit.
func (r *Reader) Bool() bool { return r.Uint(1) == 1 }

// Set reads n bits, at most 57, of which the first stands for 1.
func (r *Reader) Set(n int) Set {
	return Set(bits.Reverse64(r.Uint(n)) >> (64 - n))
}

// window is at least 57 bits from a place on, in the highest bits.
func window(b []byte, at int) uint64 {
	i := at / 8
	if i+8 <= len(b) {
		return binary.BigEndian.Uint64(b[i:]) << (at % 8)
	}
	var last [8]byte
	if i < len(b) {
		copy(last[:], b[i:])
	}
	return binary.BigEndian.Uint64(last[:]) << (at % 8)
}

// Fibonacci reads a number of at least 1 in Fibonacci coding: a bit for each of
// 1, 2, 3, 5, 8 and so on up to limit, the last of them followed by one more 1.
// A greater number breaks the reader.
func (r *Reader) Fibonacci(limit int) int {
	sum, last := 0, false
	for a, b := 1, 2; ; a, b = b, a+b {
		bit := r.Bool()
		switch {
		case r.broken:
			return 0
		case bit && last:
			return sum
		case bit:
			sum += a
		}
		if last = bit; sum > limit || a > limit && !bit {
			r.broken = true
			return 0
		}
	}
}

// Set holds small numbers from 1 on.
type Set uint64

// Has tells whether i is in the set.
func (s Set) Has(i int) bool { return i > 0 && i <= 64 && s>>(i-1)&1 == 1 }

// All are the members in order; never nil.
func (s Set) All() []int {
	all := []int{}
	for ; s != 0; s &= s - 1 {
		all = append(all, bits.TrailingZeros64(uint64(s))+1)
	}
	return all
}
