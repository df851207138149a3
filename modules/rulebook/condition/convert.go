package condition

import (
	"math"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// truthy is how JavaScript makes a boolean of a value.
func (v *Value) truthy() bool {
	switch v.kind {
	case null, withheld:
		return false
	case boolean, number:
		return v.n != 0
	case text:
		return v.s != ""
	}
	return true
}

// number is how JavaScript makes a number of a value, NaN where it is none. A
// list goes by its text, which is a number for at most one element.
func (v *Value) number() float64 {
	switch v.kind {
	case null:
		return 0
	case boolean, number:
		return v.n
	case text:
		return numberOf(v.s)
	case list:
		switch v.len() {
		case 0:
			return 0
		case 1:
			if e := v.at(0); e.kind != boolean {
				return e.number()
			}
		}
	}
	return math.NaN()
}

// text is appendText as a text of its own.
func (v *Value) text() string {
	if v.kind == text {
		return v.s
	}
	return string(v.appendText(nil))
}

// appendText appends how JavaScript makes a text of a value.
func (v *Value) appendText(dst []byte) []byte {
	switch v.kind {
	case null:
		return append(dst, "null"...)
	case boolean:
		return strconv.AppendBool(dst, v.n != 0)
	case number:
		return appendNumber(dst, v.n)
	case text:
		return append(dst, v.s...)
	case list:
		for i := range v.len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if e := v.at(i); e.kind != null {
				dst = e.appendText(dst)
			}
		}
		return dst
	}
	return append(dst, "[object Object]"...)
}

// appendLower appends b in lower case, rune by rune.
func appendLower[T string | []byte](dst []byte, b T) []byte {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(b[i:min(len(b), i+utf8.UTFMax)]))
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
		i += size
	}
	return dst
}

// identical is JavaScript's === for scalars; a list or an object is identical to
// nothing that a condition says.
func identical(a, b *Value) bool {
	return a.kind == b.kind && a.kind <= text && a.n == b.n && a.s == b.s
}

// Equal tells whether two values are the same in all their parts; the order of keys
// is none of them.
func (v Value) Equal(o Value) bool { return equal(&v, &o) }

// equal tells whether two values are the same in all their parts.
func equal(a, b *Value) bool {
	switch {
	case a.kind != b.kind:
		return false
	case a.kind == list:
		if a.len() != b.len() {
			return false
		}
		for i := range a.len() {
			x, y := a.at(i), b.at(i)
			if !equal(&x, &y) {
				return false
			}
		}
		return true
	case a.kind == object:
		if len(a.texts) != len(b.texts) {
			return false
		}
		for i, key := range a.texts {
			j := slices.Index(b.texts, key)
			if j < 0 || !equal(&a.list[i], &b.list[j]) {
				return false
			}
		}
		return true
	}
	return identical(a, b)
}

// compare orders texts as JavaScript does, by their UTF-16 units: a rune above
// U+FFFF begins with a surrogate, which is below U+E000.
func compare[T string | []byte](a T, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(a) && i == len(b):
		return 0
	case i == len(a):
		return -1
	case i == len(b):
		return 1
	}
	x, y := a[i], b[i]
	const private, beyond = 0xEE, 0xF0 // first bytes of U+E000 and U+10000
	if x >= private && y >= private && (x >= beyond) != (y >= beyond) {
		x, y = y, x
	}
	if x < y {
		return -1
	}
	return 1
}
