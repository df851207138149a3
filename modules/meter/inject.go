package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// inlineBulk is the longest run, in units, that a bulk operation with a bound in
// front may move where it stands.
const inlineBulk = 1 << 12

// bulk leaves a bulk operation where it is if it is bounded, and calls a function
// in its place if not.
func (p *planner) bulk(op wasm.Op, start int) {
	if op == wasm.TableGrow {
		p.guest.grows = true
	}
	if op.Each() == 0 {
		return
	}
	most, ok := p.bound.at(start)
	if cost := uint64(most) * uint64(op.Each()); ok && (p.own || cost <= inlineBulk) {
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
		w.add(typ, nil, h.code())
	}
}

// add adds a function of the meter's own, whose code calls nothing.
func (w *rewriter) add(typ int, locals []wasm.ValType, body []byte) {
	head := wasm.Locals(locals)
	f := &function{typ: typ, index: 1 + len(w.funcs), head: len(head), code: append(append(head, body...), byte(wasm.End))}
	w.plan(reader{module: f.code, end: len(f.code)}, f, true)
	w.funcs = append(w.funcs, f)
}
