package registry

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
)

// withOwn writes a release folder whose slots shelf and till are scored by
// common.wasm.
func withOwn(t *testing.T, b *bundle.Bundle) string {
	t.Helper()
	dir := folder(t)
	write(t, dir, "common.wasm", bundletest.File(t, b))
	return dir
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func ownModel(t *testing.T) *bundle.Bundle {
	return bundletest.Own(t, bundletest.Column("context", "hour"), bundletest.Column("item", "price"))
}

// sealedOwn is the own model of a release.
func sealedOwn(t *testing.T, r *Release) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(r.Artifacts["own/common"])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOwnModelIsReleasedAsDeclared: its columns take source, purpose and transform
// from features.yaml, its module travels along, and it isn't trained.
func TestOwnModelIsReleasedAsDeclared(t *testing.T) {
	own := ownModel(t)
	f, err := Check(withOwn(t, own), item.Own)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"home_hero"}, f.Models()); d != "" {
		t.Errorf("learned: %s", d)
	}
	r, err := f.Assemble(Header{Counter: 1}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Artifacts["model/common"] != nil || r.Artifacts["common.wasm"] != nil {
		t.Error("there twice")
	}
	b := sealedOwn(t, r)
	want := []bundle.Column{
		{Name: "hour", Scope: "context", Kind: "dense", Source: "time.hour", Transform: "none", Scale: 1},
		{Name: "price", Scope: "item", Kind: "dense", Source: "item.price", Transform: "log1p", Scale: 0.5, Offset: -1},
	}
	if d := cmp.Diff(want, b.Manifest.Columns); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(b.Module, own.Module) || b.Manifest.Emitter != "" {
		t.Error("another module")
	}
	parsed, err := trust.Parse(r.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if s := parsed.Scorers[1]; s.Model != "own/common" || compile.Digest(own.Module) != b.Manifest.Module || len(s.Module) != 32 {
		t.Errorf("scorer %v", s)
	}
}

// TestLinearScorerFileTravelsAsModel: what the node's emitter makes is left out.
func TestLinearScorerFileTravelsAsModel(t *testing.T) {
	f, err := Check(withOwn(t, linearFile(t)), item.Own)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Assemble(Header{Counter: 1}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	if b := sealedOwn(t, r); len(b.Module) > 0 || b.Manifest.Emitter != compile.Emitter {
		t.Errorf("module of %d bytes, emitter %q", len(b.Module), b.Manifest.Emitter)
	}
}

// linearFile is a linear model with its module.
func linearFile(t *testing.T) *bundle.Bundle {
	t.Helper()
	b := &bundle.Bundle{Manifest: bundle.Manifest{
		Family: bundle.FamilyLinear, Columns: []bundle.Column{bundletest.Column("item", "price")},
		Heads: []string{"reward"}, Emitter: compile.Emitter,
	}}
	s, err := b.Manifest.Shape()
	if err != nil {
		t.Fatal(err)
	}
	model, err := scoring.New(s)
	if err != nil {
		t.Fatal(err)
	}
	model.Heads[0].Mean[1] = 0.5
	if b.Model, err = model.Encode(); err != nil {
		t.Fatal(err)
	}
	if b.Golden, err = bundle.Golden(model); err != nil {
		t.Fatal(err)
	}
	if b.Module, err = compile.Linear(s); err != nil {
		t.Fatal(err)
	}
	b.Manifest.Module = compile.Digest(b.Module)
	return b
}

// TestOwnModelsFaults: each names the file, the column where it is one, and what
// to do.
func TestOwnModelsFaults(t *testing.T) {
	column := func(change func(c *bundle.Column)) func(b *bundle.Bundle) {
		return func(b *bundle.Bundle) { change(&b.Manifest.Columns[1]) }
	}
	for name, c := range map[string]struct {
		change func(b *bundle.Bundle)
		want   string
	}{
		"column not declared": {column(func(c *bundle.Column) { c.Name = "age" }), "common.wasm: age: is not declared in features.yaml; declare"},
		"of another scope": {func(b *bundle.Bundle) {
			b.Manifest.Columns[0].Name, b.Manifest.Columns[1].Name = "price", "hour"
		}, "common.wasm: price: is context dense by the model and item dense by features.yaml"},
		"of another source": {column(func(c *bundle.Column) { c.Source = "item.margin" }), "common.wasm: price: reads item.margin by the model and item.price by features.yaml"},
		"for a purpose":     {column(func(c *bundle.Column) { c.Purpose = "personalised_offers" }), "is for the purpose personalised_offers by the model and none by"},
		"transformed":       {column(func(c *bundle.Column) { c.Scale = 2 }), "common.wasm: price: is transformed by none, scale 2"},
		"another module": {func(b *bundle.Bundle) {
			b.Module = append(bytes.Clone(b.Module), 0, 8, 7, 'a', 'i', 's', 'l', 'e', '.', 'x')
		}, "common.wasm: module is not the one the manifest names"},
		"without its meter":    {unmetered, "common.wasm: may not run on nodes: "},
		"explains otherwise":   {liar, "common.wasm: its contributions (aisle_explain) do not sum to its answers"},
		"other golden vectors": {func(b *bundle.Bundle) { b.Golden[1].Output[3] ^= 1 }, "common.wasm: does not answer what its golden vectors say"},
	} {
		t.Run(name, func(t *testing.T) {
			b := ownModel(t)
			c.change(b)
			_, err := Check(withOwn(t, b), item.Own)
			var faults rulebook.Faults
			if !errors.As(err, &faults) || len(faults) == 0 || !strings.Contains(faults.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A slot that draws by variances needs a model that has them, and says so.
func TestPoliciesThatNeedAVariance(t *testing.T) {
	for policy, fine := range map[string]bool{"{kind: thompson}": false, "{kind: linucb, alpha: 0.5}": false, "{kind: softmax, temperature: 1}": true} {
		dir := folder(t, [3]string{"slots.yaml", "model: common", "model: common\n    policy: " + policy})
		write(t, dir, "common.wasm", bundletest.File(t, ownModel(t)))
		_, err := Check(dir, item.Own)
		if (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "common.wasm: has no variance, which slot ") {
			t.Errorf("%s: %v", policy, err)
		}
		learned := folder(t, [3]string{"slots.yaml", "source: {offers: true}", "source: {offers: true}\n    policy: " + policy})
		if _, err := Check(learned, item.Own); err != nil {
			t.Errorf("learned, %s: %v", policy, err)
		}
	}
}

// unmetered takes the charge out of the first function that has one.
func unmetered(b *bundle.Bundle) {
	b.Module = bytes.Clone(b.Module)
	at := bytes.LastIndex(b.Module, []byte{0x6b, 0x24, 0}) // i32.sub, global.set fuel
	b.Module[at] = 0x6a                                    // i32.add
	b.Manifest.Module = compile.Digest(b.Module)
}

// liar says that the second column counts three times. It counts twice.
func liar(b *bundle.Bundle) {
	b.Module = bytes.Clone(b.Module)
	at := bytes.LastIndex(b.Module, []byte{0x44, 0, 0, 0, 0, 0, 0, 0, 0x40}) // f64.const 2
	b.Module[at+7] = 8
	b.Manifest.Module = compile.Digest(b.Module)
}

func TestFilesThatNoSlotUses(t *testing.T) {
	dir := folder(t)
	write(t, dir, "commom.wasm", bundletest.File(t, ownModel(t)))
	write(t, dir, "shelf.wasm", []byte("\x00asm\x01\x00\x00\x00"))
	_, err := Check(dir, item.Own)
	for _, want := range []string{"commom.wasm: is used by no slot", "shelf.wasm: is used by no slot"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	write(t, folderOf(t, dir, "commom.wasm", "shelf.wasm"), "common.wasm", []byte("\x00asm\x01\x00\x00\x00"))
	if _, err := Check(dir, item.Own); err == nil || !strings.Contains(err.Error(), "common.wasm: is no scorer file") {
		t.Errorf("a bare module: %v", err)
	}
}

func folderOf(t *testing.T, dir string, without ...string) string {
	t.Helper()
	for _, name := range without {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOwnModelsAreCarriedOver: what is learned later changes nothing of them, and
// they come back out of a release bit for bit, and the online role can't change
// them.
func TestOwnModelsAreCarriedOver(t *testing.T) {
	g, _ := open(t, t.TempDir())
	f, err := Check(withOwn(t, ownModel(t)), item.Own)
	if err != nil {
		t.Fatal(err)
	}
	first, err := f.Assemble(Header{Counter: 1}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Keep(t.Context(), first, Lineage{Model: "home_hero"}); err != nil {
		t.Fatal(err)
	}
	e, err := g.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	back, err := g.Folder(e, item.Own)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"home_hero"}, back.Models()); d != "" {
		t.Errorf("learned: %s", d)
	}
	next, err := back.Assemble(Header{Counter: 2, CreatedMs: 77}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.OnlyModels(first.Release, next.Release); err != nil || !bytes.Equal(next.Artifacts["own/common"], first.Artifacts["own/common"]) {
		t.Errorf("not a refresh of the same own model: %v", err)
	}
	for _, a := range next.Release.Artifacts {
		if a.Name == "own/common" {
			a.Digest = make([]byte, 32)
		}
	}
	if trust.OnlyModels(first.Release, next.Release) == nil {
		t.Error("the online role may change it")
	}
}
