package sdk_test

import (
	"math"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
)

// TestProgramsRememberNobody: what a program keeps in its variables, and a Go runtime
// on its heap, is there for the next rows of a frame and for no other frame, however
// large the one before was.
func TestProgramsRememberNobody(t *testing.T) {
	shape := abi.Shape{Dense: 1, Heads: 1}
	for _, lang := range []string{"c", "go"} {
		t.Run(lang, func(t *testing.T) {
			e, err := host.Open(host.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			m, err := e.Admit(seal(t, build(t, lang, "remember", false)), nil, host.Limits{Instances: 2, Frame: shape})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for shopper, rows := range []int{2, 2, abi.MaxRows / 4, 2, 1, 2, abi.MaxRows / 4, 2} {
				f, err := abi.New(shape, rows)
				if err != nil {
					t.Fatal(err)
				}
				for b := range abi.Blocks(rows) {
					for i := range f.Dense(b, 0) {
						f.Dense(b, 0)[i] = float32(shopper + 1)
					}
				}
				for i, got := range remembered(t, m, &f) {
					if want := 0.5 + float64(i*(shopper+1)); math.Float64bits(got) != math.Float64bits(want) {
						t.Fatalf("row %d of shopper %d is answered %v, a program that saw nobody else answers %v", i, shopper, got, want)
					}
				}
			}
		})
	}
}

func remembered(t *testing.T, m *host.Module, from *abi.Frame) []float64 {
	t.Helper()
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	f, err := in.Frame(from.Shape(), from.Rows())
	if err != nil {
		t.Fatal(err)
	}
	copy(f.Bytes(), from.Input())
	if err := in.Score(); err != nil {
		t.Fatal(err)
	}
	return append([]float64(nil), f.Mean(0)...)
}
