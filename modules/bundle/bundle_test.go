package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// shop is the manifest of a small model with one of everything.
func shop() bundle.Manifest {
	return bundle.Manifest{
		Family: bundle.FamilyLinear, Created: 1767225600000,
		Columns: []bundle.Column{
			{Name: "hour", Scope: "context", Kind: "dense", Source: "time.hour"},
			{Name: "weather", Scope: "context", Kind: "hashed", Source: "context.weather", Hash: "xx64"},
			{Name: "taste", Scope: "context", Kind: "hashed", Source: "profile.taste", Purpose: "personalised_offers", Hash: "xx64"},
			{Name: "price", Scope: "item", Kind: "dense", Source: "item.price", Transform: "log1p", Scale: 0.01, Offset: 1},
			{Name: "category", Scope: "item", Kind: "hashed", Source: "item.category", Hash: "vw"},
		},
		Crosses: [][2]string{{"taste", "category"}},
		Bits:    4, Heads: []string{"reward"}, Variance: true,
		Emitter: "linear/0", Module: "00",
	}
}

func parts(t testing.TB, m bundle.Manifest) bundle.Parts {
	t.Helper()
	s, err := m.Shape()
	if err != nil {
		t.Fatal(err)
	}
	l := sample.Linear(s, sample.Rand(3))
	model, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden, err := bundle.Golden(l)
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Parts{Model: model, Golden: golden}
}

func seal(t testing.TB, m bundle.Manifest, p bundle.Parts) []byte {
	t.Helper()
	b, err := bundle.Seal(m, p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestShapeFollowsFrameOrder(t *testing.T) {
	m := shop()
	got, err := m.Shape()
	if err != nil {
		t.Fatal(err)
	}
	want := scoring.Shape{
		Frame: abi.Shape{ContextDense: 1, ContextCategorical: 2, Dense: 1, Categorical: 1, Heads: 1, Variance: true},
		Bits:  4, Crosses: []scoring.Cross{{A: 1, B: 2}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestBundlesReadBack(t *testing.T) {
	for name, change := range map[string]func(m *bundle.Manifest, p *bundle.Parts){
		"as it is":        func(*bundle.Manifest, *bundle.Parts) {},
		"with both":       func(m *bundle.Manifest, p *bundle.Parts) { p.Module = []byte("module") },
		"with its module": func(m *bundle.Manifest, p *bundle.Parts) { m.Emitter, p.Module = "", []byte("module") },
	} {
		m := shop()
		p := parts(t, m)
		change(&m, &p)
		sealed := seal(t, m, p)
		b, err := bundle.Open(sealed)
		if err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(m, b.Manifest); d != "" {
			t.Error(name, d)
		}
		if !bytes.Equal(b.Model, p.Model) || !bytes.Equal(b.Module, p.Module) || b.Digest != sha256.Sum256(sealed) {
			t.Error(name, "other parts than were sealed")
		}
		if d := cmp.Diff(p.Golden, b.Golden); d != "" {
			t.Error(name, d)
		}
	}
}

// TestGoldenBundle: testdata/v0.bundle is version 0 and stays for ever.
func TestGoldenBundle(t *testing.T) {
	golden, err := os.ReadFile("testdata/v0.bundle")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(shop(), b.Manifest); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(seal(t, shop(), parts(t, shop())), golden) {
		t.Error("bundles of version 0 have changed")
	}
}

// TestBrokenBundlesAreRefused changes every byte in turn, and cuts at every length.
func TestBrokenBundlesAreRefused(t *testing.T) {
	sealed := seal(t, shop(), parts(t, shop()))
	for i := range sealed {
		b := bytes.Clone(sealed)
		b[i] ^= 0x10
		if _, err := bundle.Open(b); !errors.Is(err, bundle.ErrBundle) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for n := 0; n < len(sealed); n += 7 {
		if _, err := bundle.Open(sealed[:n]); !errors.Is(err, bundle.ErrBundle) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

// resealed repairs the seal, as somebody would who forges a bundle.
func resealed(b []byte) []byte {
	if len(b) < 64 {
		return b
	}
	b = bytes.Clone(b)
	digest := sha256.Sum256(b[40:])
	copy(b[8:], digest[:])
	return b
}

func TestPartsThatContradictAreRefused(t *testing.T) {
	for name, change := range map[string]func(m *bundle.Manifest, p *bundle.Parts){
		"other format":            func(m *bundle.Manifest, _ *bundle.Parts) { m.Format = 1 },
		"other family":            func(m *bundle.Manifest, _ *bundle.Parts) { m.Family = "trees" },
		"unknown family":          func(m *bundle.Manifest, _ *bundle.Parts) { m.Family = "forest" },
		"linear without table":    func(m *bundle.Manifest, _ *bundle.Parts) { m.Bits = 0 },
		"variance behind a link":  func(m *bundle.Manifest, _ *bundle.Parts) { m.Link = bundle.Link{Kind: "logistic", Scale: 1} },
		"link unknown":            func(m *bundle.Manifest, _ *bundle.Parts) { m.Variance, m.Link = false, bundle.Link{Kind: "probit"} },
		"model of another shape":  func(m *bundle.Manifest, _ *bundle.Parts) { m.Bits = 5 },
		"no model":                func(_ *bundle.Manifest, p *bundle.Parts) { p.Model = nil },
		"no golden vectors":       func(_ *bundle.Manifest, p *bundle.Parts) { p.Golden = nil },
		"answers missing":         func(_ *bundle.Manifest, p *bundle.Parts) { p.Golden[0].Output = p.Golden[0].Output[8:] },
		"input of another shape":  func(_ *bundle.Manifest, p *bundle.Parts) { p.Golden[0].Input[28] = 2 },
		"input cut":               func(_ *bundle.Manifest, p *bundle.Parts) { p.Golden[0].Input = p.Golden[0].Input[:70] },
		"neither":                 func(m *bundle.Manifest, _ *bundle.Parts) { m.Emitter = "" },
		"columns out of order":    func(m *bundle.Manifest, _ *bundle.Parts) { m.Columns[0], m.Columns[3] = m.Columns[3], m.Columns[0] },
		"unknown scope":           func(m *bundle.Manifest, _ *bundle.Parts) { m.Columns[0].Scope = "shop" },
		"unknown kind":            func(m *bundle.Manifest, _ *bundle.Parts) { m.Columns[0].Kind = "sparse" },
		"unknown hash":            func(m *bundle.Manifest, _ *bundle.Parts) { m.Columns[1].Hash = "md5" },
		"two columns of one name": func(m *bundle.Manifest, _ *bundle.Parts) { m.Columns[2].Name = "weather" },
		"cross of nothing":        func(m *bundle.Manifest, _ *bundle.Parts) { m.Crosses[0][1] = "price" },
	} {
		m := shop()
		p := parts(t, m)
		change(&m, &p)
		if _, err := bundle.Seal(m, p); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sealed := seal(t, shop(), parts(t, shop()))
	at := bytes.Index(sealed, []byte(`"created"`))
	unknown := bytes.Clone(sealed)
	unknown[at+1] = 'k'
	if _, err := bundle.Open(resealed(unknown)); !errors.Is(err, bundle.ErrBundle) {
		t.Errorf("unknown key: %v", err)
	}
}

// TestWrongWordsAreNamed: whoever writes a manifest by hand is told the words that
// there are.
func TestWrongWordsAreNamed(t *testing.T) {
	for says, change := range map[string]func(m *bundle.Manifest){
		`"hour" is of scope "shop", which is neither context nor item`:  func(m *bundle.Manifest) { m.Columns[0].Scope = "shop" },
		`"hour" is of kind "sparse", which is neither dense nor hashed`: func(m *bundle.Manifest) { m.Columns[0].Kind = "sparse" },
		`"weather" is of hash "md5": unknown hash: xx64, vw, or vw:`:    func(m *bundle.Manifest) { m.Columns[1].Hash = "md5" },
		`"weather" is out of order: columns of the context come first`:  func(m *bundle.Manifest) { m.Columns[0], m.Columns[3] = m.Columns[3], m.Columns[0] },
		`kind "probit"; there are identity logistic `:                   func(m *bundle.Manifest) { m.Variance, m.Link.Kind = false, "probit" },
	} {
		m := shop()
		change(&m)
		if _, err := m.Frame(); !errors.Is(err, bundle.ErrBundle) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

// TestGoldenVectorsAreTheModelsOwn: the same model gives the same vectors, and
// one weight more or less shows in them.
func TestGoldenVectorsAreTheModelsOwn(t *testing.T) {
	m := shop()
	s, _ := m.Shape()
	l := sample.Linear(s, sample.Rand(3))
	a, _ := bundle.Golden(l)
	b, _ := bundle.Golden(l)
	if d := cmp.Diff(a, b); d != "" {
		t.Fatal(d)
	}
	for _, v := range a {
		shape, rows, err := abi.ParseHeader(v.Input)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := abi.New(shape, rows)
		copy(f.Bytes(), v.Input)
		l.Heads[0].Mean[0]++
		if err := l.Score(&f); err != nil {
			t.Fatal(err)
		}
		l.Heads[0].Mean[0]--
		if bytes.Equal(bundle.Answers(nil, &f), v.Output) {
			t.Fatal("another bias gives the same answers")
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(seal(f, shop(), parts(f, shop())))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = resealed(b) // so that what lies behind the seal is tried too
		opened, err := bundle.Open(b)
		if err != nil {
			if !errors.Is(err, bundle.ErrBundle) {
				t.Fatal(err)
			}
			return
		}
		if opened.Manifest.Family == bundle.FamilyOwn || len(opened.Model) == 0 {
			return
		}
		if _, err := scoring.Parse(opened.Model); err != nil {
			t.Fatalf("holds a model that is none: %v", err)
		}
	})
}

// The set is written into decisions and read by whoever learns from them: it
// never changes for the same columns, and differs for others.
func TestColumnSet(t *testing.T) {
	m := shop()
	if got, want := hex.EncodeToString(set(&m)), "ce7a7666094eba1b"; got != want {
		t.Errorf("the set of the shop's columns is %s, was %s", got, want)
	}
	other := shop()
	other.Crosses, other.Bits, other.Heads = nil, 8, []string{"a", "b"}
	if !bytes.Equal(set(&m), set(&other)) {
		t.Error("what is no column changes the set")
	}
	other.Columns[1].Source = "context.climate"
	if bytes.Equal(set(&m), set(&other)) {
		t.Error("another source is the same set")
	}
}

func set(m *bundle.Manifest) []byte {
	s := m.ColumnSet()
	return s[:]
}
