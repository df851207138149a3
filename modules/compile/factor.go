package compile

import (
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Factor is the module that scores factor models of the shape.
func Factor(s scoring.FactorShape) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	e := &factor{
		shell: newShell(s.Frame, s.Size(), s.Fingerprint()), shape: s,
		entry: 4 * s.Stride(), vectors: s.Stride() / 4, nothing: 4 * s.Stride() * s.Linear().Nothing(),
	}
	e.shared = e.reserve(e.entry)
	e.weights = e.reserve(8 * s.Frame.Dense)
	e.dot = e.emitDot()
	e.context = e.emitContext(e.emitAdd())
	score := e.score()
	return e.module(EmitterFactor, score, e.explain()), nil
}

// factor is the state of one emission.
type factor struct {
	*shell
	shape   scoring.FactorShape
	entry   int // bytes of an entry
	vectors int // of an entry
	nothing int // offset of the entry of missing ids from a head's first one

	// addresses
	shared  int // of 1 and the sum of the context's embeddings, as in an entry
	weights int // of the row's dense columns given the context, each with that of missing behind it

	// functions
	dot     int // (entry) -> f32: its scalar product with what is at shared
	context int // (frame, head): writes shared and sharedAt
}

// head is the address of a head's entry 0.
func (e *factor) head(h int) int { return modelAt + e.shape.Offset() + h*e.shape.HeadSize() }

// emitDot multiplies four lanes at once: its partial sums are those of the reference.
func (e *factor) emitDot() int {
	const entry = 0
	f := newFn([]wasm.ValType{wasm.F32}, wasm.I32)
	base, sum := f.local(wasm.I32), f.local(wasm.V128)
	touch(&f.Code, entry, e.entry)
	touch(&f.Code, base, e.shared+e.entry)
	f.V128(0, 0, 0, 0)
	for v := range e.vectors {
		f.Index(wasm.LocalGet, entry)
		f.Mem(wasm.V128Load, 16*v)
		f.Index(wasm.LocalGet, base)
		f.Mem(wasm.V128Load, e.shared+16*v)
		f.Op(wasm.F32x4Mul, wasm.F32x4Add)
	}
	f.Index(wasm.LocalSet, sum)
	total(&f.Code, sum)
	return e.end(f)
}

// total leaves (0 + 1) + (2 + 3) of a vector's lanes on the stack.
func total(c *wasm.Code, sum int) {
	for lane := range byte(4) {
		c.Index(wasm.LocalGet, sum)
		c.Lane(wasm.F32x4ExtractLane, lane)
		if lane%2 == 1 {
			c.Op(wasm.F32Add)
		}
	}
	c.Op(wasm.F32Add)
}

// emitAdd adds an entry times a value to what is at shared.
func (e *factor) emitAdd() int {
	const entry, value = 0, 1
	f := newFn(nil, wasm.I32, wasm.F32)
	base, x := f.local(wasm.I32), f.local(wasm.V128)
	f.Index(wasm.LocalGet, value)
	f.Op(wasm.F32x4Splat)
	f.Index(wasm.LocalSet, x)
	touch(&f.Code, entry, e.entry)
	touch(&f.Code, base, e.shared+e.entry)
	for v := range e.vectors {
		f.Index(wasm.LocalGet, base)
		f.Index(wasm.LocalGet, base)
		f.Mem(wasm.V128Load, e.shared+16*v)
		f.Index(wasm.LocalGet, entry)
		f.Mem(wasm.V128Load, 16*v)
		f.Index(wasm.LocalGet, x)
		f.Op(wasm.F32x4Mul, wasm.F32x4Add)
		f.Mem(wasm.V128Store, e.shared+16*v)
	}
	return e.end(f)
}

// emitContext sums the entries of bias and context. Their weights, which come to
// lie in the first lane, are where every row's sum begins; a 1 takes their place.
func (e *factor) emitContext(add int) int {
	const head = 1
	f := newFn(nil, wasm.I32, wasm.I32)
	base, entry, x, id := f.local(wasm.I32), f.local(wasm.I32), f.local(wasm.F32), f.local(wasm.I32)
	for v := range e.vectors {
		f.Index(wasm.LocalGet, base)
		f.V128(0, 0, 0, 0)
		f.Mem(wasm.V128Store, e.shared+16*v)
	}
	f.Index(wasm.LocalGet, head)
	f.F32(1)
	f.Index(wasm.Call, add)
	f.Index(wasm.LocalGet, head)
	f.I32(int32(e.entry))
	f.Op(wasm.I32Add)
	f.Index(wasm.LocalSet, entry)
	f.over(e.shell, e.frame.ContextDense, 4, frame, e.frame.OffsetContext(), func(c *wasm.Code, at, _ int) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalSet, x)
		e.presentEntry(c, entry, x)
		e.presentValue(c, x)
		c.Index(wasm.Call, add)
		advance(c, entry, 2*e.entry)
	})
	f.over(e.shell, e.frame.ContextCategorical, 4, frame, e.frame.OffsetContextID(), func(c *wasm.Code, at, _ int) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalSet, id)
		e.lookup(c, head, id)
		c.I32(int32(e.nothing))
		c.Op(wasm.I32Add)
		c.F32(1)
		c.Index(wasm.Call, add)
	})
	f.Index(wasm.LocalGet, base)
	f.Index(wasm.LocalGet, base)
	f.Mem(wasm.F32Load, e.shared)
	f.Mem(wasm.F32Store, sharedAt)
	f.Index(wasm.LocalGet, base)
	f.F32(1)
	f.Mem(wasm.F32Store, e.shared)
	return e.end(f)
}

// presentEntry leaves the address of a dense value's entry on the stack, or that
// of the next one, which is of missing.
func (e *factor) presentEntry(c *wasm.Code, entry, x int) {
	c.Index(wasm.LocalGet, entry)
	c.Index(wasm.LocalGet, entry)
	c.I32(int32(e.entry))
	c.Op(wasm.I32Add)
	present(c, x)
}

// presentValue leaves a dense value on the stack, or 1 if it is missing.
func (e *factor) presentValue(c *wasm.Code, x int) {
	c.Index(wasm.LocalGet, x)
	c.Op(wasm.F32Bits)
	c.I32(int32(math.Float32bits(1)))
	present(c, x)
	c.Op(wasm.BitsF32)
}

// lookup leaves the address on the stack that lies the offset nothing before the
// entry of the id, of a head.
func (e *factor) lookup(c *wasm.Code, head, id int) {
	c.Index(wasm.LocalGet, id)
	c.I32(1<<e.shape.Bits - 1)
	c.Op(wasm.I32And)
	c.I32(1)
	c.Op(wasm.I32Add)
	c.I32(0)
	c.Index(wasm.LocalGet, id)
	c.Op(wasm.Select)
	c.I32(int32(e.entry))
	c.Op(wasm.I32Mul)
	c.Index(wasm.LocalGet, head)
	c.Op(wasm.I32Add)
}

// emitWeights makes the weights of the row's dense columns given the context.
func (e *factor) emitWeights() int {
	const entry = 0
	f := newFn(nil, wasm.I32)
	to := f.local(wasm.I32)
	advance(&f.Code, entry, e.entry*e.shape.Linear().Weight(e.frame.ContextDense))
	meter.Loop(&f.Code, e.fuel, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, to)
		c.Index(wasm.LocalGet, entry)
		c.Index(wasm.Call, e.dot)
		c.Mem(wasm.F32Store, e.weights)
		advance(c, entry, e.entry)
		until(c, to, 4, 8*e.frame.Dense)
	})
	return e.end(f)
}

// score answers head after head.
func (e *factor) score() int {
	weights, passes := none, e.passes()
	if e.frame.Dense > 0 {
		weights = e.emitWeights()
	}
	f := newFn(i32s, wasm.I32)
	blocks, means := e.begin(f)
	for h := range e.frame.Heads {
		f.Index(wasm.LocalGet, frame)
		f.I32(int32(e.head(h)))
		f.Index(wasm.Call, e.context)
		if weights != none {
			f.I32(int32(e.head(h)))
			f.Index(wasm.Call, weights)
		}
		for _, pass := range passes {
			f.Index(wasm.LocalGet, frame)
			f.I32(int32(e.frame.OffsetBlocks()))
			f.Op(wasm.I32Add)
			f.Index(wasm.LocalGet, means)
			f.Index(wasm.LocalGet, blocks)
			f.I32(int32(h * outBytes))
			f.Op(wasm.I32Mul, wasm.I32Add)
			f.I32(int32(e.head(h)))
			f.Index(wasm.LocalGet, blocks)
			f.Index(wasm.Call, pass)
		}
	}
	f.I32(int32(abi.OK))
	return e.end(f)
}

// passes emits the passes over the rows in order. Dense columns are those of a
// linear model of one head, whose weights are known by then.
func (e *factor) passes() (calls []int) {
	s := scoring.Shape{Frame: e.frame}
	s.Frame.Heads = 1
	linear := &linear{shell: e.shell, shape: s, lanes: 1, entry: 4, entries: e.weights - 4*s.Weight(e.frame.ContextDense)}
	for at := 0; at < e.frame.Dense; at += denseColumns {
		calls = append(calls, linear.dense(at, min(at+denseColumns, e.frame.Dense), at == 0))
	}
	for at := 0; at < e.frame.Categorical; at += scoring.FactorGroup {
		calls = append(calls, e.group(at, min(at+scoring.FactorGroup, e.frame.Categorical), len(calls) == 0))
	}
	if len(calls) == 0 {
		calls = append(calls, linear.dense(0, 0, true))
	}
	return calls
}
