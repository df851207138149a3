package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// body is one function in the making.
type body struct {
	*maker
	code
	self   int
	sig    signature
	locals []local
	frames []frame
	room   int // values and statements that it may still have
	depth  int // of what is being written
	calls  int // unbounded calls that it may still have

	scratch map[wasm.ValType]int // locals that are used at once
}

type local struct {
	typ  wasm.ValType
	kept bool // for a purpose: nothing else sets it
}

// frame is an entry of the control stack.
type frame struct {
	label   []wasm.ValType // what a branch carries
	loop    bool
	counter int // local that counts the loop down; -1: nothing does
}

func (m *maker) newBody(self int, s signature) *body {
	b := &body{maker: m, code: code{ops: m.ops}, self: self, sig: s, calls: 2, scratch: map[wasm.ValType]int{}}
	for _, t := range s.in {
		b.locals = append(b.locals, local{typ: t})
	}
	b.frames = []frame{{label: s.out}}
	return b
}

// function writes a function of statements, whose locals end in the sum.
func (m *maker) function(self int) {
	b := m.newBody(self, m.types[m.funcs[self]])
	for range m.below(6) {
		b.locals = append(b.locals, local{typ: m.valType()})
	}
	b.room = 10 << m.below(5)
	b.step()
	b.statements(6)
	for i := range b.locals {
		if l := b.locals[i]; !l.kept && m.below(3) > 0 {
			b.index(wasm.LocalGet, i)
			b.mix(l.typ)
		}
	}
	b.values(b.sig.out)
	m.finish(b)
}

// finish encodes the body and adds it to the module.
func (m *maker) finish(b *body) {
	locals := b.locals[len(b.sig.in):]
	out := wasm.AppendU32(nil, uint32(len(locals)))
	for _, l := range locals {
		out = append(out, 1, byte(l.typ))
	}
	b.op(wasm.End)
	m.bodies = append(m.bodies, append(out, b.bytes...))
}

// keep adds a local for a purpose.
func (b *body) keep(t wasm.ValType) int {
	b.locals = append(b.locals, local{typ: t, kept: true})
	return len(b.locals) - 1
}

// localOf chooses a local of t that may be set.
func (b *body) localOf(t wasm.ValType) (int, bool) {
	return b.search(len(b.locals), func(i int) bool { return b.locals[i].typ == t && !b.locals[i].kept })
}

func (b *body) globalOf(t wasm.ValType, set bool) (int, bool) {
	return b.search(len(b.globals), func(i int) bool {
		return i >= firstGlobal && b.globals[i].typ == t && !(set && b.globals[i].constant)
	})
}

// search finds what suits among n, from a chosen place on.
func (b *body) search(n int, suits func(int) bool) (int, bool) {
	start := b.below(n)
	for i := range n {
		if at := (start + i) % n; suits(at) {
			return at, true
		}
	}
	return 0, false
}

// step counts one towards the trap, where the module counts.
func (b *body) step() {
	if !b.counts {
		return
	}
	b.index(wasm.GlobalGet, steps)
	b.op(wasm.I32Eqz)
	b.begin(wasm.If, signature{}, func() { b.op(wasm.Unreachable) })
	b.less(steps)
}

// less takes one from a global.
func (b *body) less(global int) {
	b.index(wasm.GlobalGet, global)
	b.i32(1)
	b.op(wasm.I32Sub)
	b.index(wasm.GlobalSet, global)
}

// begin writes a block, a loop or an if; inside writes what stands in it.
func (b *body) begin(op wasm.Op, s signature, inside func()) {
	b.open(op, s, -1)
	inside()
	b.close()
}

func (b *body) open(op wasm.Op, s signature, counter int) {
	b.op(op)
	f := frame{label: s.out, counter: counter}
	if op == wasm.Loop {
		f.label, f.loop = s.in, true
	}
	b.frames = append(b.frames, f)
	switch {
	case len(s.in) == 0 && len(s.out) == 0 && !b.rarely(16):
		b.bytes = append(b.bytes, 0x40)
	case len(s.in) == 0 && len(s.out) == 1 && !b.rarely(16):
		b.bytes = append(b.bytes, byte(s.out[0]))
	default:
		b.has["block of a type index"]++
		b.bytes = wasm.AppendS64(b.bytes, int64(b.typ(s)))
	}
}

func (b *body) close() {
	b.op(wasm.End)
	b.frames = b.frames[:len(b.frames)-1]
}
