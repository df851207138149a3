package compile

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Addresses in the module's memory.
const (
	sharedAt = 64
	modelAt  = 128
	pageSize = 1 << 16
)

// frame is the parameter of score and context: the frame's address.
const frame = 0

// Columns of one dense pass and terms of one hashed pass.
const (
	denseColumns = 32
	hashedTerms  = 32
)

// Linear is the module that scores linear models of the shape.
func Linear(s scoring.Shape) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	e := &linear{
		shape:   s,
		lanes:   s.Frame.Lanes(),
		entry:   4 * s.Stride(),
		entries: modelAt + s.Offset(),
		frameAt: (modelAt + s.Size() + 63) &^ 63,
	}
	e.module()
	return e.m.Bytes(), nil
}

// linear is the state of one emission.
type linear struct {
	shape   scoring.Shape
	m       wasm.Module
	fuel    int // index of the fuel global
	lanes   int // answers a row
	entry   int // bytes of an entry
	entries int // address of entry 0
	frameAt int // address of the frame
}

func (e *linear) module() {
	e.m.ImportFunc(abi.ImportModule, abi.ImportRefill, e.m.Type(nil, nil))
	e.fuel = e.m.GlobalI32(0)
	least, most := pages(e.frameAt), pages(e.frameAt+e.shape.Frame.Size(abi.MaxRows))
	e.m.Memory(least, max(least, min(most, abi.MaxPages)))
	e.m.Export(abi.ExportMemory, wasm.KindMemory, 0)
	e.m.Export(abi.ExportFuel, wasm.KindGlobal, e.fuel)
	e.m.Export(abi.ExportAlloc, wasm.KindFunc, e.alloc())
	e.m.Export(abi.ExportModel, wasm.KindFunc, e.model())
	e.m.Export(abi.ExportScore, wasm.KindFunc, e.score())
	e.m.Custom("aisle.emitter", []byte(Emitter))
}

func pages(size int) int { return (size + pageSize - 1) / pageSize }

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

// end adds the function to the module and returns its index.
func (e *linear) end(f *fn) int {
	return e.m.Func(e.m.Type(f.params, f.results), f.locals, meter.Charged(&f.Code, e.fuel))
}

var i32s = []wasm.ValType{wasm.I32}

// alloc grows the memory until a frame of the size fits at its one place.
func (e *linear) alloc() int {
	const size = 0
	f := newFn(i32s, wasm.I32)
	missing := f.local(wasm.I32)
	f.Index(wasm.LocalGet, size)
	f.I32(int32(e.shape.Frame.Size(abi.MaxRows)))
	f.Op(wasm.I32GtU)
	returnIf(f, 0)
	f.Index(wasm.LocalGet, size)
	f.I32(int32(e.frameAt + pageSize - 1))
	f.Op(wasm.I32Add)
	f.I32(16)
	f.Op(wasm.I32ShrU)
	f.Memory(wasm.MemorySize)
	f.Op(wasm.I32Sub)
	f.Index(wasm.LocalTee, missing)
	f.I32(0)
	f.Op(wasm.I32GtS)
	f.Begin(wasm.If)
	f.Index(wasm.LocalGet, missing)
	f.Memory(wasm.MemoryGrow)
	f.I32(-1)
	f.Op(wasm.I32Eq)
	returnIf(f, 0)
	f.Op(wasm.End)
	f.I32(int32(e.frameAt))
	return e.end(f)
}

// model gives the place of a model of the right size.
func (e *linear) model() int {
	f := newFn(i32s, wasm.I32)
	f.I32(modelAt)
	f.I32(0)
	f.Index(wasm.LocalGet, 0)
	f.I32(int32(e.shape.Size()))
	f.Op(wasm.I32Eq, wasm.Select)
	return e.end(f)
}

// returnIf returns the value if the condition on the stack holds.
func returnIf(f *fn, value int32) {
	f.Begin(wasm.If)
	f.I32(value)
	f.Op(wasm.Return, wasm.End)
}

// score checks frame and model and runs the passes.
func (e *linear) score() int {
	context, passes := e.context(), e.passes()
	f := newFn(i32s, wasm.I32)
	rows, blocks, out := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.I32)
	e.checkFrame(f, rows)
	f.I32(0)
	f.Mem(wasm.I32Load, modelAt+scoring.OffsetFingerprint)
	f.I32(int32(e.shape.Fingerprint()))
	f.Op(wasm.I32Ne)
	returnIf(f, int32(abi.BadModel))
	f.Index(wasm.LocalGet, rows)
	f.Op(wasm.I32Eqz)
	returnIf(f, int32(abi.OK))
	f.Index(wasm.LocalGet, rows)
	f.I32(abi.BlockRows - 1)
	f.Op(wasm.I32Add)
	f.I32(int32(bits.TrailingZeros(abi.BlockRows)))
	f.Op(wasm.I32ShrU)
	f.Index(wasm.LocalSet, blocks)
	f.Index(wasm.LocalGet, frame)
	f.Mem(wasm.I32Load, abi.OffsetMeans)
	f.Index(wasm.LocalGet, frame)
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalSet, out)
	f.Index(wasm.LocalGet, frame)
	f.Index(wasm.Call, context)
	for _, pass := range passes {
		f.Index(wasm.LocalGet, frame)
		f.I32(int32(e.shape.Frame.OffsetBlocks()))
		f.Op(wasm.I32Add)
		f.Index(wasm.LocalGet, out)
		f.Index(wasm.LocalGet, blocks)
		f.I32(outBytes)
		f.Op(wasm.I32Mul)
		f.Index(wasm.LocalGet, blocks)
		f.Index(wasm.Call, pass)
	}
	f.I32(int32(abi.OK))
	return e.end(f)
}

// checkFrame returns BadFrame unless the header has the version and shape of
// this module, and leaves the number of rows in its local.
func (e *linear) checkFrame(f *fn, rows int) {
	expect := func(offset int, word uint32) {
		f.Index(wasm.LocalGet, frame)
		f.Mem(wasm.I32Load, offset)
		f.I32(int32(word))
		f.Op(wasm.I32Ne)
	}
	expect(abi.OffsetMagic, abi.Magic)
	for i, word := range e.shape.Frame.Words() {
		expect(abi.OffsetShape+4*i, word)
		f.Op(wasm.I32Or)
	}
	f.Index(wasm.LocalGet, frame)
	f.Mem(wasm.I32Load, abi.OffsetRows)
	f.Index(wasm.LocalTee, rows)
	f.I32(abi.MaxRows)
	f.Op(wasm.I32GtU, wasm.I32Or)
	returnIf(f, int32(abi.BadFrame))
}

// passes emits the passes over the rows in order. The first one begins with the
// sums of the context.
func (e *linear) passes() (calls []int) {
	dense := e.shape.Frame.Dense
	for at := 0; at < dense; at += denseColumns {
		calls = append(calls, e.dense(at, min(at+denseColumns, dense), at == 0))
	}
	terms := e.terms()
	for at := 0; at < len(terms); at += hashedTerms {
		calls = append(calls, e.hashed(terms[at:min(at+hashedTerms, len(terms))], len(calls) == 0))
	}
	if len(calls) == 0 {
		calls = append(calls, e.dense(0, 0, true))
	}
	return calls
}
