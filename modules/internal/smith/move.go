package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Regions that bulk instructions work on lie within the first page unless the
// module dares.
const (
	placeMask   = 1<<14 - 1
	mostBase    = 1 << 14
	mostMoved   = 30000
	mostOverlap = 300
)

// moveMemory writes a bulk instruction on memory.
func (b *body) moveMemory() {
	switch b.below(8) {
	case 0, 1:
		b.place(b.below(mostBase))
		b.value(wasm.I32)
		b.length(mostMoved, b.min<<16)
		b.index(wasm.MemoryFill, 0)
	case 2, 3:
		b.place(b.below(mostBase))
		b.place(b.below(mostBase))
		b.length(mostMoved, b.min<<16)
		b.index(wasm.MemoryCopy, 0, 0)
	case 4, 5:
		b.overlap()
	case 6:
		b.initMemory()
	default:
		if i := b.below(len(b.data) + 1); i < len(b.data) && (b.daring || b.data[i].mode == active) {
			b.index(wasm.DataDrop, i)
		}
	}
}

// overlap copies a region onto one that begins just before or behind it.
func (b *body) overlap() {
	to := b.keepOne(wasm.I32)
	b.place(mostOverlap + b.below(mostBase-mostOverlap))
	b.index(wasm.LocalTee, to)
	b.index(wasm.LocalGet, to)
	b.i32(int32(b.below(2*mostOverlap) - mostOverlap))
	b.op(wasm.I32Add)
	b.length(mostMoved, b.min<<16)
	b.index(wasm.MemoryCopy, 0, 0)
}

// place leaves an address from base on.
func (b *body) place(base int) {
	b.value(wasm.I32)
	if b.dare() {
		return
	}
	b.i32(placeMask)
	b.op(wasm.I32And)
	b.i32(int32(base))
	b.op(wasm.I32Add)
}

// length leaves a number up to most; mostly it is small. In a daring module it
// may be near the size of the whole, and so reach beyond its end: what lies before
// that must not be moved either.
func (b *body) length(most, size int) {
	if b.daring && b.rarely(12) {
		b.i32(int32(size - b.below(size/4+1)))
		return
	}
	switch b.below(8) {
	case 0, 1, 2:
		b.i32(int32(b.below(min(most, 40) + 1)))
	case 3, 4:
		b.value(wasm.I32)
		b.i32(int32(lowBits(most)))
		b.op(wasm.I32And)
	case 5:
		b.i32(int32(b.below(min(most, 5000) + 1)))
	case 6:
		b.i32(int32(b.below(most + 1)))
	default:
		if b.dare() {
			b.value(wasm.I32)
		} else {
			b.i32(0)
		}
	}
}

// lowBits is the largest mask that is not above most.
func lowBits(most int) int {
	mask := 0
	for mask*2+1 <= min(most, 255) {
		mask = mask*2 + 1
	}
	return mask
}

func (b *body) initMemory() {
	i, ok := b.search(len(b.data), func(i int) bool { return b.data[i].mode == passive || b.daring && b.rarely(4) })
	if !ok {
		return
	}
	n := len(b.data[i].bytes)
	from := b.below(n + 1)
	b.place(b.below(mostBase))
	b.i32(int32(from))
	b.length(n-from, n)
	b.index(wasm.MemoryInit, i, 0)
}
