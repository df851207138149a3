package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

const maxDepth = 9

func (b *body) values(types []wasm.ValType) {
	for _, t := range types {
		b.value(t)
	}
}

// value leaves one value of t on the stack.
func (b *body) value(t wasm.ValType) {
	b.room--
	b.depth++
	defer func() { b.depth-- }()
	if b.room <= 0 || b.depth > maxDepth {
		b.leaf(t)
		return
	}
	switch kind := b.below(16); {
	case kind < 2:
		b.leaf(t)
	case kind == 2:
		if i, ok := b.localOf(t); ok {
			b.value(t)
			b.index(wasm.LocalTee, i)
			return
		}
		b.leaf(t)
	case kind == 3:
		b.choose(t)
	case kind == 4:
		b.valueBlock(t)
	case kind == 5:
		b.valueCall(t)
	case t == wasm.FuncRef || t == wasm.ExternRef:
		b.reference(t)
	case kind == 6 && t == wasm.I32:
		b.valueOfState()
	default:
		b.operate(one(b.Choices, plain[t]))
	}
}

func (b *body) leaf(t wasm.ValType) {
	switch b.below(4) {
	case 1, 2:
		// What is kept of a float or vector may be a NaN of any bits.
		if i, ok := b.search(len(b.locals), func(i int) bool {
			return b.locals[i].typ == t && (!b.locals[i].kept || t == wasm.I32)
		}); ok {
			b.index(wasm.LocalGet, i)
			return
		}
	case 3:
		if i, ok := b.globalOf(t, false); ok {
			b.index(wasm.GlobalGet, i)
			return
		}
	}
	if t == wasm.FuncRef && b.below(3) > 0 {
		b.index(wasm.RefFunc, b.below(b.names+nameCount))
		return
	}
	var high uint64
	low := b.bits()
	if t == wasm.V128 {
		high = b.bits()
	}
	b.constant(t, low, high)
}

// choose is one of the selects.
func (b *body) choose(t wasm.ValType) {
	b.value(t)
	b.value(t)
	b.value(wasm.I32)
	if t == wasm.FuncRef || t == wasm.ExternRef || b.rarely(4) {
		b.op(wasm.SelectTyped)
		b.bytes = append(b.bytes, 1, byte(t))
		return
	}
	b.op(wasm.Select)
}

// valueBlock is a block, or an if with its else, that leaves t.
func (b *body) valueBlock(t wasm.ValType) {
	s := signature{out: []wasm.ValType{t}}
	if b.below(2) == 0 {
		b.begin(wasm.Block, s, func() {
			b.statements(2)
			b.value(t)
		})
		return
	}
	b.value(wasm.I32)
	b.begin(wasm.If, s, func() {
		b.statements(2)
		b.value(t)
		b.op(wasm.Else)
		b.statements(2)
		b.value(t)
	})
}

// operate writes an instruction of the table with its operands and immediates.
func (b *body) operate(op wasm.Op) {
	info, _ := wasm.Lookup(op)
	switch {
	case info.Imm == wasm.ImmArg || info.Imm == wasm.ImmArgLane:
		b.access(op, info)
		return
	case trapsOnOperands(op) && !b.dare():
		b.suited(op, info)
	default:
		for i, t := range []byte(info.In) {
			b.value(wasm.ValType(t))
			if observesBits(op) && i == len(info.In)-1 {
				b.canonical(wasm.ValType(t))
			}
		}
	}
	b.op(op)
	switch info.Imm {
	case wasm.ImmLane:
		b.u32(b.below(int(info.Lanes())))
	case wasm.ImmShuffle:
		for range 16 {
			b.u32(b.below(32))
		}
	}
	if t, ok := lanesOfFloats(op); ok {
		b.canonicalLanes(t)
	}
}

// dare decides whether operands may be such that an instruction traps.
func (b *body) dare() bool { return b.daring && b.rarely(24) }

// suited writes operands on which a division or conversion does not trap: a
// divisor that is odd and a dividend that is not negative, or a small number.
func (b *body) suited(op wasm.Op, info wasm.Info) {
	t := wasm.ValType(info.In[0])
	switch t {
	case wasm.I32:
		b.value(t)
		b.i32(1<<31 - 1)
		b.op(wasm.I32And)
		b.value(t)
		b.i32(1)
		b.op(wasm.I32Or)
	case wasm.I64:
		b.value(t)
		b.i64(1<<63 - 1)
		b.op(0x83)
		b.value(t)
		b.i64(1)
		b.op(0x84)
	default:
		convert := map[wasm.ValType]wasm.Op{wasm.F32: 0xb2, wasm.F64: 0xb7}[t]
		b.value(wasm.I32)
		b.i32(1<<20 - 1)
		b.op(wasm.I32And, convert)
	}
}

// access writes a load or store.
func (b *body) access(op wasm.Op, info wasm.Info) {
	offset := b.address(16)
	for _, t := range []byte(info.In[1:]) {
		b.value(wasm.ValType(t))
		if observesBits(op) {
			b.canonical(wasm.ValType(t))
		}
	}
	b.op(op)
	b.u32(b.below(int(info.Align()) + 1))
	b.u32(offset)
	if info.Imm == wasm.ImmArgLane {
		b.u32(b.below(int(info.Lanes())))
	}
}

// address leaves an address and gives the offset to go with it. Unless the
// module dares, size bytes there are within the first page.
func (b *body) address(size int) (offset int) {
	b.value(wasm.I32)
	if b.dare() {
		return int(uint32(b.bits()))
	}
	mask := one(b.Choices, []int32{0xff, 0x7fff, 0x7ff8})
	b.i32(mask)
	b.op(wasm.I32And)
	return b.below(1<<16 - 1<<15 - size)
}
