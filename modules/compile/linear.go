package compile

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/scoring"
)

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
		shell:   newShell(s.Frame, s.Size(), s.Fingerprint()),
		shape:   s,
		lanes:   s.Frame.Lanes(),
		entry:   4 * s.Stride(),
		entries: modelAt + s.Offset(),
	}
	e.offsetsAt = e.reserve(offsetBytes * hashedTerms)
	score := e.score()
	return e.module(Emitter, score, e.explain()), nil
}

// linear is the state of one emission.
type linear struct {
	*shell
	shape     scoring.Shape
	lanes     int // answers a row
	entry     int // bytes of an entry
	entries   int // address of entry 0
	offsetsAt int // address of what a step of a hashed pass looks up
}

// score runs the passes.
func (e *linear) score() int {
	context, passes := e.context(), e.passes()
	f := newFn(i32s, wasm.I32)
	blocks, out := e.begin(f)
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
