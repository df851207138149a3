package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// moveTable writes an instruction on a table.
func (b *body) moveTable() {
	if len(b.tables) == 0 {
		return
	}
	i := b.below(len(b.tables))
	t := b.tables[i]
	switch b.below(6) {
	case 0:
		b.slot(t)
		b.value(t.typ)
		b.index(wasm.TableSet, i)
	case 1:
		n := b.below(t.min)
		b.i32(int32(b.below(t.min - n)))
		b.value(t.typ)
		b.length(n, t.min)
		b.index(wasm.TableFill, i)
	case 2:
		from, _ := b.search(len(b.tables), func(i int) bool { return b.tables[i].typ == t.typ })
		n := b.below(min(t.min, b.tables[from].min) + 1)
		b.i32(int32(b.below(t.min - n + 1)))
		b.i32(int32(b.below(b.tables[from].min - n + 1)))
		b.length(n, t.min)
		b.index(wasm.TableCopy, i, from)
	case 3:
		b.initTable(i, t)
	case 4:
		b.value(t.typ)
		b.i32(int32(b.below(4)))
		b.index(wasm.TableGrow, i)
		b.sink(wasm.I32)
	default:
		if e := b.below(len(b.elems)); b.daring || b.elems[e].mode != passive {
			b.index(wasm.ElemDrop, e)
		}
	}
}

func (b *body) initTable(i int, t table) {
	e, ok := b.search(len(b.elems), func(e int) bool {
		s := b.elems[e]
		return s.typ == t.typ && (s.mode == passive || b.daring && b.rarely(4))
	})
	if !ok {
		return
	}
	n := b.below(min(len(b.elems[e].refs), t.min) + 1)
	b.i32(int32(b.below(t.min - n + 1)))
	b.i32(int32(b.below(len(b.elems[e].refs) - n + 1)))
	b.length(n, t.min)
	b.index(wasm.TableInit, e, i)
}

// slot leaves an index into t.
func (b *body) slot(t table) {
	b.value(wasm.I32)
	if !b.dare() {
		b.i32(int32(lowBits(t.min - 1)))
		b.op(wasm.I32And)
	}
}

// reference leaves one of t.
func (b *body) reference(t wasm.ValType) {
	i, ok := b.search(len(b.tables), func(i int) bool { return b.tables[i].typ == t })
	if !ok {
		b.leaf(t)
		return
	}
	b.slot(b.tables[i])
	b.index(wasm.TableGet, i)
}

// valueOfState leaves an i32 that tells of memory, tables or references.
func (b *body) valueOfState() {
	switch i := b.below(max(len(b.tables), 1)); b.below(6) {
	case 0, 1:
		b.index(wasm.MemorySize, 0)
	case 2:
		b.i32(int32(b.below(3)))
		b.index(wasm.MemoryGrow, 0)
	case 3:
		b.value(one(b.Choices, []wasm.ValType{wasm.FuncRef, wasm.ExternRef}))
		b.op(wasm.RefIsNull)
	default:
		if len(b.tables) == 0 {
			b.leaf(wasm.I32)
			return
		}
		b.index(wasm.TableSize, i)
	}
}
