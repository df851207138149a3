package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

func TestVectorBytes(t *testing.T) {
	nan := math.Float32frombits(0x7fc00001)
	b := Pack([]byte{9}, []float32{1, nan})
	if want := []byte{9, 0, 0, 0x80, 0x3f, 1, 0, 0xc0, 0x7f}; !bytes.Equal(b, want) {
		t.Errorf("got % x", b)
	}
	if b := Pack(nil, []uint32{1, math.MaxUint32}); !bytes.Equal(b, []byte{1, 0, 0, 0, 255, 255, 255, 255}) {
		t.Errorf("got % x", b)
	}
	if b := Pack(nil, []float64{-2}); !bytes.Equal(b, []byte{0, 0, 0, 0, 0, 0, 0, 0xc0}) {
		t.Errorf("got % x", b)
	}
	if b := Pack[float32](nil, nil); b != nil {
		t.Errorf("an empty vector is % x", b)
	}
}

// What a machine writes in its own order is what one writes element by element,
// at every alignment.
func TestVectorPathsAgree(t *testing.T) {
	pathsAgree(t, []uint32{0, 1, 0xdeadbeef})
	pathsAgree(t, []float32{0, -0.5, float32(math.Inf(1))})
	pathsAgree(t, []float64{math.Pi, -1, math.SmallestNonzeroFloat64})
}

func pathsAgree[T Element](t *testing.T, v []T) {
	t.Helper()
	var slow []byte
	for _, e := range v {
		slow = appendElement(slow, e)
	}
	if fast := Pack(nil, v); !bytes.Equal(fast, slow) {
		t.Errorf("% x and % x", fast, slow)
	}
	for shift := range 9 {
		at := append(make([]byte, shift, shift+len(slow)), slow...)[shift:]
		got, err := View[T](at)
		if err != nil || !slices.Equal(got, v) || !slices.Equal(unpack[T](at), v) {
			t.Errorf("shift %d: %v, %v", shift, got, err)
		}
	}
	if got, err := View[T](slow[:len(slow)-1]); !errors.Is(err, ErrMalformed) {
		t.Errorf("a cut vector is read as %v, %v", got, err)
	}
	if got, err := View[T](nil); got != nil || err != nil {
		t.Errorf("nothing is read as %v, %v", got, err)
	}
}

func FuzzView(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := View[uint32](b)
		if (err == nil) != (len(b)%4 == 0) {
			t.Fatal(err)
		}
		for i, e := range v {
			if e != binary.LittleEndian.Uint32(b[4*i:]) {
				t.Fatalf("element %d is %#x", i, e)
			}
		}
	})
}
