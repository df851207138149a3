package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// inlineBulk is the longest run, in units, that a bulk operation with a bound in
// front may move where it stands.
const inlineBulk = 512

// bulk leaves a bulk operation where it is if it is bounded, and calls a function
// in its place if not.
func (p *planner) bulk(op wasm.Op, start int) {
	if op == wasm.TableGrow {
		p.guest.grows = true
	}
	if op.BulkUnit() == 0 {
		return
	}
	most, ok := p.bound.at(start)
	if cost := uint64(most) / uint64(op.BulkUnit()); ok && (p.own || cost <= inlineBulk) {
		p.pay(cost)
		return
	}
	p.name(wasm.Call, start, p.guest.helper(op, p.module[start:p.at]))
}

// helper returns the function that does what a bulk operation does, a piece at
// a time. instruction is the operation with its immediates.
func (w *rewriter) helper(op wasm.Op, instruction []byte) int {
	key := string(instruction)
	f, ok := w.helpers[key]
	if !ok {
		f = 1 + w.defined + len(w.imports) + len(w.helpers)
		w.helpers[key] = f
		w.wanted = append(w.wanted, wanted{op, instruction})
	}
	return f
}

// wanted is a bulk operation that a function is needed for.
type wanted struct {
	op          wasm.Op
	instruction []byte
}

// addHelpers writes the functions that were wanted.
func (w *rewriter) addHelpers() {
	for _, h := range w.wanted {
		third := wasm.I32
		if h.op == wasm.TableFill {
			third = wasm.FuncRef
			if t := h.instruction[2]; int(t) < len(w.tables) {
				third = w.tables[t].typ
			}
		}
		typ := w.typeOf(signature{in: []wasm.ValType{wasm.I32, third, wasm.I32}})
		w.add(typ, nil, pieces(h))
	}
}

// add adds a function of the meter's own, whose code calls nothing.
func (w *rewriter) add(typ int, locals []wasm.ValType, body []byte) {
	head := wasm.Locals(locals)
	f := &function{typ: typ, head: len(head), code: append(append(head, body...), byte(wasm.End))}
	w.plan(reader{module: f.code, end: len(f.code)}, f, true)
	w.funcs = append(w.funcs, f)
}

// Parameters of a helper, as of the operation it stands for.
const (
	to = iota
	from
	length
)

// sizes are the runs that one operation moves, in bytes or entries: what is
// shorter than the first is paid as such, what is longer than the last is cut.
func sizes(op wasm.Op) [3]int32 {
	if op.BulkUnit() == 1 {
		return [...]int32{16, 128, 1024}
	}
	return [...]int32{64, 1024, 8192}
}

// pieces is the code that moves a run in pieces, from its end on where it would
// overwrite what it has yet to move. Whether all is in bounds is asked first, by
// an empty run at the end.
func pieces(h wanted) []byte {
	var c wasm.Code
	size := sizes(h.op)
	piece := size[2]
	advances := h.op != wasm.MemoryFill && h.op != wasm.TableFill
	move := func() { c.Op(h.op); c.Splice(h.instruction[2:]) }
	get := func(locals ...int) {
		for _, l := range locals {
			c.Index(wasm.LocalGet, l)
		}
	}
	shift := func(local int, op wasm.Op) {
		get(local)
		c.I32(piece)
		c.Op(op)
		c.Index(wasm.LocalSet, local)
	}
	// A run of at least a piece.
	get(length)
	c.I32(piece)
	c.Op(wasm.I32GeU)
	c.Begin(wasm.If)
	end := func(local int) { // of the run, or what is never in bounds
		get(local, length)
		c.Op(wasm.I32Add)
		c.I32(-1)
		get(local, length)
		c.Op(wasm.I32Add)
		get(local)
		c.Op(wasm.I32GeU, wasm.Select)
	}
	end(to)
	if advances {
		end(from)
	} else {
		get(from)
	}
	c.I32(0)
	move()
	if h.op == wasm.MemoryCopy || h.op == wasm.TableCopy {
		get(to, from)
		c.Op(wasm.I32GtU)
		c.Begin(wasm.If)
		c.Begin(wasm.Loop)
		shift(length, wasm.I32Sub)
		for _, l := range [...]int{to, from} {
			get(l, length)
			c.Op(wasm.I32Add)
		}
		c.I32(piece)
		move()
		get(length)
		c.I32(piece)
		c.Op(wasm.I32GeU)
		c.Index(wasm.BrIf, 0)
		c.Op(wasm.End, wasm.End)
	}
	// Forwards, while there is more than a piece.
	c.Begin(wasm.Block)
	c.Begin(wasm.Loop)
	get(length)
	c.I32(piece)
	c.Op(wasm.I32LtU)
	c.Index(wasm.BrIf, 1)
	get(to, from)
	c.I32(piece)
	move()
	shift(to, wasm.I32Add)
	if advances {
		shift(from, wasm.I32Add)
	}
	shift(length, wasm.I32Sub)
	c.Index(wasm.Br, 0)
	c.Op(wasm.End, wasm.End, wasm.End)
	// The rest is shorter than a piece.
	for _, n := range size[:2] {
		get(length)
		c.I32(n)
		c.Op(wasm.I32LtU)
		c.Begin(wasm.If)
		get(to, from, length)
		c.I32(n - 1)
		c.Op(wasm.I32And)
		move()
		c.Op(wasm.Return, wasm.End)
	}
	get(to, from, length)
	c.I32(piece - 1)
	c.Op(wasm.I32And)
	move()
	return c.Bytes()
}
