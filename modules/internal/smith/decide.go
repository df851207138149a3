package smith

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

var numbers = []wasm.ValType{wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128}

// names of functions: each answers a number of its own.
const nameCount = 4

func (m *maker) plan() {
	m.wild = m.below(5) > 2
	m.counts = m.wild && m.below(2) == 1
	m.daring = m.below(5) > 2
	m.budget = one(m.Choices, []int{5, 20, 100, 400, 1500})
	m.maxSteps = 1000 << m.below(5)
	for range 2 + m.below(5) {
		m.typ(m.signature(4, 3))
	}
	for range 1 + m.below(7) {
		m.funcs = append(m.funcs, m.below(len(m.types)))
	}
	m.names = len(m.funcs)
	for range nameCount {
		m.funcs = append(m.funcs, m.typ(signature{out: []wasm.ValType{wasm.I32}}))
	}
	m.min = 1 + m.below(2)
	m.max = m.min + m.below(4)
	if m.daring && m.rarely(16) {
		m.min = 0
	}
	m.planTables()
	m.planGlobals()
	m.planData()
}

func (m *maker) typ(s signature) int {
	if i := slices.IndexFunc(m.types, s.equal); i >= 0 {
		return i
	}
	m.types = append(m.types, s)
	return len(m.types) - 1
}

func (m *maker) signature(in, out int) signature { return signature{m.valTypes(in), m.valTypes(out)} }

func (m *maker) valTypes(most int) (t []wasm.ValType) {
	for range m.below(most + 1) {
		t = append(t, m.valType())
	}
	return t
}

func (m *maker) valType() wasm.ValType {
	if m.rarely(12) {
		return one(m.Choices, []wasm.ValType{wasm.FuncRef, wasm.ExternRef})
	}
	return one(m.Choices, numbers)
}

func (m *maker) planTables() {
	for range m.below(4) {
		t := table{typ: wasm.FuncRef, min: 4 + m.below(12)}
		if m.rarely(8) {
			t.min = 500 + m.below(2000)
		}
		if len(m.tables) > 0 && m.rarely(3) {
			t.typ = wasm.ExternRef
		}
		t.max = t.min + m.below(40)
		m.tables = append(m.tables, t)
	}
	for i, t := range m.tables {
		if t.typ != wasm.FuncRef {
			continue
		}
		if m.rarely(8) {
			refs := repeated(m.refs(1+m.below(20)), t.min/2+m.below(t.min))
			m.elems = append(m.elems, segment{mode: passive, typ: wasm.FuncRef, refs: refs})
		}
		for range 1 + m.below(3) {
			n := m.below(min(t.min, 40) + 1)
			m.elems = append(m.elems, segment{
				mode: m.below(2), table: i, at: m.below(t.min - n + 1), typ: wasm.FuncRef,
				refs: m.refs(n), exprs: m.below(2) == 1,
			})
		}
	}
	if len(m.tables) > 0 && m.rarely(4) {
		m.elems = append(m.elems, segment{mode: passive, typ: wasm.ExternRef, refs: []int{-1, -1}, exprs: true})
	}
	// What ref.func may name must stand in a segment.
	all := make([]int, len(m.funcs))
	for i := range all {
		all[i] = i
	}
	m.elems = append(m.elems, segment{mode: declared, typ: wasm.FuncRef, refs: all, exprs: m.below(2) == 1})
}

// long is how many bytes a meter won't move at once.
const long = 10000

// repeated is s again and again, n in all.
func repeated[T any](s []T, n int) (out []T) {
	for i := range n * min(len(s), 1) {
		out = append(out, s[i%len(s)])
	}
	return out
}

func (m *maker) refs(n int) (refs []int) {
	for range n {
		f := m.below(len(m.funcs))
		if m.rarely(6) {
			f = -1
		}
		refs = append(refs, f)
	}
	return refs
}

func (m *maker) planGlobals() {
	m.globals = []global{{typ: wasm.I64}, {typ: wasm.I32, low: 50}, {typ: wasm.I32, low: 500}}
	for range m.below(7) {
		g := global{typ: m.valType(), constant: m.rarely(5), low: m.bits(), high: m.bits()}
		if g.typ == wasm.FuncRef {
			g.low = uint64(m.below(len(m.funcs) + 1))
		}
		m.globals = append(m.globals, g)
	}
}

func (m *maker) planData() {
	for range m.below(4) {
		b := make([]byte, m.below(300))
		for i := range b {
			b[i] = byte(m.below(256))
		}
		if m.rarely(8) {
			b = repeated(b, long+m.below(long))
		}
		s := segment{mode: m.below(2), bytes: b}
		if room := m.min<<16 - len(b); room > 0 {
			s.at = m.below(room)
		} else {
			s.mode = passive
		}
		m.data = append(m.data, s)
	}
}

// bits gives a number as a constant: often one at an edge.
func (m *maker) bits() uint64 {
	switch m.below(6) {
	case 0:
		return uint64(m.below(3))
	case 1, 2:
		return uint64(m.below(256))
	case 3:
		return one(m.Choices, edges)
	case 4:
		return -uint64(m.below(256))
	}
	return m.word()
}

var edges = []uint64{
	1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1,
	0x3f800000, 0xbf800000, 0x4f000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x80000000, 1, 0x7f7fffff,
	0x3ff0000000000000, 0xc000000000000000, 0x41e0000000000000, 0x43e0000000000000, 0x7ff0000000000000, 0x7ff8000000000000,
}
