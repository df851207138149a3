package compile_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// families is a model of each family that has an emitter, over the same columns
// as far as they can be.
func families() map[string]scoring.Model {
	r, trees := sample.Rand(3), bundletest.Stumps()
	return map[string]scoring.Model{
		bundle.FamilyLinear: sample.Linear(scoring.Shape{Frame: trees.Frame}, r),
		bundle.FamilyLinUCB: sample.LinUCB(sample.LinUCBShape(r), r),
		bundle.FamilyFactor: sample.Factor(scoring.FactorShape{Frame: trees.Frame, Factors: 3}, r),
		bundle.FamilyTrees:  trees,
	}
}

// TestEveryFamilyTravels: as a scorer file, as a model without its module, and,
// of trees, as a module without its model; each time the same module comes out,
// and answers the golden vectors.
func TestEveryFamilyTravels(t *testing.T) {
	e := open(t, false)
	for family, model := range families() {
		t.Run(family, func(t *testing.T) {
			file := bundletest.Of(t, model, bundletest.Columns(model.FrameShape())...)
			back, err := bundle.Extract(bundletest.File(t, file))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(file.Parts, back.Parts); d != "" || back.Manifest.Family != family {
				t.Fatal(d, back.Manifest.Family)
			}
			flies(t, e, back, file.Module)
			parts := file.Parts
			parts.Module = nil
			flies(t, e, sealed(t, file.Manifest, parts), file.Module)
			if family == bundle.FamilyTrees {
				m := file.Manifest
				m.Emitter = ""
				flies(t, e, sealed(t, m, bundle.Parts{Module: file.Module, Golden: file.Golden}), file.Module)
			}
			file.Module = append(bytes.Clone(file.Module), 0, 8, 7, 'a', 'i', 's', 'l', 'e', '.', 'x')
			if _, err := compile.Module(file); !errors.Is(err, compile.ErrModule) {
				t.Errorf("another module beside the model: %v", err)
			}
		})
	}
}

func sealed(t *testing.T, m bundle.Manifest, p bundle.Parts) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Seal(m, p)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func flies(t *testing.T, e *host.Engine, b *bundle.Bundle, want []byte) {
	t.Helper()
	code, err := compile.Module(b)
	if err != nil || !bytes.Equal(code, want) {
		t.Fatalf("another module: %v", err)
	}
	m, err := e.Admit(code, b.Blob(), host.Limits{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Preflight(b.Golden); err != nil {
		t.Fatal(err)
	}
}

// TestGoldenVectorsTellTreesApart: a threshold moved by the least there is shows,
// and so does a leaf.
func TestGoldenVectorsTellTreesApart(t *testing.T) {
	vectors, err := bundle.Golden(bundletest.Stumps())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*scoring.Trees){
		"threshold":     func(m *scoring.Trees) { m.Trees[0].Nodes[0].Threshold = 0.7100001 },
		"inner":         func(m *scoring.Trees) { m.Trees[0].Nodes[1].Threshold = 2.5000002 },
		"of the second": func(m *scoring.Trees) { m.Trees[1].Nodes[0].Threshold = 11.000001 },
		"leaf":          func(m *scoring.Trees) { m.Trees[0].Leaves[2]++ },
		"missing":       func(m *scoring.Trees) { m.Trees[0].Nodes[1].MissingLeft = false },
	} {
		m := bundletest.Stumps()
		change(m)
		code, err := compile.Trees(m)
		if err != nil {
			t.Fatal(err)
		}
		module, err := open(t, false).Admit(code, nil, host.Limits{Instances: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := module.Preflight(vectors); !errors.Is(err, host.ErrGolden) {
			t.Errorf("%s changed: %v", name, err)
		}
		module.Close()
	}
}

// TestModelOfAnotherFamilyIsRefused: a manifest can't take one model for another.
func TestModelOfAnotherFamilyIsRefused(t *testing.T) {
	all := families()
	for family, model := range all {
		for other, m := range all {
			if other == family {
				continue
			}
			b := bundletest.Of(t, model, bundletest.Columns(model.FrameShape())...)
			var err error
			if b.Model, err = m.Encode(); err != nil {
				t.Fatal(err)
			}
			if _, err := bundle.Embed(b); !errors.Is(err, bundle.ErrBundle) {
				t.Errorf("%s with the model of %s: %v", family, other, err)
			}
		}
	}
}
