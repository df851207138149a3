package abi_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
)

// want lays a frame out by the package's document, apart from its code: place
// by place, counting bytes.
func want(s abi.Shape, rows int, dense func(row, column int) float32, categorical func(row, column int) uint32) []byte {
	var b []byte
	word := func(v uint32) { b = binary.LittleEndian.AppendUint32(b, v) }
	align := func() {
		for len(b)%16 != 0 {
			b = append(b, 0)
		}
	}
	blocks := (rows + 15) / 16
	b = append(b, make([]byte, 64)...)
	contextDense := len(b)
	for c := range s.ContextDense {
		word(math.Float32bits(dense(-1, c)))
	}
	align()
	contextCategorical := len(b)
	for c := range s.ContextCategorical {
		word(categorical(-1, c))
	}
	align()
	first := len(b)
	for block := range blocks {
		for c := range s.Dense {
			for i := range 16 {
				word(math.Float32bits(dense(16*block+i, c)))
			}
		}
		for c := range s.Categorical {
			for i := range 16 {
				word(categorical(16*block+i, c))
			}
		}
	}
	means := len(b)
	lane := blocks * 16 * 8
	b = append(b, make([]byte, s.Heads*lane)...)
	variances, flag := 0, 0
	if s.Variance {
		variances, flag = len(b), 1
		b = append(b, make([]byte, s.Heads*lane)...)
	}
	copy(b, "ASF\x00")
	for i, v := range []int{
		len(b), rows, s.ContextDense, s.ContextCategorical, s.Dense, s.Categorical, s.Heads, flag,
		contextDense, contextCategorical, first, 64 * (s.Dense + s.Categorical), means, variances, 0,
	} {
		binary.LittleEndian.PutUint32(b[4+4*i:], uint32(v))
	}
	return b
}

func denseAt(row, column int) float32 { return float32(100*row+column) / 4 }

func categoricalAt(row, column int) uint32 { return uint32(7000 + 100*row + column) }

func fill(f *abi.Frame) {
	for c := range f.ContextDense() {
		f.ContextDense()[c] = denseAt(-1, c)
	}
	for c := range f.ContextCategorical() {
		f.ContextCategorical()[c] = categoricalAt(-1, c)
	}
	for block := range abi.Blocks(f.Rows()) {
		for i := range abi.BlockRows {
			for c := range f.Shape().Dense {
				f.Dense(block, c)[i] = denseAt(16*block+i, c)
			}
			for c := range f.Shape().Categorical {
				f.Categorical(block, c)[i] = categoricalAt(16*block+i, c)
			}
		}
	}
}

var shapes = []abi.Shape{
	{Heads: 1},
	{Dense: 3, Heads: 1, Variance: true},
	{ContextDense: 1, ContextCategorical: 5, Dense: 2, Categorical: 3, Heads: 2, Variance: true},
	{ContextCategorical: 4, Categorical: 1, Heads: 8},
}

func TestFrameIsLaidOutAsDocumented(t *testing.T) {
	for _, s := range shapes {
		for _, rows := range []int{0, 1, 16, 17, 40} {
			f, err := abi.New(s, rows)
			if err != nil {
				t.Fatal(err)
			}
			fill(&f)
			if w := want(s, rows, denseAt, categoricalAt); !bytes.Equal(f.Bytes(), w) {
				t.Fatalf("%+v with %d rows: laid out otherwise than documented", s, rows)
			}
			back, err := abi.Parse(f.Bytes())
			if err != nil || back.Rows() != rows || back.Shape() != s {
				t.Fatalf("%+v with %d rows: parsed as %+v, %d, %v", s, rows, back.Shape(), back.Rows(), err)
			}
		}
	}
}

func TestRowsAndAnswersAreTheirOwn(t *testing.T) {
	s := shapes[2]
	f, err := abi.New(s, 37)
	if err != nil {
		t.Fatal(err)
	}
	fill(&f)
	for row := range 37 {
		for c, v := range f.DenseRow(nil, row) {
			if v != denseAt(row, c) {
				t.Fatalf("row %d, dense %d: %v", row, c, v)
			}
		}
		for c, v := range f.CategoricalRow(nil, row) {
			if v != categoricalAt(row, c) {
				t.Fatalf("row %d, categorical %d: %v", row, c, v)
			}
		}
	}
	for h := range s.Heads {
		for i := range 37 {
			f.Mean(h)[i], f.Variance(h)[i] = float64(h+1), float64(-h-1)
		}
	}
	for h := range s.Heads {
		for i := range 37 {
			if f.Mean(h)[i] != float64(h+1) || f.Variance(h)[i] != float64(-h-1) {
				t.Fatalf("answers of head %d overlap others", h)
			}
		}
	}
	if got := f.Dense(1, 0)[0]; got != denseAt(16, 0) {
		t.Fatalf("answers overlap columns: %v", got)
	}
}

func TestBlocksAreCopiedWhole(t *testing.T) {
	s := abi.Shape{Dense: 2, Categorical: 1, Heads: 1}
	from, _ := abi.New(s, 48)
	fill(&from)
	to, _ := abi.New(s, 32)
	copy(to.Blocks(0, 2), from.Blocks(1, 3))
	if got := to.DenseRow(nil, 3)[1]; got != denseAt(19, 1) {
		t.Fatalf("row 3 of the copy is %v", got)
	}
}

// golden.frame is version 0 and stays for ever.
func TestGoldenFrame(t *testing.T) {
	f, _ := abi.New(shapes[2], 18)
	fill(&f)
	golden, err := os.ReadFile("testdata/v0.frame")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(golden, f.Bytes()) {
		t.Fatal("frames of version 0 have changed")
	}
}

func TestHeadersThatLieAreRefused(t *testing.T) {
	f, _ := abi.New(shapes[2], 18)
	for offset := 0; offset < 64; offset++ {
		b := bytes.Clone(f.Bytes())
		b[offset] ^= 0x41
		if _, _, err := abi.ParseHeader(b); !errors.Is(err, abi.ErrFrame) {
			t.Errorf("byte %d changed: %v", offset, err)
		}
	}
	if _, err := abi.Parse(f.Bytes()[:len(f.Bytes())-1]); !errors.Is(err, abi.ErrRoom) {
		t.Errorf("cut off: %v", err)
	}
	for _, rows := range []int{-1, abi.MaxRows + 1} {
		if _, err := abi.New(shapes[0], rows); !errors.Is(err, abi.ErrShape) {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
	if _, err := abi.New(abi.Shape{}, 1); !errors.Is(err, abi.ErrShape) {
		t.Errorf("no heads: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	golden, err := os.ReadFile("testdata/v0.frame")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, rows, err := abi.ParseHeader(b)
		if err != nil {
			return
		}
		frame, err := abi.New(s, rows)
		if err != nil || !bytes.Equal(frame.Bytes()[:64], b[:64]) {
			t.Fatalf("accepted a header that is not the one of its shape: %v", err)
		}
	})
}
