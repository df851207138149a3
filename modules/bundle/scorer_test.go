package bundle_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
)

// own is the bundle of a module that somebody wrote; it answers the price.
func own(t testing.TB) *bundle.Bundle {
	t.Helper()
	m := bundle.Manifest{
		Family: bundle.FamilyOwn, Created: 1767225600000,
		Columns: []bundle.Column{{Name: "price", Scope: bundle.ScopeItem, Kind: bundle.KindDense}},
		Heads:   []string{"reward"}, Link: bundle.Link{Kind: "logistic", Scale: 1}, Module: "00",
	}
	s, err := m.Frame()
	if err != nil {
		t.Fatal(err)
	}
	golden, err := bundle.GoldenOf(s, [32]byte{1}, func(f *abi.Frame) error {
		for i := range f.Rows() {
			f.Mean(0)[i] = 1
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	g := guest.New()
	return &bundle.Bundle{Manifest: m, Parts: bundle.Parts{Module: g.Bytes(g.Const(0)), Golden: golden}}
}

// linear is the bundle of a linear model with its module.
func linear(t testing.TB) *bundle.Bundle {
	t.Helper()
	p := parts(t, shop())
	p.Module = own(t).Module
	return &bundle.Bundle{Manifest: shop(), Parts: p}
}

func embed(t testing.TB, b *bundle.Bundle) []byte {
	t.Helper()
	file, err := bundle.Embed(b)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestScorerFilesReadBack(t *testing.T) {
	read := own(t)
	read.Model = []byte("what the module reads")
	for name, b := range map[string]*bundle.Bundle{"own": own(t), "own with a model": read, "linear": linear(t)} {
		file := embed(t, b)
		back, err := bundle.Extract(file)
		if err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(b.Manifest, back.Manifest); d != "" {
			t.Error(name, d)
		}
		if d := cmp.Diff(b.Parts, back.Parts); d != "" {
			t.Error(name, d)
		}
		if !bytes.Equal(embed(t, back), file) {
			t.Error(name, "other bytes the second time")
		}
	}
}

// TestGoldenScorerFile: testdata/v0.wasm is version 0 and stays for ever.
func TestGoldenScorerFile(t *testing.T) {
	golden, err := os.ReadFile("testdata/v0.wasm")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Extract(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(shop(), b.Manifest); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(embed(t, b), golden) || !bytes.Equal(b.Model, parts(t, shop()).Model) {
		t.Error("scorer files of version 0 have changed")
	}
}

// TestBrokenScorerFilesAreRefused: a cut file, sections elsewhere, twice, or in
// another order, and parts that contradict each other.
func TestBrokenScorerFilesAreRefused(t *testing.T) {
	b := linear(t)
	file := embed(t, b)
	for n := range file {
		if _, err := bundle.Extract(file[:n]); !errors.Is(err, bundle.ErrBundle) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	end := len(b.Module)
	section := func(name string, content ...byte) []byte {
		return append([]byte{0, byte(1 + len(name) + len(content)), byte(len(name))}, append([]byte(name), content...)...)
	}
	for name, broken := range map[string][]byte{
		"no module":         file[end:],
		"no sections":       b.Module,
		"bytes behind":      append(bytes.Clone(file), section("name")...),
		"an early manifest": slices.Concat(b.Module, section("aisle.manifest", '{', '}'), file[end:]),
		"an empty model":    slices.Concat(embed(t, own(t))[:len(own(t).Module)], manifestOf(embed(t, own(t)), end), section("aisle.model"), goldenOf(embed(t, own(t)))),
		"a wasteful size":   slices.Concat(b.Module, []byte{0, file[end+1] | 0x80, file[end+2] | 0x80, 0}, file[end+3:]),
	} {
		if _, err := bundle.Extract(broken); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(b *bundle.Bundle){
		"without module":        func(b *bundle.Bundle) { b.Module = nil },
		"a module of no wasm":   func(b *bundle.Bundle) { b.Module = []byte("module") },
		"a module with parts":   func(b *bundle.Bundle) { b.Module = file },
		"another family":        func(b *bundle.Bundle) { b.Manifest.Family = bundle.FamilyTrees },
		"a family, no emitter":  func(b *bundle.Bundle) { b.Manifest.Emitter = "" },
		"without golden":        func(b *bundle.Bundle) { b.Golden = nil },
		"another model's shape": func(b *bundle.Bundle) { b.Manifest.Bits++ },
	} {
		b := linear(t)
		change(b)
		if _, err := bundle.Embed(b); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// manifestOf and goldenOf cut those sections out of a file whose module ends there.
func manifestOf(file []byte, end int) []byte {
	return file[end : bytes.Index(file, []byte("aisle.golden"))-4]
}

func goldenOf(file []byte) []byte { return file[bytes.Index(file, []byte("aisle.golden"))-4:] }

func TestOwnModulesManifest(t *testing.T) {
	for name, change := range map[string]func(m *bundle.Manifest){
		"an emitter":                func(m *bundle.Manifest) { m.Emitter = "linear/1" },
		"a table":                   func(m *bundle.Manifest) { m.Bits = 4 },
		"crosses":                   func(m *bundle.Manifest) { m.Crosses = [][2]string{{"price", "price"}} },
		"rows of other columns":     func(m *bundle.Manifest) { m.Rows = &rows.Rules{Width: 2} },
		"rows of one feature twice": func(m *bundle.Manifest) { m.Rows = &rows.Rules{Width: 2, Index: []int{2}} },
		"rows of names": func(m *bundle.Manifest) {
			m.Rows = &rows.Rules{Width: 1}
			m.Columns[0].Kind, m.Columns[0].Hash = bundle.KindHashed, "vw"
		},
		"no heads": func(m *bundle.Manifest) { m.Heads = nil },
		"twins":    func(m *bundle.Manifest) { m.Columns = append(m.Columns, m.Columns[0]) },
	} {
		b := own(t)
		change(&b.Manifest)
		if _, err := b.Manifest.Frame(); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(embed(f, own(f)))
	f.Add(embed(f, linear(f)))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := bundle.Extract(file)
		if err != nil {
			if !errors.Is(err, bundle.ErrBundle) {
				t.Fatal(err)
			}
			return
		}
		again, err := bundle.Embed(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := bundle.Extract(again)
		if err != nil || cmp.Diff(b.Parts, back.Parts) != "" {
			t.Fatalf("does not read back: %v", err)
		}
	})
}
