package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// block is an entry of the control stack.
type block struct {
	op          wasm.Op
	in, out     []wasm.ValType
	height      int // of the operand stack at its start, below what it takes
	unreachable bool
	part        int  // that its next instructions belong to
	outer       int  // part around it, to which its else belongs
	loops       int  // around its instructions
	entries     int  // ways that lead to its end, as far as seen
	dead        bool // around it nothing runs
}

// label is what a branch to the block carries.
func (b *block) label() []wasm.ValType {
	if b.op == wasm.Loop {
		return b.in
	}
	return b.out
}

func (b *body) begin(op wasm.Op) {
	around := b.top()
	next := block{op: op, part: around.part, outer: around.part, loops: around.loops, dead: !b.runs()}
	next.in, next.out = b.blockType()
	if op == wasm.If {
		b.pop(wasm.I32)
	}
	b.popAll(next.in)
	next.height = len(b.stack)
	if op == wasm.Loop {
		b.nest()
		b.frame.merge(b.locals, b.stack)
		next.part, next.loops = b.charge(), next.loops+1
	}
	b.blocks = append(b.blocks, next)
	b.push(next.in...)
}

const emptyBlock = 0x40

func (b *body) blockType() (in, out []wasm.ValType) {
	switch first := b.module[min(b.at, b.end-1)]; {
	case first == emptyBlock:
		b.byte()
		return nil, nil
	case first >= emptyBlock && first < 0x80:
		return nil, []wasm.ValType{b.valType()}
	}
	i := b.signed(33)
	if i < 0 || i >= int64(len(b.types)) {
		b.refuse(Invalid, "no such type")
	}
	t := b.types[i]
	return t.in, t.out
}

// finish pops the results of the innermost block, which must leave nothing else.
func (b *body) finish() block {
	done := *b.top()
	b.popAll(done.out)
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
	if !done.unreachable {
		done.entries++
	}
	done.op, done.part, done.unreachable = wasm.Else, done.outer, false
	*b.top() = done
	b.push(done.in...)
}

func (b *body) close() {
	done := b.finish()
	if done.op == wasm.If && string(done.in) != string(done.out) {
		b.refuse(Invalid, "if that gives other than it takes lacks its else")
	}
	b.joins(done)
	b.blocks = b.blocks[:len(b.blocks)-1]
	b.push(done.out...)
	if done.op != wasm.Loop {
		b.frame.merge(b.locals, b.stack)
	}
	if len(b.blocks) == 1 && b.taken > 0 {
		b.giveBack()
	}
}

func (b *body) target() *block {
	label := len(b.blocks) - 1 - b.within(len(b.blocks), "label")
	b.leaves(label)
	if b.runs() {
		b.blocks[label].entries++
	}
	return &b.blocks[label]
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
