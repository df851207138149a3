package compile

import "github.com/aisle-edge/aisle/modules/internal/wasm"

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
