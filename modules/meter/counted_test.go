package meter_test

import (
	"encoding/binary"
	"fmt"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// countedName is the export of a global that counts what runs.
const countedName = "counted"

// counted adds to a module a global i64 and, in front of each instruction, code
// that adds the instruction's price to it: what the meter should have been paid,
// found without thinking. A bulk operation counts the run that it is asked to
// move, not a bound. It knows nothing of charges and blocks; of package wasm it
// takes prices and the forms of immediates. The module must be valid.
func counted(module []byte) (out []byte, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("count: %v", thrown)
		}
	}()
	c := &counter{}
	c.scan(module, func(id byte, content []byte) {
		switch id {
		case wasm.SectionType:
			c.readTypes(content)
		case wasm.SectionFunction:
			c.funcs, content = vector(content)
			c.types = content
		case wasm.SectionGlobal:
			c.global, _ = vector(content)
		}
	})
	out = []byte(wasm.Header)
	c.scan(module, func(id byte, content []byte) {
		switch id {
		case wasm.SectionGlobal:
			content = grown(content, []byte{byte(wasm.I64), 1, byte(wasm.I64Const), 0, byte(wasm.End)})
		case wasm.SectionExport:
			e := append(wasm.AppendU32(nil, uint32(len(countedName))), countedName...)
			content = grown(content, wasm.AppendU32(append(e, byte(wasm.KindGlobal)), uint32(c.global)))
		case wasm.SectionCode:
			content = c.code(content)
		}
		out = append(wasm.AppendU32(append(out, id), uint32(len(content))), content...)
	})
	return out, nil
}

// Instructions that package wasm has no names for.
const i64Add, i64Mul, i64ExtendI32U = 0x7c, 0x7e, 0xad

// counter is what the code needs to know of its module.
type counter struct {
	params []int // of each type
	types  []byte
	funcs  int
	global int // that counts
}

func (c *counter) scan(module []byte, see func(id byte, content []byte)) {
	for b := module[len(wasm.Header):]; len(b) > 0; {
		id := b[0]
		size, rest := vector(b[1:])
		see(id, rest[:size:size])
		b = rest[size:]
	}
}

// vector reads a number, often a length.
func vector(b []byte) (n int, rest []byte) {
	v, size := binary.Uvarint(b)
	return int(v), b[size:]
}

// grown is a vector with one more entry.
func grown(content, entry []byte) []byte {
	n, rest := vector(content)
	return append(append(wasm.AppendU32(nil, uint32(n+1)), rest...), entry...)
}

func (c *counter) readTypes(b []byte) {
	n, b := vector(b)
	for range n {
		in, rest := vector(b[1:])
		c.params = append(c.params, in)
		out, rest := vector(rest[in:])
		b = rest[out:]
	}
}

// code gives each function a local of its own for the lengths of runs.
func (c *counter) code(b []byte) []byte {
	n, b := vector(b)
	out := wasm.AppendU32(nil, uint32(n))
	for range n {
		var typ, size int
		typ, c.types = vector(c.types)
		size, b = vector(b)
		body := c.body(b[:size], c.params[typ])
		out = append(wasm.AppendU32(out, uint32(len(body))), body...)
		b = b[size:]
	}
	return out
}

func (c *counter) body(b []byte, locals int) []byte {
	groups, b := vector(b)
	out := wasm.AppendU32(nil, uint32(groups+1))
	for range groups {
		n, rest := vector(b)
		out = append(out, b[:len(b)-len(rest)+1]...)
		locals, b = locals+n, rest[1:]
	}
	out = append(out, 1, byte(wasm.I32))
	for len(b) > 0 {
		op, info, size := instruction(b)
		var w wasm.Code
		w.Index(wasm.GlobalGet, c.global)
		w.Op(wasm.I64Const)
		w.Raw(wasm.AppendS64(nil, int64(price(op, info, b)))...)
		w.Raw(i64Add)
		if each := op.Each(); each > 0 {
			w.Index(wasm.GlobalSet, c.global)
			w.Index(wasm.LocalTee, locals)
			w.Index(wasm.LocalGet, locals)
			w.Raw(i64ExtendI32U)
			w.Op(wasm.I64Const)
			w.Raw(wasm.AppendS64(nil, int64(each))...)
			w.Raw(i64Mul)
			w.Index(wasm.GlobalGet, c.global)
			w.Raw(i64Add)
		}
		w.Index(wasm.GlobalSet, c.global)
		out = append(append(out, w.Bytes()...), b[:size]...)
		b = b[size:]
	}
	return out
}

// price is an instruction's. The call of refill, the only import, isn't the module's work.
func price(op wasm.Op, info wasm.Info, b []byte) uint32 {
	if op == wasm.Call && b[1] == 0 {
		return 0
	}
	return info.Cost
}

// instruction tells the one that b begins with, and its length.
func instruction(b []byte) (op wasm.Op, info wasm.Info, size int) {
	op, rest := wasm.Op(b[0]), b[1:]
	if op == wasm.PrefixMisc || op == wasm.PrefixSIMD {
		var low int
		low, rest = vector(rest)
		op = op<<8 | wasm.Op(low)
	}
	info, ok := wasm.Lookup(op)
	if !ok {
		panic(fmt.Sprintf("instruction %x", op))
	}
	numbers, raw := 0, 0
	switch info.Imm {
	case wasm.ImmLabel, wasm.ImmFunc, wasm.ImmLocal, wasm.ImmGlobal, wasm.ImmI32, wasm.ImmI64,
		wasm.ImmTable, wasm.ImmData, wasm.ImmElem, wasm.ImmBlock, wasm.ImmMemory, wasm.ImmRefType:
		numbers = 1 // signed or not, its last byte is below 128
	case wasm.ImmArg, wasm.ImmIndirect, wasm.ImmTables, wasm.ImmDataMem, wasm.ImmMemories, wasm.ImmElemTable:
		numbers = 2
	case wasm.ImmArgLane:
		numbers, raw = 2, 1
	case wasm.ImmLane:
		raw = 1
	case wasm.Imm4:
		raw = 4
	case wasm.Imm8:
		raw = 8
	case wasm.Imm16, wasm.ImmShuffle:
		raw = 16
	case wasm.ImmLabels:
		numbers, rest = vector(rest)
		numbers++
	case wasm.ImmTypes:
		raw, rest = vector(rest)
	case wasm.ImmNone:
	default:
		panic(fmt.Sprintf("immediate %d", info.Imm))
	}
	for range numbers {
		for rest[0] >= 0x80 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	return op, info, len(b) - len(rest) + raw
}
