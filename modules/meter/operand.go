package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// operands reads and checks the immediates of numeric and memory instructions;
// it returns that of i32.const and i64.const.
func (b *body) operands(info wasm.Info) (value int64) {
	switch info.Imm {
	case wasm.ImmMemory:
		b.memory()
		b.zero()
	case wasm.ImmArg, wasm.ImmArgLane:
		b.memory()
		if b.u32() > uint32(info.Align()) {
			b.refuse(Invalid, "alignment above the access")
		}
		b.u32()
		if info.Imm == wasm.ImmArgLane {
			b.lane(info.Lanes())
		}
	case wasm.ImmLane:
		b.lane(info.Lanes())
	case wasm.ImmShuffle:
		for range 16 {
			b.lane(32)
		}
	default:
		return b.skip(info)
	}
	return 0
}

func (b *body) memory() {
	b.looks()
	if b.memories == 0 {
		b.refuse(Invalid, "no memory")
	}
}

func (b *body) lane(lanes byte) {
	if b.byte() >= lanes {
		b.refuse(Invalid, "no such lane")
	}
}

func (b *body) local(op wasm.Op) {
	t := b.locals[b.within(len(b.locals), "local")]
	if op == wasm.LocalGet {
		b.looks()
	} else {
		b.pop(t)
	}
	if op != wasm.LocalSet {
		b.push(t)
	}
}

func (b *body) global(op wasm.Op) {
	i := b.within(len(b.globals), "global")
	if i == b.fuel {
		b.refuse(Fuel, "the fuel is named outside a charge")
	}
	if i == b.depth {
		b.refuse(Depth, "the depth is named where it is neither taken nor given back")
	}
	g := b.globals[i]
	if op == wasm.GlobalGet {
		b.push(g.typ)
		return
	}
	if !g.mutable {
		b.refuse(Invalid, "a constant is set")
	}
	b.pop(g.typ)
}

func (b *body) selectPlain() {
	b.pop(wasm.I32)
	t := b.pop(anyType)
	if t = b.pop(t); t.Ref() {
		b.refuse(Invalid, "references are selected by their type")
	}
	b.picked(t)
}

func (b *body) selectTyped() {
	if b.u32() != 1 {
		b.refuse(Invalid, "select has one type")
	}
	t := b.valType()
	b.popAll([]wasm.ValType{t, t, wasm.I32})
	b.picked(t)
}

// picked pushes what a select gives. One between floats or vectors is refused:
// wazero 1.12 may lose the second of them on amd64 (its issue 2534).
func (b *body) picked(t wasm.ValType) {
	switch t {
	case wasm.F32, wasm.F64, wasm.V128:
		if b.picks == nil {
			b.refuse(Unsupported, "select between floats or vectors")
		}
		b.picks[pick{b.index, b.selects}] = t
	}
	b.selects++
	b.push(t)
}

// function handles what names a function.
func (b *body) function(op wasm.Op) {
	f := b.within(len(b.funcs), "function")
	if f == refill {
		b.refuse(Fuel, "refill is called outside a charge")
	}
	if op == wasm.RefFunc {
		if !b.named[f] {
			b.refuse(Invalid, "reference to a function that no element names")
		}
		b.push(wasm.FuncRef)
		return
	}
	b.calls.add(b.index, f)
	b.apply(b.types[b.funcs[f]])
}

func (b *body) callIndirect() {
	t := b.typeIndex()
	if b.tables[b.within(len(b.tables), "table")] != wasm.FuncRef {
		b.refuse(Invalid, "the table holds no functions")
	}
	b.pop(wasm.I32)
	b.calls.add(b.index, len(b.funcs)+b.same[t])
	b.apply(b.types[t])
}

func (b *body) apply(t signature) {
	b.called()
	b.popAll(t.in)
	b.push(t.out...)
}

// reference handles what works on tables and references.
func (b *body) reference(op wasm.Op, start int) {
	switch op {
	case wasm.RefNull:
		b.push(b.refType())
		return
	case wasm.ElemDrop:
		b.within(len(b.elements), "element segment")
		return
	case wasm.TableInit, wasm.TableCopy, wasm.TableFill:
		b.bulk(op, start)
		return
	}
	t := b.tables[b.within(len(b.tables), "table")]
	switch op {
	case wasm.TableGet:
		b.pop(wasm.I32)
		b.push(t)
	case wasm.TableSet:
		b.pop(t)
		b.pop(wasm.I32)
	case wasm.TableGrow:
		b.pop(wasm.I32)
		b.pop(t)
		b.push(wasm.I32)
	case wasm.TableSize:
		b.push(wasm.I32)
	}
}
