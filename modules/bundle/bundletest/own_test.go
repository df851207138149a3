package bundletest

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
)

// TestOwn: the module is admitted, answers as it says, and explains itself.
func TestOwn(t *testing.T) {
	b := Own(t, Column("context", "hour"), Column("item", "price"), Column("item", "stock"))
	if _, err := bundle.Extract(File(t, b)); err != nil {
		t.Fatal(err)
	}
	for _, interpreter := range []bool{false, true} {
		e, err := host.Open(host.Options{Interpreter: interpreter})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		m, err := e.Admit(b.Module, b.Blob(), host.Limits{Instances: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Preflight(b.Golden); err != nil {
			t.Fatal(err)
		}
		explains(t, m, b)
		m.Close()
	}
}

func explains(t *testing.T, m *host.Module, b *bundle.Bundle) {
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	shape, _ := b.Manifest.Frame()
	f, err := in.Frame(shape, 20)
	if err != nil {
		t.Fatal(err)
	}
	f.ContextDense()[0] = 5
	for block := range 2 {
		for i := range 16 {
			f.Dense(block, 0)[i], f.Dense(block, 1)[i] = float32(i), float32(100*block)
		}
	}
	if err := in.Score(); err != nil {
		t.Fatal(err)
	}
	if got, want := f.Mean(0)[18], Sum([]float32{5, 2, 100}); got != want {
		t.Errorf("row 18 has %v, want %v", got, want)
	}
	terms, err := in.Explain(18, 0, b.Manifest.Terms())
	if err != nil || len(terms) != 4 || terms[0] != 0 || terms[1] != 5 || terms[2] != 4 || terms[3] != 300 {
		t.Errorf("explained by %v, %v", terms, err)
	}
}
