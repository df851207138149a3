package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// pick is a select between floats or vectors, the so-manieth select of a function.
type pick struct{ function, number int }

// replacePicks makes blocks of selects between floats or vectors. Which of the
// guest's they are only types tell, so it checks a first version of the module.
func (w *rewriter) replacePicks() {
	c := newChecker(w.assemble(nil), w.limits)
	c.picks = map[pick]wasm.ValType{}
	metered(c.sections)
	w.picks = c.picks
	again := map[int]bool{}
	for p := range c.picks {
		again[p.function] = true
	}
	for i, f := range w.funcs {
		if again[1+i] {
			f.parts, f.edits, f.calls, f.selects = nil, nil, nil, 0
			w.plan(reader{module: f.code, end: len(f.code)}, f, false)
		}
	}
}

// pick leaves a select as it is, or puts a block in its place.
func (p *planner) pick(op wasm.Op, start int) {
	t, ok := p.guest.picks[pick{p.index, p.selects}]
	p.selects++
	if !ok {
		return
	}
	p.pay(uint64(picked(0).Cost() - cost(op)))
	p.edit(editPick, start, p.guest.typeOf(signature{in: []wasm.ValType{t, t, wasm.I32}, out: []wasm.ValType{t}}))
}

// picked takes two values and a condition, and leaves the first value if that
// holds, else the second. It is of the type with this index.
func picked(typ int) *wasm.Code {
	var c wasm.Code
	c.Op(wasm.Block)
	c.Raw(wasm.AppendS64(nil, int64(typ))...)
	c.Op(wasm.I32Eqz)
	c.Index(wasm.BrIf, 0) // with the second, and drops the first
	c.Op(wasm.Drop, wasm.End)
	return &c
}
