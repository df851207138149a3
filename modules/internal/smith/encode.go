package smith

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

type export struct {
	name     string
	function int
}

// encode writes the sections.
func (m *maker) encode(exports []export) []byte {
	out := []byte(wasm.Header)
	section := func(id byte, n int, entry func(b []byte, i int) []byte) {
		if n == 0 {
			return
		}
		b := wasm.AppendU32(nil, uint32(n))
		for i := range n {
			b = entry(b, i)
		}
		out = append(wasm.AppendU32(append(out, id), uint32(len(b))), b...)
	}
	section(wasm.SectionType, len(m.types), m.appendType)
	section(wasm.SectionFunction, len(m.funcs), func(b []byte, i int) []byte {
		return wasm.AppendU32(b, uint32(m.funcs[i]))
	})
	section(wasm.SectionTable, len(m.tables), func(b []byte, i int) []byte {
		t := m.tables[i]
		return wasm.AppendU32(wasm.AppendU32(append(b, byte(t.typ), 1), uint32(t.min)), uint32(t.max))
	})
	section(wasm.SectionMemory, 1, func(b []byte, _ int) []byte {
		return wasm.AppendU32(wasm.AppendU32(append(b, 1), uint32(m.min)), uint32(m.max))
	})
	section(wasm.SectionGlobal, len(m.globals), m.appendGlobal)
	section(wasm.SectionExport, 1+len(exports), func(b []byte, i int) []byte {
		if i == 0 {
			return append(appendBytes(b, []byte(abi.ExportMemory)), byte(wasm.KindMemory), 0)
		}
		e := exports[i-1]
		return wasm.AppendU32(append(appendBytes(b, []byte(e.name)), byte(wasm.KindFunc)), uint32(e.function))
	})
	section(wasm.SectionElement, len(m.elems), m.appendElem)
	if len(m.data) > 0 {
		out = append(out, wasm.SectionDataCount, 1, byte(len(m.data)))
	}
	section(wasm.SectionCode, len(m.bodies), func(b []byte, i int) []byte { return appendBytes(b, m.bodies[i]) })
	section(wasm.SectionData, len(m.data), m.appendData)
	return append(out, wasm.SectionCustom, 7, 5, 's', 'm', 'i', 't', 'h', 0)
}

func appendBytes(dst, b []byte) []byte { return append(wasm.AppendU32(dst, uint32(len(b))), b...) }

func (m *maker) appendType(b []byte, i int) []byte {
	b = append(b, 0x60)
	for _, list := range [...][]wasm.ValType{m.types[i].in, m.types[i].out} {
		b = wasm.AppendU32(b, uint32(len(list)))
		for _, t := range list {
			b = append(b, byte(t))
		}
	}
	return b
}

func (m *maker) appendGlobal(b []byte, i int) []byte {
	g := m.globals[i]
	variable := byte(1)
	if g.constant {
		variable = 0
	}
	c := code{ops: m.ops}
	if g.typ == wasm.FuncRef && g.low > 0 {
		c.index(wasm.RefFunc, int(g.low-1))
	} else {
		c.constant(g.typ, g.low, g.high)
	}
	return append(append(append(b, byte(g.typ), variable), c.bytes...), byte(wasm.End))
}

// appendElem writes any of the eight forms of a segment of elements.
func (m *maker) appendElem(b []byte, i int) []byte {
	s := m.elems[i]
	form := [...]byte{active: 0, passive: 1, declared: 3}[s.mode]
	plain := !s.exprs && s.typ == wasm.FuncRef
	for _, r := range s.refs {
		plain = plain && r >= 0
	}
	explicit := s.mode == active && (s.table > 0 || s.exprs)
	if explicit {
		form |= 2
	}
	if !plain {
		form |= 4
	}
	b = append(b, form)
	if explicit {
		b = wasm.AppendU32(b, uint32(s.table))
	}
	if s.mode == active {
		b = append(wasm.AppendS64(append(b, byte(wasm.I32Const)), int64(s.at)), byte(wasm.End))
	}
	switch {
	case form&3 == 0:
	case plain:
		b = append(b, 0) // functions
	default:
		b = append(b, byte(s.typ))
	}
	b = wasm.AppendU32(b, uint32(len(s.refs)))
	for _, r := range s.refs {
		switch {
		case plain:
			b = wasm.AppendU32(b, uint32(r))
		case r < 0:
			b = append(b, byte(wasm.RefNull), byte(s.typ), byte(wasm.End))
		default:
			b = append(wasm.AppendU32(append(b, byte(wasm.RefFunc)), uint32(r)), byte(wasm.End))
		}
	}
	return b
}

func (m *maker) appendData(b []byte, i int) []byte {
	s := m.data[i]
	b = append(b, byte(s.mode))
	if s.mode == active {
		b = append(wasm.AppendS64(append(b, byte(wasm.I32Const)), int64(s.at)), byte(wasm.End))
	}
	return appendBytes(b, s.bytes)
}
