package wasi

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// Instructions that only shims use.
const (
	i32GeU         wasm.Op = 0x4f
	i32Or          wasm.Op = 0x72
	i64Load        wasm.Op = 0x29
	i64Store       wasm.Op = 0x37
	i64Store8      wasm.Op = 0x3c
	i64Add         wasm.Op = 0x7c
	i64Mul         wasm.Op = 0x7e
	i64Xor         wasm.Op = 0x85
	i64ShrU        wasm.Op = 0x88
	f64Mul         wasm.Op = 0xa2
	f64ConvertI64U wasm.Op = 0xba
)

// writer writes the body of one shim.
type writer struct {
	wasm.Code
	seed    int // global of the random state
	scratch int // first local that is no parameter
}

func (w *writer) local(i int) { w.Index(wasm.LocalGet, i) }

func (w *writer) i64(v int64) {
	w.Op(wasm.I64Const)
	w.Splice(wasm.AppendS64(nil, v))
}

// step adds to a local.
func (w *writer) step(local int, by int32) {
	w.local(local)
	w.I32(by)
	w.Op(wasm.I32Add)
	w.Index(wasm.LocalSet, local)
}

// word stores v where a parameter points.
func (w *writer) word(pointer int, v int32) {
	w.local(pointer)
	w.I32(v)
	w.Mem(wasm.I32Store, 0)
}

// long stores v at an offset of where a parameter points.
func (w *writer) long(pointer, offset int, v int64) {
	w.local(pointer)
	w.i64(v)
	w.Mem(i64Store, offset)
}

// refuse returns an error number unless first <= local < last.
func (w *writer) refuse(errno int32, local int, first, last int32) {
	w.local(local)
	w.I32(first)
	w.Op(wasm.I32Sub)
	w.I32(last - first)
	w.Op(i32GeU)
	w.Begin(wasm.If)
	w.I32(errno)
	w.Op(wasm.Return, wasm.End)
}

// while turns as long as a local is not 0; inside must make it so.
func (w *writer) while(local int, inside func()) {
	w.Begin(wasm.Block)
	w.Begin(wasm.Loop)
	w.local(local)
	w.Op(wasm.I32Eqz)
	w.Index(wasm.BrIf, 1)
	inside()
	w.Index(wasm.Br, 0)
	w.Op(wasm.End, wasm.End)
}

// random leaves the next number in a local: SplitMix64, after Steele, Lea and
// Flood, "Fast splittable pseudorandom number generators" (2014).
func (w *writer) random(to int) {
	w.Index(wasm.GlobalGet, w.seed)
	w.i64(-0x61c8864680b583eb)
	w.Op(i64Add)
	w.Index(wasm.LocalTee, to)
	w.Index(wasm.GlobalSet, w.seed)
	w.shifted(to, 30)
	w.i64(-0x40a7b892e31b1a47)
	w.Op(i64Mul)
	w.Index(wasm.LocalSet, to)
	w.shifted(to, 27)
	w.i64(-0x6b2fb644ecceee15)
	w.Op(i64Mul)
	w.Index(wasm.LocalSet, to)
	w.shifted(to, 31)
	w.Index(wasm.LocalSet, to)
}

// shifted pushes a local xored with itself shifted to the right.
func (w *writer) shifted(local int, by int64) {
	w.local(local)
	w.local(local)
	w.i64(by)
	w.Op(i64ShrU, i64Xor)
}
