package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// anyType stands for an operand of unreachable code.
const anyType wasm.ValType = 0

// part is what one charge pays for: the rest of the block it stands in, without
// what other charges in there pay for.
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

	taken    uint32 // of the depth; 0: nothing
	bound    bound
	line     line
	branches int // so far
	chain    int // of them, since ways last came together
	selects  int // so far
	frame    frame
}

func (c *checker) body(index int) {
	t := c.types[c.funcs[index]]
	b := &body{checker: c, index: index, locals: t.in[:len(t.in):len(t.in)]}
	b.declare()
	b.toil(c.end - c.at)
	b.blocks = []block{{op: wasm.Block, out: t.out}}
	b.top().part = b.charge()
	if b.begins(b.takes) {
		b.take()
	}
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
	c.calls.needs[index].own = b.frame.units(b.locals)
	c.calls.needs[index].taken = int(b.taken)
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
	at := b.at
	n, ok := b.sequence(b.charges)
	if !ok {
		b.refuse(Charge, "a function or loop without a charge in front")
	}
	if n > MaxCharge {
		b.refuse(Limit, "a charge of %d units, at most %d are admitted", n, MaxCharge)
	}
	b.charged()
	b.parts = append(b.parts, part{at: at, declared: n, cost: uint64(chargeCost)})
	return len(b.parts) - 1
}

// again reads a charge within a block, which pays from here to the block's end.
func (b *body) again() {
	at := b.at
	if _, ok := b.sequence(b.charges); !ok {
		b.refuse(Fuel, "the fuel is named outside a charge")
	}
	b.at = at
	b.top().part = b.charge()
}

func (b *body) pay(cost uint64) { b.parts[b.top().part].cost += cost }

func (b *body) top() *block { return &b.blocks[len(b.blocks)-1] }

func (b *body) push(types ...wasm.ValType) {
	b.stack = append(b.stack, types...)
	b.frame.values(types)
}

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
	if b.begins(b.charges) {
		b.again()
		return
	}
	start := b.at
	op, info := b.op()
	b.pay(uint64(info.Cost))
	b.long(op)
	b.hidden(op)
	if parts(op) {
		b.line = line{}
	}
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
		b.function(op)
	case wasm.ImmIndirect:
		b.callIndirect()
	case wasm.ImmLocal:
		b.local(op)
	case wasm.ImmGlobal:
		b.global(op)
	case wasm.ImmTypes:
		b.selectTyped()
	case wasm.ImmTable, wasm.ImmTables, wasm.ImmElem, wasm.ImmElemTable, wasm.ImmRefType:
		b.reference(op, start)
	case wasm.ImmData, wasm.ImmDataMem, wasm.ImmMemories:
		b.bulk(op, start)
	default:
		b.plain(op, info, start)
	}
}

// plain handles what has fixed types, and control without an immediate.
func (b *body) plain(op wasm.Op, info wasm.Info, start int) {
	switch op {
	case wasm.Unreachable:
		b.unreachable()
	case wasm.Else:
		b.otherwise()
	case wasm.End:
		b.close()
	case wasm.Return:
		b.leaves(0)
		b.popAll(b.blocks[0].out)
		b.unreachable()
	case wasm.Drop:
		b.pop(anyType)
	case wasm.Select:
		b.selectPlain()
	case wasm.RefIsNull:
		if t := b.pop(anyType); t != anyType && !t.Ref() {
			b.refuse(Invalid, "operand is not a reference")
		}
		b.push(wasm.I32)
	case wasm.MemoryFill:
		b.bulk(op, start)
	default:
		value := b.operands(info)
		b.bound.see(op, start, value, b.at)
		if b.line.see(op, info, start, value, b.at) {
			b.at = start
			b.refuse(Unsupported, "order of what may be an and and 0")
		}
		b.popAll([]wasm.ValType(info.In))
		b.push([]wasm.ValType(info.Out)...)
	}
}
