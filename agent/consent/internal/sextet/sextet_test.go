package sextet

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// Every text of whole bytes reads as encoding/base64 reads it, bit by bit and in
// numbers of any size.
func TestReadsAsBase64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		text := base64.RawURLEncoding.EncodeToString(want)
		in, _, ok := Decode([]byte("before"), text)
		if !ok || in.Left() != 6*len(text) {
			t.Fatalf("%q: %v, %d bits", text, ok, in.Left())
		}
		for at := 0; at < 8*n; {
			size := min(1+r.IntN(57), 8*n-at)
			var number uint64
			for range size {
				number = number<<1 | uint64(want[at/8]>>(7-at%8)&1)
				at++
			}
			if got := in.Uint(size); got != number || in.Broken() {
				t.Fatalf("%q: %d bits before %d are %x, want %x", text, size, at, got, number)
			}
		}
		if !in.Padded() {
			t.Fatalf("%q: something is left", text)
		}
		if in.Uint(1 + in.Left()); !in.Broken() || in.Uint(0) != 0 {
			t.Fatalf("%q: more is read than there is", text)
		}
	}
}

// A letter alone is six bits, as GPP writes headers.
func TestAnyNumberOfLetters(t *testing.T) {
	for text, want := range map[string][]int{"": {}, "B": {1}, "_": {63}, "A-": {0, 62}, "ABCDE": {0, 1, 2, 3, 4}, "ABCDEFGHI": {0, 1, 2, 3, 4, 5, 6, 7, 8}} {
		in, _, ok := Decode(nil, text)
		for i, n := range want {
			if got := in.Int(6); got != n {
				t.Errorf("%q: letter %d is %d", text, i, got)
			}
		}
		if !ok || in.Left() != 0 {
			t.Errorf("%q: %v, %d bits left", text, ok, in.Left())
		}
	}
	for _, text := range []string{"=", "AA==", "+", "A/", " ", "\n", "ABCD\x80", "é"} {
		if _, _, ok := Decode(nil, text); ok {
			t.Errorf("%q is read", text)
		}
	}
}

func TestFibonacci(t *testing.T) {
	for text, want := range map[string]int{"w": 1, "Y": 2, "M": 3, "s": 4, "G": 5, "m": 6, "W": 7} { // the specification's own, padded
		in, _, _ := Decode(nil, text)
		if got := in.Fibonacci(100); got != want || in.Broken() {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	for _, text := range []string{"", "A", "AAAAAAAAAAAAAAAAAAAAAAAAA", "qqqqqqqqqqq", "AAM"} {
		in, _, _ := Decode(nil, text)
		if got := in.Fibonacci(100); !in.Broken() {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestSet(t *testing.T) {
	in, _, _ := Decode(nil, "gAB")
	s := in.Set(18)
	if !s.Has(1) || !s.Has(18) || s.Has(2) || s.Has(0) || s.Has(19) || s.Has(64) || s.Has(100) || len(s.All()) != 2 {
		t.Errorf("%v", s.All())
	}
}
