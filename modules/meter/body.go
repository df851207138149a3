package meter

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// anyType stands for an operand of unreachable code.
const anyType wasm.ValType = 0

// block is an entry of the control stack.
type block struct {
	op          wasm.Op
	result      []wasm.ValType // at its end
	height      int            // of the operand stack at its start
	unreachable bool
	part        int // the straight part its instructions belong to
	loops       int // around its instructions
}

// label is what a branch to the block carries.
func (b *block) label() []wasm.ValType {
	if b.op == wasm.Loop {
		return nil
	}
	return b.result
}

// part is what one charge pays for: a function or a loop without the loops in it.
type part struct {
	at       int // of the charge
	declared uint32
	cost     uint64
}

// body validates one function and proves its charges, after the algorithm in
// the appendix of the WebAssembly specification.
type body struct {
	*checker
	index  int
	locals []wasm.ValType
	stack  []wasm.ValType
	blocks []block
	parts  []part

	branches int // so far
}

func (c *checker) body(index int) {
	t := c.types[c.funcs[index]]
	b := &body{checker: c, index: index, locals: t.in[:len(t.in):len(t.in)]}
	b.declare()
	b.blocks = []block{{op: wasm.Block, result: t.out, part: b.charge()}}
	for len(b.blocks) > 0 {
		b.instruction()
	}
	if !b.done() {
		b.refuse(Malformed, "bytes after a function's end")
	}
	for _, p := range b.parts {
		if p.cost > uint64(p.declared) {
			b.at = p.at
			b.refuse(Short, "charges %d units for a cost of %d", p.declared, p.cost)
		}
	}
}

func (b *body) declare() {
	for range b.count(b.limits.Locals, "groups of locals") {
		n := b.count(b.limits.Locals-len(b.locals), "locals")
		t := b.valType()
		for range n {
			b.locals = append(b.locals, t)
		}
	}
}

// charge demands a charge here and begins the part it pays for.
func (b *body) charge() (index int) {
	n, length, ok := readCharge(b.module[b.at:b.end], b.fuel)
	if !ok {
		b.refuse(Charge, "a function or loop without a charge in front")
	}
	if n > MaxCharge {
		b.refuse(Limit, "a charge of %d units, at most %d are admitted", n, MaxCharge)
	}
	b.parts = append(b.parts, part{at: b.at, declared: n, cost: uint64(chargeCost)})
	b.at += length
	return len(b.parts) - 1
}

func (b *body) top() *block { return &b.blocks[len(b.blocks)-1] }

func (b *body) push(types ...wasm.ValType) { b.stack = append(b.stack, types...) }

func (b *body) pop(want wasm.ValType) wasm.ValType {
	top := b.top()
	if len(b.stack) == top.height {
		if !top.unreachable {
			b.refuse(Invalid, "operand missing")
		}
		return want
	}
	have := b.stack[len(b.stack)-1]
	b.stack = b.stack[:len(b.stack)-1]
	if have == anyType {
		return want
	}
	if want != anyType && have != want {
		b.refuse(Invalid, "operand of another type")
	}
	return have
}

func (b *body) popAll(types []wasm.ValType) {
	for i := len(types) - 1; i >= 0; i-- {
		b.pop(types[i])
	}
}

// unreachable drops the operands of the rest of a block that is never reached.
func (b *body) unreachable() {
	b.stack = b.stack[:b.top().height]
	b.top().unreachable = true
}

func (b *body) instruction() {
	op, info := b.op()
	b.parts[b.top().part].cost += uint64(info.Cost)
	switch info.Imm {
	case wasm.ImmBlock:
		b.edges(1)
		b.begin(op)
	case wasm.ImmLabel:
		b.edges(1)
		b.branch(op)
	case wasm.ImmLabels:
		b.branchTable()
	case wasm.ImmFunc:
		b.call()
	case wasm.ImmLocal:
		b.local(op)
	case wasm.ImmGlobal:
		b.global(op)
	default:
		b.plain(op, info)
	}
}

// plain handles what has fixed types, and control without an immediate.
func (b *body) plain(op wasm.Op, info wasm.Info) {
	switch op {
	case wasm.Unreachable:
		b.unreachable()
	case wasm.Else:
		b.otherwise()
	case wasm.End:
		b.close()
	case wasm.Return:
		b.popAll(b.blocks[0].result)
		b.unreachable()
	case wasm.Drop:
		b.pop(anyType)
	case wasm.Select:
		b.pop(wasm.I32)
		t := b.pop(anyType)
		b.push(b.pop(t))
	default:
		b.operands(info)
		b.popAll([]wasm.ValType(info.In))
		b.push([]wasm.ValType(info.Out)...)
	}
}

// operands reads and checks the immediates of numeric and memory instructions.
func (b *body) operands(info wasm.Info) {
	switch info.Imm {
	case wasm.ImmMemory:
		b.memory()
		if b.byte() != 0 {
			b.refuse(Malformed, "another memory")
		}
	case wasm.ImmArg, wasm.ImmArgLane:
		b.memory()
		if b.u32() > uint32(info.Align()) {
			b.refuse(Invalid, "alignment above the access")
		}
		b.u32()
		if info.Imm == wasm.ImmArgLane {
			b.lane(info.Lanes())
		}
	case wasm.ImmLane:
		b.lane(info.Lanes())
	case wasm.ImmShuffle:
		for range 16 {
			b.lane(32)
		}
	default:
		b.immediate(info)
	}
}

func (b *body) memory() {
	if b.memories == 0 {
		b.refuse(Invalid, "no memory")
	}
}

func (b *body) lane(lanes byte) {
	if b.byte() >= lanes {
		b.refuse(Invalid, "no such lane")
	}
}

func (b *body) local(op wasm.Op) {
	i := b.u32()
	if uint64(i) >= uint64(len(b.locals)) {
		b.refuse(Invalid, "no such local")
	}
	t := b.locals[i]
	if op != wasm.LocalGet {
		b.pop(t)
	}
	if op != wasm.LocalSet {
		b.push(t)
	}
}

func (b *body) global(op wasm.Op) {
	i := b.u32()
	if uint64(i) >= uint64(len(b.globals)) {
		b.refuse(Invalid, "no such global")
	}
	if int(i) == b.fuel {
		b.refuse(Fuel, "the fuel is named outside a charge")
	}
	g := b.globals[i]
	if op == wasm.GlobalGet {
		b.push(g.typ)
		return
	}
	if !g.mutable {
		b.refuse(Invalid, "a constant is set")
	}
	b.pop(g.typ)
}
