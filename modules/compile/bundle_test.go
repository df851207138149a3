package compile_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/internal/sample"
)

// opened is a bundle of a model with one column, changed before it is sealed.
func opened(t *testing.T, change func(m *bundle.Manifest, p *bundle.Parts)) *bundle.Bundle {
	t.Helper()
	m := bundle.Manifest{
		Family:  bundle.FamilyLinear,
		Columns: []bundle.Column{{Name: "price", Scope: bundle.ScopeItem, Kind: bundle.KindDense}},
		Heads:   []string{"reward"}, Emitter: compile.Emitter,
	}
	s, err := m.Shape()
	if err != nil {
		t.Fatal(err)
	}
	l := sample.Linear(s, sample.Rand(1))
	var p bundle.Parts
	if p.Model, err = l.Encode(); err != nil {
		t.Fatal(err)
	}
	if p.Golden, err = bundle.Golden(l); err != nil {
		t.Fatal(err)
	}
	code, err := compile.Linear(s)
	if err != nil {
		t.Fatal(err)
	}
	m.Module = compile.Digest(code)
	change(&m, &p)
	sealed, err := bundle.Seal(m, p)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOnlyTheNamedModuleComesOut: other bytes don't activate.
func TestOnlyTheNamedModuleComesOut(t *testing.T) {
	made, err := compile.Module(opened(t, func(*bundle.Manifest, *bundle.Parts) {}))
	if err != nil {
		t.Fatal(err)
	}
	carried, err := compile.Module(opened(t, func(m *bundle.Manifest, p *bundle.Parts) { m.Emitter, p.Module = "", made }))
	if err != nil || !bytes.Equal(made, carried) {
		t.Fatalf("the module that travels along: %v", err)
	}
	for name, change := range map[string]func(m *bundle.Manifest, p *bundle.Parts){
		"other emitter": func(m *bundle.Manifest, _ *bundle.Parts) { m.Emitter = "linear/0" },
		"other digest":  func(m *bundle.Manifest, _ *bundle.Parts) { m.Module = compile.Digest(nil) },
		"other module":  func(m *bundle.Manifest, p *bundle.Parts) { m.Emitter, p.Module = "", made[1:] },
	} {
		if _, err := compile.Module(opened(t, change)); !errors.Is(err, compile.ErrModule) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
