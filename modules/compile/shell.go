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

// frame is the first parameter of score, explain and what they call with it:
// the frame's address.
const frame = 0

// shell is what the modules of all families have in common.
type shell struct {
	m           wasm.Module
	fuel        int       // index of the fuel global
	frame       abi.Shape // of the frames
	model       int       // bytes of a model, at modelAt; 0: it reads none
	fingerprint uint32    // at scoring.OffsetFingerprint of a model
	frameAt     int       // address of the frame
	check       int       // index of the function that checks a frame
}

func newShell(s abi.Shape, model int, fingerprint uint32) *shell {
	e := &shell{frame: s, model: model, fingerprint: fingerprint, frameAt: modelAt + model}
	e.m.ImportFunc(abi.ImportModule, abi.ImportRefill, e.m.Type(nil, nil))
	e.fuel = e.m.GlobalI32(0)
	e.frameAt = e.reserve(0)
	e.check = e.checkFrame()
	return e
}

// reserve takes room between the model and the frame, at a multiple of 64.
func (e *shell) reserve(bytes int) (at int) {
	at = (e.frameAt + 63) &^ 63
	e.frameAt = (at + bytes + 63) &^ 63
	return at
}

// module is the module with its exports. Nothing is reserved afterwards.
func (e *shell) module(emitter string, score, explain int) []byte {
	least, most := pages(e.frameAt), pages(e.frameAt+e.frame.Size(abi.MaxRows))
	e.m.Memory(least, max(least, min(most, abi.MaxPages)))
	e.m.Export(abi.ExportMemory, wasm.KindMemory, 0)
	e.m.Export(abi.ExportFuel, wasm.KindGlobal, e.fuel)
	e.m.Export(abi.ExportAlloc, wasm.KindFunc, e.alloc())
	if e.model > 0 {
		e.m.Export(abi.ExportModel, wasm.KindFunc, e.place())
	}
	e.m.Export(abi.ExportScore, wasm.KindFunc, score)
	e.m.Export(abi.ExportExplain, wasm.KindFunc, explain)
	e.m.Custom("aisle.emitter", []byte(emitter))
	return e.m.Bytes()
}

func pages(size int) int { return (size + pageSize - 1) / pageSize }

// alloc grows the memory until a frame of the size fits at its one place.
func (e *shell) alloc() int {
	const size = 0
	f := newFn(i32s, wasm.I32)
	missing := f.local(wasm.I32)
	f.Index(wasm.LocalGet, size)
	f.I32(int32(e.frame.Size(abi.MaxRows)))
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

// place gives the place of a model of the right size.
func (e *shell) place() int {
	f := newFn(i32s, wasm.I32)
	f.I32(modelAt)
	f.I32(0)
	f.Index(wasm.LocalGet, 0)
	f.I32(int32(e.model))
	f.Op(wasm.I32Eq, wasm.Select)
	return e.end(f)
}

// checkFrame answers BadFrame unless the frame's header has the version and
// shape of this module, and BadModel unless a model of this module's was written,
// if it reads one.
func (e *shell) checkFrame() int {
	f := newFn(i32s, wasm.I32)
	expect := func(offset int, word uint32) {
		f.Index(wasm.LocalGet, frame)
		f.Mem(wasm.I32Load, offset)
		f.I32(int32(word))
		f.Op(wasm.I32Ne)
	}
	expect(abi.OffsetMagic, abi.Magic)
	for i, word := range e.frame.Words() {
		expect(abi.OffsetShape+4*i, word)
		f.Op(wasm.I32Or)
	}
	f.Index(wasm.LocalGet, frame)
	f.Mem(wasm.I32Load, abi.OffsetRows)
	f.I32(abi.MaxRows)
	f.Op(wasm.I32GtU, wasm.I32Or)
	returnIf(f, int32(abi.BadFrame))
	if e.model == 0 {
		f.I32(int32(abi.OK))
		return e.end(f)
	}
	f.I32(int32(abi.BadModel))
	f.I32(int32(abi.OK))
	f.I32(0)
	f.Mem(wasm.I32Load, modelAt+scoring.OffsetFingerprint)
	f.I32(int32(e.fingerprint))
	f.Op(wasm.I32Ne, wasm.Select)
	return e.end(f)
}

// begin returns from score unless frame and model are sound and there are rows.
// It leaves the number of blocks and the address of the means in locals.
func (e *shell) begin(f *fn) (blocks, means int) {
	blocks, means = f.local(wasm.I32), f.local(wasm.I32)
	f.Index(wasm.LocalGet, frame)
	f.Index(wasm.Call, e.check)
	f.Index(wasm.LocalTee, means)
	f.Begin(wasm.If)
	f.Index(wasm.LocalGet, means)
	f.Op(wasm.Return, wasm.End)
	f.Index(wasm.LocalGet, frame)
	f.Mem(wasm.I32Load, abi.OffsetRows)
	f.I32(abi.BlockRows - 1)
	f.Op(wasm.I32Add)
	f.I32(int32(bits.TrailingZeros(abi.BlockRows)))
	f.Op(wasm.I32ShrU)
	f.Index(wasm.LocalTee, blocks)
	f.Op(wasm.I32Eqz)
	returnIf(f, int32(abi.OK))
	f.Index(wasm.LocalGet, frame)
	f.Index(wasm.LocalGet, frame)
	f.Mem(wasm.I32Load, abi.OffsetMeans)
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalSet, means)
	return blocks, means
}

// end adds the function to the module and returns its index.
func (e *shell) end(f *fn) int {
	return e.m.Func(e.m.Type(f.params, f.results), f.locals, meter.Charged(&f.Code, e.fuel))
}
