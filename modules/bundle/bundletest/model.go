package bundletest

import (
	"fmt"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Of is the bundle of a model of any family with its module, as it is compiled.
func Of(t testing.TB, model scoring.Model, columns ...bundle.Column) *bundle.Bundle {
	t.Helper()
	s := model.FrameShape()
	m := bundle.Manifest{Created: 1_767_000_000_000, Columns: columns, Variance: s.Variance}
	switch model := model.(type) {
	case *scoring.Linear:
		m.Family, m.Bits = bundle.FamilyLinear, model.Bits
	case *scoring.LinUCB:
		m.Family = bundle.FamilyLinUCB
	case *scoring.Factor:
		m.Family, m.Bits = bundle.FamilyFactor, model.Bits
	case *scoring.Trees:
		m.Family = bundle.FamilyTrees
	}
	for h := range s.Heads {
		m.Heads = append(m.Heads, fmt.Sprint("head ", h))
	}
	b := &bundle.Bundle{Manifest: m}
	var err error
	if b.Model, err = model.Encode(); err != nil {
		t.Fatal(err)
	}
	if b.Golden, err = bundle.Golden(model); err != nil {
		t.Fatal(err)
	}
	if b.Module, err = compile.Make(model); err != nil {
		t.Fatal(err)
	}
	b.Manifest.Emitter, b.Manifest.Module = compile.EmitterOf(m.Family), compile.Digest(b.Module)
	return b
}

// Columns are as many columns as a shape has, named by their place.
func Columns(s abi.Shape) (all []bundle.Column) {
	add := func(n int, scope, kind, hash string) {
		for range n {
			all = append(all, bundle.Column{Name: fmt.Sprint("c", len(all)), Scope: scope, Kind: kind, Hash: hash})
		}
	}
	add(s.ContextDense, bundle.ScopeContext, bundle.KindDense, "")
	add(s.ContextCategorical, bundle.ScopeContext, bundle.KindHashed, "xx64")
	add(s.Dense, bundle.ScopeItem, bundle.KindDense, "")
	add(s.Categorical, bundle.ScopeItem, bundle.KindHashed, "vw")
	return all
}

// Stumps are two small trees over three dense columns, one of them the context's.
func Stumps() *scoring.Trees {
	return &scoring.Trees{
		Frame: abi.Shape{ContextDense: 1, Dense: 2, Heads: 1}, Base: []float64{0.5}, Divisor: 1,
		Trees: []scoring.Tree{
			{
				Nodes: []scoring.Node{
					{Column: 1, Test: scoring.AtMost, Threshold: 0.71, Left: 1, Right: ^0},
					{Column: 2, Test: scoring.AtMost, Threshold: 2.5, MissingLeft: true, Left: ^1, Right: ^2},
				},
				Leaves: []float64{2, -1, 3}, Expect: []float64{1.25, 0.5},
			},
			{
				Nodes:  []scoring.Node{{Column: 0, Test: scoring.AtMost, Threshold: 11, Left: ^0, Right: ^1}},
				Leaves: []float64{0.25, -0.25}, Expect: []float64{0},
			},
		},
	}
}
