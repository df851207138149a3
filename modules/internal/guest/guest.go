// Package guest writes small scoring modules by hand, good ones and hostile
// ones, for tests of the checker and of the sandbox.
package guest

import (
	"maps"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Places in the memory of a guest.
const (
	ModelAt = 1024
	FrameAt = 4096
)

// Guest is a module in the making: with the import, the fuel global and a memory
// of 1 to 4 pages to begin with.
type Guest struct {
	wasm.Module
	Fuel int
}

// New begins a guest.
func New() *Guest {
	g := &Guest{}
	g.ImportFunc(abi.ImportModule, abi.ImportRefill, g.Type(nil, nil))
	g.Fuel = g.GlobalI32(0)
	return g
}

// Scalar is the type of the exported functions.
func (g *Guest) Scalar() int {
	return g.Type([]wasm.ValType{wasm.I32}, []wasm.ValType{wasm.I32})
}

// Paid adds a function (i32) -> i32 that charges for its body.
func (g *Guest) Paid(body func(c *wasm.Code)) int {
	return g.PaidOf([]wasm.ValType{wasm.I32}, []wasm.ValType{wasm.I32}, body)
}

// PaidOf adds a function of a type that charges for its body.
func (g *Guest) PaidOf(in, out []wasm.ValType, body func(c *wasm.Code)) int {
	var c wasm.Code
	body(&c)
	return g.Func(g.Type(in, out), nil, meter.Charged(&c, g.Fuel))
}

// Const adds a function that answers v.
func (g *Guest) Const(v int32) int { return g.Paid(func(c *wasm.Code) { c.I32(v) }) }

// Bytes exports what the ABI demands, with score as the scorer, and gives the module.
func (g *Guest) Bytes(score int) []byte { return g.With(score, nil) }

// With is Bytes with further functions, or others in their place, by the names of
// their exports.
func (g *Guest) With(score int, functions map[string]int) []byte {
	g.Memory(1, 4)
	all := map[string]int{abi.ExportScore: score, abi.ExportAlloc: g.Const(FrameAt), abi.ExportModel: g.Const(ModelAt)}
	maps.Copy(all, functions)
	return g.Sealed(all)
}

// Sealed exports the functions under their names beside memory and fuel.
func (g *Guest) Sealed(functions map[string]int) []byte {
	g.Export(abi.ExportMemory, wasm.KindMemory, 0)
	g.Export(abi.ExportFuel, wasm.KindGlobal, g.Fuel)
	for _, name := range [...]string{abi.ExportAlloc, abi.ExportModel, abi.ExportScore, abi.ExportInitialize, abi.ExportExplain} {
		if f, ok := functions[name]; ok {
			g.Export(name, wasm.KindFunc, f)
		}
	}
	return g.Module.Bytes()
}
