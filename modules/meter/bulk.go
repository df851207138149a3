package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// bound remembers the last i32.const and the last i32.and with one: a length
// that stands in front of a bulk operation is bounded by it.
type bound struct {
	value, end  uint32 // of the last constant, and where it ended
	mask, after uint32 // of the last mask, and where it ended
}

func (m *bound) see(op wasm.Op, start int, value int64, end int) {
	switch {
	case op == wasm.I32Const:
		m.value, m.end = uint32(value), uint32(end)
	case op == wasm.I32And && m.end == uint32(start):
		m.mask, m.after = m.value, uint32(end)
	}
}

// at is the most that the operand can be that was pushed last before start.
func (m *bound) at(start int) (most uint32, ok bool) {
	switch uint32(start) {
	case m.end:
		return m.value, true
	case m.after:
		return m.mask, true
	}
	return 0, false
}

// bulk handles what moves a run of bytes or entries: it demands a bound of the
// run's length and pays for it.
func (b *body) bulk(op wasm.Op, start int) {
	third := wasm.I32
	switch op {
	case wasm.MemoryInit, wasm.DataDrop:
		if b.segments < 0 {
			b.refuse(Invalid, "data segments are not counted")
		}
		b.within(b.segments, "data segment")
		if op == wasm.DataDrop {
			return
		}
		b.memory()
		b.zero()
	case wasm.MemoryCopy:
		b.memory()
		b.zero()
		b.zero()
	case wasm.MemoryFill:
		b.memory()
		b.zero()
	case wasm.TableInit:
		e := b.elements[b.within(len(b.elements), "element segment")]
		b.sameRefs(e, b.tables[b.within(len(b.tables), "table")])
	case wasm.TableCopy:
		to := b.tables[b.within(len(b.tables), "table")]
		b.sameRefs(b.tables[b.within(len(b.tables), "table")], to)
	case wasm.TableFill:
		third = b.tables[b.within(len(b.tables), "table")]
	}
	most, ok := b.bound.at(start)
	if !ok {
		b.at = start
		b.refuse(Bulk, "the length of a bulk operation has no bound in front")
	}
	b.pay(uint64(most) * uint64(op.Each()))
	b.popAll([]wasm.ValType{wasm.I32, third, wasm.I32})
}

func (b *body) sameRefs(from, to wasm.ValType) {
	if from != to {
		b.refuse(Invalid, "references of another type")
	}
}
