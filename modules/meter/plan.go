package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// What a charge of its own is worth: a stretch of code that not every way takes,
// in units.
const (
	stretchOwn  = 384     // is charged by itself
	stretchMore = 1 << 18 // is, if it times what else the charge pays that else pays for it is more
	stretchMost = 1 << 17 // ends, and what follows is charged anew
)

// function is one of the new module's, and what changes in its code.
type function struct {
	typ   int
	code  []byte // its locals in front
	head  int    // length of the locals
	parts []stretch
	edits []edit
	calls []int // functions, and types as ^type

	index   int // of the function
	selects int // read so far
}

// stretch is code that one charge could pay for: what follows it in its block.
type stretch struct {
	payer int // the stretch before it that pays else; -1: it must be charged
	cost  uint64
	pays  bool
}

// edit replaces code from at to end.
type edit struct {
	kind    editKind
	at, end int
	value   int // of what the kind says
}

type editKind byte

const (
	editCharge editKind = iota // the charge of a stretch
	editCall                   // a call of a function
	editRefer                  // a reference to a function
	editReturn                 // return, out of so many blocks
	editPick                   // a block of a type for a select
	editOrder                  // a comparison of another operand
)

// planner reads the code of one function.
type planner struct {
	reader
	*function
	guest *rewriter
	base  int  // of the code in what the reader reads
	own   bool // the meter's own code
	open  []opened
	bound bound
	line  line
}

// opened is a block whose end was not read yet.
type opened struct {
	op    wasm.Op
	part  int  // that its next instructions belong to
	owns  bool // the part began in this block
	outer int  // that pays where it begins
	reach int  // the farthest label that a branch in it goes to, seen from within
}

// plan finds what changes in f, whose code the reader is about to read.
func (w *rewriter) plan(r reader, f *function, own bool) {
	p := &planner{reader: r, function: f, guest: w, base: r.at, own: own}
	p.at += f.head
	p.open = []opened{{op: wasm.Block, part: p.stretch(-1), owns: true}}
	for len(p.open) > 0 {
		p.instruction()
	}
	if !p.done() {
		p.refuse(Malformed, "bytes after a function's end")
	}
}

// stretch begins one here.
func (p *planner) stretch(payer int) int {
	p.parts = append(p.parts, stretch{payer: payer, pays: payer < 0})
	p.edit(editCharge, p.at, len(p.parts)-1)
	return len(p.parts) - 1
}

// next begins another stretch of the innermost block. The one before it ends, if
// it is not of a block around.
func (p *planner) next(mandatory bool) {
	payer := p.settle()
	if mandatory {
		payer = -1
	}
	top := p.top()
	top.part, top.owns = p.stretch(payer), true
}

// settle decides whether the innermost block's last stretch is charged, which ends
// here, and returns who pays for what follows: that one, or the one that now
// pays for it too.
func (p *planner) settle() (payer int) {
	part := p.top().part
	s := &p.parts[part]
	if s.pays || !p.top().owns {
		return part
	}
	other, own := &p.parts[s.payer], uint64(stretchOwn)
	if p.own {
		own *= 2 // a short run, moved
	}
	s.pays = s.cost >= own || s.cost*other.cost >= stretchMore
	if s.pays {
		return part
	}
	other.cost += s.cost
	return s.payer
}

// edit changes what was read from start on.
func (p *planner) edit(kind editKind, start, value int) {
	p.edits = append(p.edits, edit{kind, start - p.base, p.at - p.base, value})
}

func (p *planner) top() *opened { return &p.open[len(p.open)-1] }

func (p *planner) pay(cost uint64) { p.parts[p.top().part].cost += cost }

func (p *planner) instruction() {
	start := p.at
	op, info := p.op()
	if top := p.top(); p.parts[top.part].cost >= stretchMost && op != wasm.I32And && op.Each() == 0 {
		p.at = start
		p.next(true)
		p.op()
	}
	p.pay(uint64(info.Cost))
	if parts(op) {
		p.line = line{}
	}
	switch info.Imm {
	case wasm.ImmBlock:
		p.begin(op)
	case wasm.ImmLabel, wasm.ImmLabels:
		p.branch(op)
	case wasm.ImmFunc:
		p.name(op, start, p.guest.function(&p.reader))
	case wasm.ImmIndirect:
		p.calls = append(p.calls, ^p.within(p.guest.given, "type"))
		p.u32()
	case wasm.ImmGlobal:
		p.global()
	case wasm.ImmElem, wasm.ImmElemTable:
		p.within(p.guest.segments, "element segment")
		if op == wasm.TableInit {
			p.u32()
			p.bulk(op, start)
		}
	case wasm.ImmTable, wasm.ImmTables, wasm.ImmMemories, wasm.ImmDataMem, wasm.ImmMemory:
		p.skip(info)
		p.bulk(op, start)
	default:
		p.plain(op, info, start)
	}
}

func (p *planner) plain(op wasm.Op, info wasm.Info, start int) {
	value := p.skip(info)
	switch op {
	case wasm.Else:
		top := p.top()
		if top.op != wasm.If {
			p.refuse(Invalid, "else without if")
		}
		p.settle()
		top.op, top.part = wasm.Else, p.stretch(top.outer)
	case wasm.End:
		p.close()
	case wasm.Return:
		p.edit(editReturn, start, len(p.open)-1)
		p.reaches(len(p.open))
	case wasm.Unreachable:
		p.reaches(len(p.open))
	case wasm.Select, wasm.SelectTyped:
		p.pick(op, start)
	default:
		p.bound.see(op, start, value, p.at)
		if p.line.see(op, info, start, value, p.at) {
			p.pay(uint64(ordered(op).Cost() - cost(op)))
			p.edit(editOrder, start, int(op))
		}
	}
}

// branch reads where to a branch goes.
func (p *planner) branch(op wasm.Op) {
	n := 0
	if op == wasm.BrTable {
		n = p.count(p.guest.limits.Body, "labels")
	}
	for range n + 1 {
		p.reaches(p.within(len(p.open), "label"))
	}
	if op == wasm.BrIf {
		p.next(false)
	}
}

func (p *planner) reaches(label int) { p.top().reach = max(p.top().reach, label) }

func (p *planner) begin(op wasm.Op) {
	p.blockType()
	next := opened{op: op, part: p.top().part, outer: p.top().part}
	switch op {
	case wasm.If:
		next.part, next.owns = p.stretch(next.outer), true
	case wasm.Loop:
		next.part, next.owns = p.stretch(-1), true
	}
	p.open = append(p.open, next)
}

// close ends a block. If a branch in it may lead past what follows, that is a
// stretch of its own.
func (p *planner) close() {
	p.settle()
	done := *p.top()
	p.open = p.open[:len(p.open)-1]
	if len(p.open) > 0 && done.reach > 0 {
		p.reaches(done.reach - 1)
		p.next(false)
	}
}

// blockType skips a block's type; one with an index must be the guest's.
func (p *planner) blockType() {
	start := p.at
	if p.signed(33) >= 0 {
		p.at = start
		p.within(p.guest.given, "type")
	}
}

func (p *planner) global() {
	n := p.guest.vars
	if p.own {
		n += metersGlobals
	}
	p.within(n, "global")
}

func (p *planner) name(op wasm.Op, start, f int) {
	if op == wasm.RefFunc {
		p.guest.referred[f] = true
		p.edit(editRefer, start, f)
		return
	}
	p.calls = append(p.calls, f)
	p.edit(editCall, start, f)
}
