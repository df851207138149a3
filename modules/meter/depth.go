package meter

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// take reads a function's take of depth and the block that it covers.
func (b *body) take() {
	n, ok := b.sequence(b.takes)
	if !ok || n == 0 {
		b.refuse(Depth, "the depth is named where it is neither taken nor given back")
	}
	b.pay(uint64(takeCost + giveCost + cost(wasm.Block)))
	if wasm.Op(b.byte()) != wasm.Block {
		b.refuse(Depth, "no block after the depth was taken")
	}
	b.edges(1)
	b.begin(wasm.Block)
	if in, out := b.top().in, b.top().out; len(in) > 0 || !slices.Equal(out, b.blocks[0].out) {
		b.refuse(Depth, "the block after the depth was taken gives other than the function")
	}
	b.taken = n
}

// giveBack reads what must follow that block: depth given back, and the end.
func (b *body) giveBack() {
	n, ok := b.sequence(b.gives)
	if !ok || n != b.taken || b.done() || wasm.Op(b.module[b.at]) != wasm.End {
		b.refuse(Depth, "the end is reached with the depth not given back")
	}
}

// leaves refuses a way to a label, counted from outside, that would leave the
// function with the depth taken: only the end of the block leads out.
func (b *body) leaves(label int) {
	if label == 0 && b.taken > 0 {
		b.refuse(Depth, "a way out of the function doesn't give back the depth")
	}
}

// stackUnit is what one unit of depth stands for, in bytes of an engine's stack.
const stackUnit = 16 << 10

// frameRest is what a frame holds beyond the function's values: arguments and
// results of what it calls, saved registers and the engine's own.
const frameRest = 16*(maxParams+maxResults) + 1<<10

// maxStretch is the most units of functions on the stack that take no depth.
const maxStretch = 256

// frame counts what an engine may keep on its stack for one call: compilers
// give each value that an instruction or a merge of ways defines a place of its own.
type frame struct {
	slots int
	wide  bool
}

func (f *frame) values(types []wasm.ValType) {
	f.slots += len(types)
	f.wide = f.wide || slices.Contains(types, wasm.V128)
}

func (f *frame) merge(locals, stack []wasm.ValType) { f.slots += len(locals) + len(stack) }

// units is the frame's weight in units of depth. What engines make of an
// instruction needs a place more at times, so each counts twice.
func (f *frame) units(locals []wasm.ValType) int {
	f.values(locals)
	size := 8
	if f.wide {
		size = 16
	}
	return 1 + (frameRest+2*size*f.slots)/stackUnit
}
