package attack

import (
	"encoding/binary"
	"math"
	"slices"
)

// The assembler is apart from package wasm's: it writes what no emitter would,
// and agrees with nothing by construction.

const end = 0x0b

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func repeat(n int, part []byte) []byte { return slices.Repeat(part, n) }

func op(b ...byte) []byte { return b }

func u32(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func signed(v int64) (b []byte) {
	for {
		low := byte(v & 0x7f)
		if v >>= 7; v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func i32(v int32) []byte { return append(op(0x41), signed(int64(v))...) }
func i64(v int64) []byte { return append(op(0x42), signed(v)...) }
func f64(v float64) []byte {
	return binary.LittleEndian.AppendUint64(op(0x44), math.Float64bits(v))
}

func get(i int) []byte    { return append(op(0x20), u32(i)...) }
func set(i int) []byte    { return append(op(0x21), u32(i)...) }
func tee(i int) []byte    { return append(op(0x22), u32(i)...) }
func gget(i int) []byte   { return append(op(0x23), u32(i)...) }
func gset(i int) []byte   { return append(op(0x24), u32(i)...) }
func call(i int) []byte   { return append(op(0x10), u32(i)...) }
func br(i int) []byte     { return append(op(0x0c), u32(i)...) }
func brIf(i int) []byte   { return append(op(0x0d), u32(i)...) }
func load(at int) []byte  { return append(op(0x28, 2), u32(at)...) }
func store(at int) []byte { return append(op(0x36, 2), u32(at)...) }

func block(body ...[]byte) []byte { return cat(op(0x02, 0x40), cat(body...), op(end)) }
func loop(body ...[]byte) []byte  { return cat(op(0x03, 0x40), cat(body...), op(end)) }
func when(body ...[]byte) []byte  { return cat(op(0x04, 0x40), cat(body...), op(end)) }
func lest(body ...[]byte) []byte  { return cat(op(0x04, 0x40, 0x05), cat(body...), op(end)) }

// indirect calls entry i of table 0, which should be of the type.
func indirect(typ int) []byte { return cat(op(0x11), u32(typ), u32(0)) }

// Instructions without immediates.
var (
	unreachable = op(0x00)
	nop         = op(0x01)
	ret         = op(0x0f)
	drop        = op(0x1a)
	eqz         = op(0x45)
	ltU         = op(0x49)
	add         = op(0x6a)
	sub         = op(0x6b)
	divU        = op(0x6e)
	and         = op(0x71)
	divI64      = op(0x7f)
	sqrtF64     = op(0x9f)
	addF64      = op(0xa0)
	convert     = op(0xb8) // f64.convert_i32_u
	truncate    = op(0xaa) // i32.trunc_f64_s
	memorySize  = op(0x3f, 0)
	memoryGrow  = op(0x40, 0)
	memoryInit  = op(0xfc, 8, 0, 0)
	memoryCopy  = op(0xfc, 10, 0, 0)
	memoryFill  = op(0xfc, 11, 0)
	tableInit   = op(0xfc, 12, 0, 0)
	tableCopy   = op(0xfc, 14, 0, 0)
	tableGrow   = op(0xfc, 15, 0)
	tableSize   = op(0xfc, 16, 0)
	tableFill   = op(0xfc, 17, 0)
	nullFunc    = op(0xd0, 0x70)
	storeF64    = op(0x39, 3, 0)
	loadF64     = op(0x2b, 3, 0)
)

// Locals of every function that fn adds, behind one parameter.
const (
	frame = 0
	a     = 1 // i32
	b     = 2 // i32
	x     = 3 // i64
	y     = 4 // f64
)

var locals = []byte{3, 2, 0x7f, 1, 0x7e, 1, 0x7c}

// module is a module in the making, section by section.
type module struct {
	types, imports, funcs, tables, memories, globals, exports, elems, code, data, custom [][]byte

	start     []byte
	dataCount bool
}

// typ adds a type; "ii:d" takes two i32 and gives an f64.
func (m *module) typ(signature string) int {
	t := []byte{0x60, 0}
	at := 1
	for _, letter := range signature {
		if letter == ':' {
			t, at = append(t, 0), len(t)
			continue
		}
		t = append(t, map[rune]byte{'i': 0x7f, 'l': 0x7e, 'f': 0x7d, 'd': 0x7c, 'v': 0x7b}[letter])
		t[at]++
	}
	for i, have := range m.types {
		if string(have) == string(t) {
			return i
		}
	}
	m.types = append(m.types, t)
	return len(m.types) - 1
}

// next is the index of the function that is added next.
func (m *module) next() int { return len(m.imports) + len(m.funcs) }

// fn adds a function with the locals a, b, x and y behind its parameters.
func (m *module) fn(signature string, body ...[]byte) int {
	return m.raw(signature, cat(locals, cat(body...), op(end)))
}

// raw adds a function of locals and body, which ends itself.
func (m *module) raw(signature string, body []byte) int {
	m.funcs = append(m.funcs, u32(m.typ(signature)))
	m.code = append(m.code, cat(u32(len(body)), body))
	return m.next() - 1
}

func (m *module) imported(module, name string, rest ...byte) {
	m.imports = append(m.imports, cat(text(module), text(name), rest))
}

func (m *module) export(name string, kind byte, i int) {
	m.exports = append(m.exports, cat(text(name), op(kind), u32(i)))
}

// global adds one that changes and gives its index.
func (m *module) global(typ byte, value []byte) int {
	m.globals = append(m.globals, cat(op(typ, 1), value, op(end)))
	return len(m.globals) - 1
}

func text(s string) []byte { return append(u32(len(s)), s...) }

// bytes writes what sections there are.
func (m *module) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range []struct {
		id      byte
		entries [][]byte
	}{{1, m.types}, {2, m.imports}, {3, m.funcs}, {4, m.tables}, {5, m.memories}, {6, m.globals}, {7, m.exports},
		{8, nil}, {9, m.elems}, {12, nil}, {10, m.code}, {11, m.data}} {
		switch {
		case s.id == 8 && m.start != nil:
			out = append(out, section(8, m.start)...)
		case s.id == 12 && m.dataCount:
			out = append(out, section(12, u32(len(m.data)))...)
		case len(s.entries) > 0:
			out = append(out, section(s.id, cat(u32(len(s.entries)), cat(s.entries...)))...)
		}
	}
	return append(out, cat(m.custom...)...)
}

func section(id byte, body []byte) []byte { return cat(op(id), u32(len(body)), body) }
