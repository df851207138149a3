package compile

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// fn is a function in the making.
type fn struct {
	wasm.Code
	params, results []wasm.ValType
	locals          []wasm.ValType
}

func newFn(results []wasm.ValType, params ...wasm.ValType) *fn {
	return &fn{params: params, results: results}
}

// local makes a local of the type and returns its index.
func (f *fn) local(t wasm.ValType) int {
	f.locals = append(f.locals, t)
	return len(f.params) + len(f.locals) - 1
}

// some makes n locals of the type.
func (f *fn) some(n int, t wasm.ValType) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = f.local(t)
	}
	return out
}

var i32s = []wasm.ValType{wasm.I32}

// returnIf returns the value if the condition on the stack holds.
func returnIf(f *fn, value int32) {
	f.Begin(wasm.If)
	f.I32(value)
	f.Op(wasm.Return, wasm.End)
}

// present leaves the first of two values on the stack if x isn't missing, else the
// second. They are integers, or a float's bits: wazero 1.12 may lose the second
// one of two floats on amd64, and vectors alike (its issue 2534).
func present(c *wasm.Code, x int) {
	c.Index(wasm.LocalGet, x)
	c.Index(wasm.LocalGet, x)
	c.Op(wasm.F32Eq, wasm.Select)
}

// over runs body on each of n values that lie step bytes apart from offset of the
// address in base on: at is a local with the value's address, number one with 4
// times its number.
func (f *fn) over(e *shell, n, step, base, offset int, body func(c *wasm.Code, at, number int)) {
	if n == 0 {
		return
	}
	at, number := f.local(wasm.I32), f.local(wasm.I32)
	f.Index(wasm.LocalGet, base)
	f.I32(int32(offset))
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalSet, at)
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		body(c, at, number)
		advance(c, at, step)
		until(c, number, 4, 4*n)
	})
}

// until adds step to a local and repeats the loop unless it is at the end.
func until(c *wasm.Code, local, step, end int) {
	c.Index(wasm.LocalGet, local)
	c.I32(int32(step))
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalTee, local)
	c.I32(int32(end))
	c.Op(wasm.I32Ne)
	c.Index(wasm.BrIf, 0)
}
