package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

func (b *body) begin(op wasm.Op) {
	next := block{op: op, part: b.top().part, loops: b.top().loops}
	if b.module[min(b.at, b.end-1)] == emptyBlock {
		b.byte()
	} else {
		next.result = []wasm.ValType{b.valType()}
	}
	if op == wasm.If {
		b.pop(wasm.I32)
	}
	if op == wasm.Loop {
		next.part, next.loops = b.charge(), next.loops+1
	}
	next.height = len(b.stack)
	b.blocks = append(b.blocks, next)
}

const emptyBlock = 0x40

// edges counts n more ways through the function, see Limits.Work.
func (b *body) edges(n int) {
	b.branches += n
	live := 1 + len(b.locals) + len(b.stack)
	b.work += n*(1+b.top().loops)*live + b.branches/16
	if b.work > b.limits.Work {
		b.refuse(Limit, "too many branches, or too much live across them, to compile in time")
	}
}

// finish pops the results of the innermost block, which must leave nothing else.
func (b *body) finish() block {
	done := *b.top()
	b.popAll(done.result)
	if len(b.stack) != done.height {
		b.refuse(Invalid, "operands left at a block's end")
	}
	return done
}

func (b *body) otherwise() {
	done := b.finish()
	if done.op != wasm.If {
		b.refuse(Invalid, "else without if")
	}
	*b.top() = block{op: wasm.Else, result: done.result, height: done.height, part: done.part, loops: done.loops}
}

func (b *body) close() {
	done := b.finish()
	if done.op == wasm.If && len(done.result) > 0 {
		b.refuse(Invalid, "if with a result lacks its else")
	}
	b.blocks = b.blocks[:len(b.blocks)-1]
	b.push(done.result...)
}

func (b *body) target() *block {
	depth := b.u32()
	if uint64(depth) >= uint64(len(b.blocks)) {
		b.refuse(Invalid, "no such label")
	}
	return &b.blocks[len(b.blocks)-1-int(depth)]
}

func (b *body) branch(op wasm.Op) {
	label := b.target().label()
	if op == wasm.Br {
		b.popAll(label)
		b.unreachable()
		return
	}
	b.pop(wasm.I32)
	b.popAll(label)
	b.push(label...)
}

func (b *body) branchTable() {
	n := b.count(b.limits.Body, "labels")
	b.edges(n + 1)
	b.pop(wasm.I32)
	var first []wasm.ValType
	for i := range n + 1 {
		label := b.target().label()
		if i == 0 {
			first = label
		}
		if string(first) != string(label) {
			b.refuse(Invalid, "labels of different types")
		}
	}
	b.popAll(first)
	b.unreachable()
}

func (b *body) call() {
	f := b.u32()
	if uint64(f) >= uint64(len(b.funcs)) {
		b.refuse(Invalid, "no such function")
	}
	if f == refill {
		b.refuse(Fuel, "refill is called outside a charge")
	}
	b.calls.add(b.index, int(f))
	t := b.types[b.funcs[f]]
	b.popAll(t.in)
	b.push(t.out...)
}
