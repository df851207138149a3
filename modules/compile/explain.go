package compile

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// explainer writes aisle_explain. It loops over columns, so it is small and its
// time grows with them.
type explainer struct {
	*shell
	*fn
	at   int // address of the contributions
	out  int // a local: offset of the next one
	row  int // a local: address of the row's first column
	lane int // a local: 4 times the head
}

// explain begins the function for n contributions. It answers 0 where frame, row
// or head are not there.
func (e *shell) explain(n int) *explainer {
	const row, head = 1, 2
	x := &explainer{shell: e, fn: newFn(i32s, wasm.I32, wasm.I32, wasm.I32), at: e.reserve(8 * n)}
	x.out, x.row, x.lane = x.local(wasm.I32), x.local(wasm.I32), x.local(wasm.I32)
	x.Index(wasm.LocalGet, frame)
	x.Index(wasm.Call, e.check)
	returnIf(x.fn, 0)
	x.Index(wasm.LocalGet, row)
	x.Index(wasm.LocalGet, frame)
	x.Mem(wasm.I32Load, abi.OffsetRows)
	x.Op(wasm.I32GeU)
	x.Index(wasm.LocalGet, head)
	x.I32(int32(e.frame.Heads))
	x.Op(wasm.I32GeU, wasm.I32Or)
	returnIf(x.fn, 0)
	x.Index(wasm.LocalGet, head)
	x.I32(2)
	x.Op(wasm.I32Shl)
	x.Index(wasm.LocalSet, x.lane)
	x.Index(wasm.LocalGet, frame)
	x.I32(int32(e.frame.OffsetBlocks()))
	x.Op(wasm.I32Add)
	x.Index(wasm.LocalGet, row)
	x.I32(int32(bits.TrailingZeros(abi.BlockRows)))
	x.Op(wasm.I32ShrU)
	x.I32(int32(e.frame.BlockSize()))
	x.Op(wasm.I32Mul, wasm.I32Add)
	x.Index(wasm.LocalGet, row)
	x.I32(abi.BlockRows - 1)
	x.Op(wasm.I32And)
	x.I32(2)
	x.Op(wasm.I32Shl, wasm.I32Add)
	x.Index(wasm.LocalSet, x.row)
	return x
}

// end answers where the contributions lie.
func (x *explainer) end() int {
	x.I32(int32(x.at))
	return x.shell.end(x.fn)
}

// put stores the f32 that value leaves on the stack as the next contribution.
func (x *explainer) put(c *wasm.Code, value func()) {
	c.Index(wasm.LocalGet, x.out)
	value()
	c.Op(wasm.F64Widen)
	c.Mem(wasm.F64Store, x.at)
	advance(c, x.out, 8)
}

// dense puts a contribution for each dense column: first those of the context,
// then, called with false, those of the row.
func (x *explainer) dense(context bool, value func(c *wasm.Code, x int)) {
	n, step, base, offset := x.frame.Dense, columnBytes, x.row, 0
	if context {
		n, step, base, offset = x.frame.ContextDense, 4, frame, x.frame.OffsetContext()
	}
	v := x.local(wasm.F32)
	x.over(x.shell, n, step, base, offset, func(c *wasm.Code, at, _ int) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.F32Load, 0)
		c.Index(wasm.LocalSet, v)
		x.put(c, func() { value(c, v) })
	})
}

// ids puts a contribution for each categorical column of the context or the row;
// value has it in a local.
func (x *explainer) ids(context bool, value func(c *wasm.Code, id int)) {
	n, step, base, offset := x.frame.Categorical, columnBytes, x.row, columnBytes*x.frame.Dense
	if context {
		n, step, base, offset = x.frame.ContextCategorical, 4, frame, x.frame.OffsetContextID()
	}
	id := x.local(wasm.I32)
	x.over(x.shell, n, step, base, offset, func(c *wasm.Code, at, _ int) {
		c.Index(wasm.LocalGet, at)
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalSet, id)
		x.put(c, func() { value(c, id) })
	})
}
