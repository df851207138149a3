package smith

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// statements writes up to most of them; each leaves the stack as it was.
func (b *body) statements(most int) {
	for range b.below(most + 1) {
		if b.room <= 0 {
			return
		}
		b.statement()
	}
}

func (b *body) statement() {
	b.room--
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		return
	}
	switch b.below(24) {
	case 0, 1, 2, 3:
		t := b.valType()
		b.value(t)
		b.sink(t)
	case 4, 5, 6:
		b.operate(one(b.Choices, plain[0]))
	case 7:
		b.begin(wasm.Block, signature{}, func() { b.statements(4) })
	case 8, 9:
		b.either()
	case 10, 11, 22:
		b.loop()
	case 12:
		b.typedBlock()
	case 13, 14:
		b.exit()
	case 15:
		b.cases()
	case 16, 17:
		b.callStatement()
	case 18, 19:
		b.moveMemory()
	case 20, 21:
		b.moveTable()
	default:
		b.odd()
	}
}

// sink takes a value of t from the stack to where it is observed.
func (b *body) sink(t wasm.ValType) {
	switch b.below(4) {
	case 0, 1:
		if i, ok := b.localOf(t); ok {
			b.index(wasm.LocalSet, i)
			return
		}
	case 2:
		if i, ok := b.globalOf(t, true); ok {
			b.index(wasm.GlobalSet, i)
			return
		}
	}
	b.mix(t)
}

func (b *body) sinks(types []wasm.ValType) {
	for _, t := range slices.Backward(types) {
		b.sink(t)
	}
}

func (b *body) either() {
	b.value(wasm.I32)
	b.begin(wasm.If, signature{}, func() {
		b.statements(3)
		if b.below(2) == 1 {
			b.op(wasm.Else)
			b.statements(3)
		}
	})
}

// typedBlock is a block or if of several operands and results. Operands may stay
// below what stands in it.
func (b *body) typedBlock() {
	s := b.signature(3, 3)
	stay := 0
	if b.below(2) == 1 {
		stay = len(s.in)
		s.out = append(slices.Clone(s.in), s.out...)
	}
	inside := func() {
		if stay == 0 {
			b.sinks(s.in)
		}
		b.statements(3)
		b.values(s.out[stay:])
	}
	b.has["block with operands"] += min(len(s.in), 1)
	b.has["block with results"] += min(len(s.out), 1)
	b.values(s.in)
	if b.below(3) > 0 {
		b.begin(wasm.Block, s, inside)
	} else {
		b.value(wasm.I32)
		b.begin(wasm.If, s, func() {
			inside()
			b.op(wasm.Else)
			inside()
		})
	}
	b.sinks(s.out)
}
