package peers

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// admitted is a model as a node runs it.
func admitted(tb testing.TB, m scoring.Model) (*host.Module, []byte) {
	tb.Helper()
	code, blob := made(tb, m)
	e, err := host.Open(host.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { e.Close() })
	module, err := e.Admit(code, blob, host.Limits{Instances: 1, Keeps: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { module.Close() })
	return module, code
}

// made is a model's code and the bytes it reads, if any.
func made(tb testing.TB, m scoring.Model) (code, blob []byte) {
	tb.Helper()
	code, err := compile.Make(m)
	if err != nil {
		tb.Fatal(err)
	}
	if _, inCode := m.(*scoring.Trees); inCode {
		return code, nil
	}
	if blob, err = m.Encode(); err != nil {
		tb.Fatal(err)
	}
	return code, blob
}

// framed is an instance of the module with a frame of so many rows.
func framed(tb testing.TB, m *host.Module, s abi.Shape, rows int) (*host.Instance, *abi.Frame) {
	tb.Helper()
	in, err := m.Borrow()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(in.Return)
	f, err := in.Frame(s, rows)
	if err != nil {
		tb.Fatal(err)
	}
	return in, f
}

// answers is every mean of a frame, then every variance.
func answers(f *abi.Frame) []float64 {
	var all []float64
	for h := range f.Shape().Heads {
		all = append(all, f.Mean(h)...)
	}
	for h := range f.Shape().Heads {
		all = append(all, f.Variance(h)...)
	}
	return all
}
