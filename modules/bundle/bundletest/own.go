// Package bundletest makes scorer files for tests that no toolchain is needed
// for: of a module written by hand, and of a few trees.
package bundletest

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Column is a dense column that says no more of itself than its name.
func Column(scope, name string) bundle.Column {
	return bundle.Column{Name: name, Scope: scope, Kind: bundle.KindDense}
}

// Own is the bundle of a module of somebody's own. It answers the sum of its
// columns, which are dense, in frame order: the first once, the second twice, and
// so on; what is missing counts nothing. It says what each adds.
func Own(t testing.TB, columns ...bundle.Column) *bundle.Bundle {
	t.Helper()
	m := bundle.Manifest{Family: bundle.FamilyOwn, Created: 1_767_000_000_000, Columns: columns, Heads: []string{"reward"}}
	shape, err := m.Frame()
	if err != nil {
		t.Fatal(err)
	}
	code := sums(shape)
	digest := sha256.Sum256(code)
	m.Module = hex.EncodeToString(digest[:])
	golden, err := bundle.GoldenOf(shape, digest, func(f *abi.Frame) error {
		for i := range f.Rows() {
			f.Mean(0)[i] = Sum(append(append([]float32(nil), f.ContextDense()...), f.DenseRow(nil, i)...))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &bundle.Bundle{Manifest: m, Parts: bundle.Parts{Module: code, Golden: golden}}
}

// Sum is what the module of Own answers to a row of all its columns.
func Sum(row []float32) (sum float64) {
	for i, x := range row {
		if x == x {
			sum += float64(i+1) * float64(x)
		}
	}
	return sum
}

// File is the scorer file of a bundle.
func File(t testing.TB, b *bundle.Bundle) []byte {
	t.Helper()
	file, err := bundle.Embed(b)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Instructions that no emitter writes.
const (
	i32LtU     wasm.Op = 0x49
	f64Eq      wasm.Op = 0x61
	f64Add     wasm.Op = 0xa0
	f64Mul     wasm.Op = 0xa2
	f64Promote wasm.Op = 0xbb
)

// termsAt is where the guest keeps what explains an answer.
const termsAt = 2048

// sums writes the module of Own.
func sums(s abi.Shape) []byte {
	g := guest.New()
	i32, f64 := wasm.I32, wasm.F64
	unary := g.Type([]wasm.ValType{i32}, []wasm.ValType{i32})
	ternary := g.Type([]wasm.ValType{i32, i32, i32}, []wasm.ValType{i32})

	const frame, row, out = 0, 1, 2 // the row is a parameter of explain and a local of score
	var c wasm.Code
	c.Index(wasm.LocalGet, frame)
	c.Index(wasm.LocalGet, frame)
	c.Mem(wasm.I32Load, abi.OffsetMeans)
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalSet, out)
	c.Index(wasm.LocalGet, frame)
	c.Mem(wasm.I32Load, abi.OffsetRows)
	c.Begin(wasm.If)
	meter.Loop(&c, g.Fuel, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, out)
		c.F64(0)
		eachTerm(c, s, 3, func(int) { c.Op(f64Add) })
		c.Mem(wasm.F64Store, 0)
		c.Index(wasm.LocalGet, out)
		c.I32(8)
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalSet, out)
		c.Index(wasm.LocalGet, row)
		c.I32(1)
		c.Op(wasm.I32Add)
		c.Index(wasm.LocalTee, row)
		c.Index(wasm.LocalGet, frame)
		c.Mem(wasm.I32Load, abi.OffsetRows)
		c.Op(i32LtU)
		c.Index(wasm.BrIf, 0)
	})
	c.Op(wasm.End)
	c.I32(int32(abi.OK))
	score := g.Func(unary, []wasm.ValType{i32, i32, f64}, meter.Charged(&c, g.Fuel))

	var e wasm.Code
	e.I32(0)
	eachTerm(&e, s, 3, func(i int) {
		e.Mem(wasm.F64Store, termsAt+8*(1+i))
		e.I32(0)
	})
	e.Op(wasm.Drop)
	e.I32(termsAt)
	explain := g.Func(ternary, []wasm.ValType{f64}, meter.Charged(&e, g.Fuel))
	return g.With(score, map[string]int{abi.ExportExplain: explain})
}

// eachTerm puts what each column adds to the row in local 1 on the stack, one
// after the other, and calls use after each. x is a local f64.
func eachTerm(c *wasm.Code, s abi.Shape, x int, use func(i int)) {
	for i := range s.ContextDense + s.Dense {
		c.Index(wasm.LocalGet, 0)
		if at := i - s.ContextDense; at >= 0 { // its block, its place in the block
			c.Index(wasm.LocalGet, 1)
			c.I32(4)
			c.Op(wasm.I32ShrU)
			c.I32(int32(s.BlockSize()))
			c.Op(wasm.I32Mul, wasm.I32Add)
			c.Index(wasm.LocalGet, 1)
			c.I32(abi.BlockRows - 1)
			c.Op(wasm.I32And)
			c.I32(2)
			c.Op(wasm.I32Shl, wasm.I32Add)
			c.Mem(wasm.F32Load, s.OffsetBlocks()+4*abi.BlockRows*at)
		} else {
			c.Mem(wasm.F32Load, s.OffsetContext()+4*i)
		}
		c.Op(f64Promote)
		c.F64(float64(i + 1))
		c.Op(f64Mul)
		c.Index(wasm.LocalTee, x)
		c.Op(wasm.F64Bits)
		c.Op(wasm.I64Const)
		c.Raw(0)
		c.Index(wasm.LocalGet, x)
		c.Index(wasm.LocalGet, x)
		c.Op(f64Eq, wasm.Select, wasm.BitsF64)
		use(i)
	}
}
