package smith

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// exit branches to some label, or returns, on a condition.
func (b *body) exit() {
	depth := b.below(len(b.frames))
	if i, ok := b.search(len(b.frames), func(i int) bool { return b.frames[i].loop }); ok && b.below(2) == 1 {
		depth = len(b.frames) - 1 - i
	}
	f := b.frames[len(b.frames)-1-depth]
	if f.loop {
		b.has["branch back"]++
	}
	condition := func() {
		if f.loop {
			b.again(f.counter)
		} else {
			b.value(wasm.I32)
		}
	}
	if b.below(2) == 0 {
		b.values(f.label)
		condition()
		b.index(wasm.BrIf, depth)
		b.sinks(f.label)
		return
	}
	condition()
	b.begin(wasm.If, signature{}, func() {
		b.values(f.label)
		switch {
		case depth == len(b.frames)-2 && b.below(2) == 1:
			b.op(wasm.Return)
		case b.rarely(4) && (!f.loop || f.counter < 0):
			b.value(wasm.I32)
			b.table(f, depth+1)
		default:
			b.index(wasm.Br, depth+1)
		}
		b.dead()
	})
}

// table writes a br_table whose targets all carry what f does; among them is the
// one at depth.
func (b *body) table(f frame, depth int) {
	var alike []int
	for i, g := range b.frames {
		if slices.Equal(f.label, g.label) && (!g.loop || g.counter < 0) {
			alike = append(alike, len(b.frames)-1-i)
		}
	}
	b.op(wasm.BrTable)
	n := b.below(6)
	b.u32(n)
	for range n {
		b.u32(one(b.Choices, alike))
	}
	b.u32(depth)
}

// cases is the form of a switch: blocks in each other, and a table in front.
func (b *body) cases() {
	n := 1 + b.below(6)
	for range n {
		b.open(wasm.Block, signature{}, -1)
	}
	b.value(wasm.I32)
	if b.below(4) > 0 {
		b.i32(7)
		b.op(wasm.I32And)
	}
	b.op(wasm.BrTable)
	b.u32(n)
	for i := range n {
		b.u32(i)
	}
	b.u32(b.below(n))
	b.dead()
	for i := range n {
		b.close()
		b.statements(2)
		if i < n-1 && b.below(3) > 0 {
			b.index(wasm.Br, n-2-i)
			b.dead()
		}
	}
}

// dead writes what is never reached, with operands that are not there.
func (b *body) dead() {
	for range b.below(3) {
		switch b.below(4) {
		case 0:
			b.statement()
		case 1:
			b.op(wasm.Drop)
		case 2:
			b.op(wasm.Select, wasm.Drop)
		default:
			b.op(one(b.Choices, []wasm.Op{i64Add, wasm.F32Add, wasm.F32x4Add, wasm.I32Eqz}), wasm.Drop)
		}
	}
}

// odd is what is rare in programs.
func (b *body) odd() {
	switch b.below(4) {
	case 0:
		b.op(wasm.Nop)
	case 1:
		t := b.valType()
		b.value(t)
		b.op(wasm.Drop)
	case 2:
		b.begin(wasm.Block, signature{}, func() {
			b.statements(1)
			b.index(wasm.Br, 0)
			b.dead()
		})
	default:
		if b.daring {
			b.value(wasm.I32)
			b.i32(int32(b.bits()))
			b.op(wasm.I32Eq)
			b.begin(wasm.If, signature{}, func() {
				b.op(wasm.Unreachable)
				b.dead()
			})
		}
	}
}
