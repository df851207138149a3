package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// loop counts down, or in a wild module ends when some value says so.
func (b *body) loop() {
	s := signature{}
	if b.rarely(4) {
		s = b.signature(2, 2)
		b.has["loop with operands"] += min(len(s.in), 1)
	}
	counter := -1
	if !b.wild || b.below(3) > 0 {
		counter = b.keep(wasm.I32)
		b.i32(int32(b.trips()))
		b.index(wasm.LocalSet, counter)
	} else {
		b.has["loop without a bound"]++
	}
	b.values(s.in)
	b.open(wasm.Loop, s, counter)
	b.step()
	b.sinks(s.in)
	b.statements(4)
	b.values(s.in)
	b.again(counter)
	b.index(wasm.BrIf, 0)
	b.sinks(s.in)
	b.values(s.out)
	b.close()
	b.sinks(s.out)
}

// trips is how often a loop turns, less where others are around.
func (b *body) trips() int {
	switch around := b.loops(); {
	case around == 0 && b.rarely(12):
		return 1 + b.below(600)
	case around == 0:
		return 1 + b.below(16)
	case around == 1:
		return 1 + b.below(5)
	}
	return 1 + b.below(2)
}

func (b *body) loops() (n int) {
	for _, f := range b.frames {
		if f.loop {
			n++
		}
	}
	return n
}

// again leaves whether the loop of this counter goes on, and counts.
func (b *body) again(counter int) {
	if counter < 0 {
		b.value(wasm.I32)
		return
	}
	b.index(wasm.LocalGet, counter)
	b.i32(1)
	b.op(wasm.I32Sub)
	b.index(wasm.LocalTee, counter)
	b.i32(0)
	b.op(wasm.I32GtS)
}
