package wasm

import "slices"

// Kind is the kind of an export.
type Kind byte

// The kinds of exports.
const (
	KindFunc   Kind = 0
	KindTable  Kind = 1
	KindMemory Kind = 2
	KindGlobal Kind = 3
)

// Section ids in the order of a module.
const (
	SectionCustom   = 0
	SectionType     = 1
	SectionImport   = 2
	SectionFunction = 3
	SectionTable    = 4
	SectionMemory   = 5
	SectionGlobal   = 6
	SectionExport   = 7
	SectionStart    = 8
	SectionElement  = 9
	SectionCode     = 10
	SectionData     = 11

	SectionDataCount = 12 // stands before SectionCode
)

// Header is what every module begins with: magic and version 1.
const Header = "\x00asm\x01\x00\x00\x00"

// Module is a module in the making. Imports come before functions. Equal calls
// give equal bytes.
type Module struct {
	types   [][]byte
	sets    [SectionDataCount + 1][][]byte // entries of each section, encoded
	imports int
	custom  []byte
}

// Type adds a function type if it is new and returns its index.
func (m *Module) Type(in, out []ValType) int {
	t := []byte{0x60}
	for _, list := range [...][]ValType{in, out} {
		t = AppendU32(t, uint32(len(list)))
		for _, v := range list {
			t = append(t, byte(v))
		}
	}
	for i, have := range m.types {
		if slices.Equal(have, t) {
			return i
		}
	}
	m.types = append(m.types, t)
	return len(m.types) - 1
}

// ImportFunc adds an imported function and returns its index.
func (m *Module) ImportFunc(module, name string, typ int) int {
	if len(m.sets[SectionFunction]) > 0 {
		panic("wasm: import after a function")
	}
	e := appendName(appendName(nil, module), name)
	m.imports++
	return m.add(SectionImport, AppendU32(append(e, byte(KindFunc)), uint32(typ)))
}

// Func adds a function with its locals and body and returns its index. The body
// is without its last end.
func (m *Module) Func(typ int, locals []ValType, body []byte) int {
	code := append(append(Locals(locals), body...), byte(End))
	m.add(SectionCode, append(AppendU32(nil, uint32(len(code))), code...))
	return m.imports + m.add(SectionFunction, AppendU32(nil, uint32(typ)))
}

// Locals declares locals in front of a body.
func Locals(locals []ValType) []byte {
	b := AppendU32(nil, uint32(len(runs(locals))))
	for _, r := range runs(locals) {
		b = append(AppendU32(b, uint32(len(r))), byte(r[0]))
	}
	return b
}

func runs(locals []ValType) (out [][]ValType) {
	for start := 0; start < len(locals); {
		end := start + 1
		for end < len(locals) && locals[end] == locals[start] {
			end++
		}
		out, start = append(out, locals[start:end]), end
	}
	return out
}

// Memory declares the memory: from min to max pages.
func (m *Module) Memory(min, max int) {
	m.add(SectionMemory, AppendU32(AppendU32([]byte{1}, uint32(min)), uint32(max)))
}

// GlobalI32 adds a mutable i32 global and returns its index.
func (m *Module) GlobalI32(value int32) int {
	e := AppendS64([]byte{byte(I32), 1, byte(I32Const)}, int64(value))
	return m.add(SectionGlobal, append(e, byte(End)))
}

// Export exports what kind and index name.
func (m *Module) Export(name string, kind Kind, index int) {
	m.add(SectionExport, AppendU32(append(appendName(nil, name), byte(kind)), uint32(index)))
}

// Data fills memory from offset on.
func (m *Module) Data(offset int, b []byte) {
	e := AppendS64([]byte{0, byte(I32Const)}, int64(offset))
	e = AppendU32(append(e, byte(End)), uint32(len(b)))
	m.add(SectionData, append(e, b...))
}

// Custom adds a custom section at the end.
func (m *Module) Custom(name string, b []byte) {
	m.custom = appendSection(m.custom, SectionCustom, append(appendName(nil, name), b...))
}

// Entry adds an entry to a section in its binary form; Start takes just an
// index, DataCount just a number. Modules that no emitter of ours would write are made with it.
func (m *Module) Entry(section int, e []byte) { m.add(section, e) }

func (m *Module) add(section int, e []byte) int {
	m.sets[section] = append(m.sets[section], e)
	return len(m.sets[section]) - 1
}

// order is that of the sections in a module.
var order = [...]int{
	SectionType, SectionImport, SectionFunction, SectionTable, SectionMemory, SectionGlobal,
	SectionExport, SectionStart, SectionElement, SectionDataCount, SectionCode, SectionData,
}

// Bytes is the module in its binary form.
func (m *Module) Bytes() []byte {
	out := []byte(Header)
	m.sets[SectionType] = m.types
	for _, id := range order {
		entries := m.sets[id]
		if len(entries) == 0 {
			continue
		}
		var b []byte
		if id != SectionStart && id != SectionDataCount {
			b = AppendU32(nil, uint32(len(entries)))
		}
		out = appendSection(out, byte(id), append(b, slices.Concat(entries...)...))
	}
	return append(out, m.custom...)
}

func appendSection(dst []byte, id byte, b []byte) []byte {
	return append(AppendU32(append(dst, id), uint32(len(b))), b...)
}

func appendName(dst []byte, s string) []byte {
	return append(AppendU32(dst, uint32(len(s))), s...)
}
