package wasm

import (
	"encoding/binary"
	"math"
)

// AppendU32 appends v as unsigned LEB128.
func AppendU32(dst []byte, v uint32) []byte { return binary.AppendUvarint(dst, uint64(v)) }

// AppendS64 appends v as signed LEB128 of the least length.
func AppendS64(dst []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(dst, b)
		}
		dst = append(dst, b|0x80)
	}
}

// Code collects instructions and what they cost.
type Code struct {
	bytes []byte
	cost  uint32
}

// Bytes is what was written.
func (c *Code) Bytes() []byte { return c.bytes }

// Cost is the sum of the costs of what was written, without spliced code.
func (c *Code) Cost() uint32 { return c.cost }

// Splice appends code that has paid for itself.
func (c *Code) Splice(b []byte) { c.bytes = append(c.bytes, b...) }

// Op appends an instruction, or an opcode whose immediates the caller appends.
func (c *Code) Op(ops ...Op) {
	for _, op := range ops {
		info, ok := Lookup(op)
		if !ok {
			panic("wasm: instruction outside the table")
		}
		c.cost += info.Cost
		c.opcode(op)
	}
}

// Raw appends an opcode that need not be in the table, at no cost.
func (c *Code) Raw(b ...byte) { c.bytes = append(c.bytes, b...) }

func (c *Code) opcode(op Op) {
	if op <= 0xff {
		c.bytes = append(c.bytes, byte(op))
		return
	}
	c.bytes = append(c.bytes, byte(op>>8))
	c.bytes = AppendU32(c.bytes, uint32(op&0xff))
}

// Index appends an instruction with an index: call, br, local or global access.
func (c *Code) Index(op Op, i int) {
	c.Op(op)
	c.bytes = AppendU32(c.bytes, uint32(i))
}

// I32 appends i32.const.
func (c *Code) I32(v int32) {
	c.Op(I32Const)
	c.bytes = AppendS64(c.bytes, int64(v))
}

// I64 appends i64.const.
func (c *Code) I64(v int64) {
	c.Op(I64Const)
	c.bytes = AppendS64(c.bytes, v)
}

// F32 appends f32.const.
func (c *Code) F32(v float32) {
	c.Op(F32Const)
	c.bytes = binary.LittleEndian.AppendUint32(c.bytes, math.Float32bits(v))
}

// F64 appends f64.const.
func (c *Code) F64(v float64) {
	c.Op(F64Const)
	c.bytes = binary.LittleEndian.AppendUint64(c.bytes, math.Float64bits(v))
}

// V128 appends v128.const of four u32 lanes.
func (c *Code) V128(a, b, d, e uint32) {
	c.Op(V128Const)
	for _, lane := range [...]uint32{a, b, d, e} {
		c.bytes = binary.LittleEndian.AppendUint32(c.bytes, lane)
	}
}

// Mem appends a memory access of natural alignment at offset.
func (c *Code) Mem(op Op, offset int) {
	info, _ := Lookup(op)
	c.Op(op)
	c.bytes = AppendU32(append(c.bytes, info.Align()), uint32(offset))
}

// MemLane appends a memory access of one lane at offset.
func (c *Code) MemLane(op Op, offset int, lane byte) {
	c.Mem(op, offset)
	c.bytes = append(c.bytes, lane)
}

// Lane appends a lane extraction or replacement.
func (c *Code) Lane(op Op, lane byte) {
	c.Op(op)
	c.bytes = append(c.bytes, lane)
}

// Memory appends memory.size or memory.grow.
func (c *Code) Memory(op Op) {
	c.Op(op)
	c.bytes = append(c.bytes, 0)
}

// Begin appends block, loop or if without parameters or results; End closes it.
func (c *Code) Begin(op Op) {
	c.Op(op)
	c.bytes = append(c.bytes, emptyBlock)
}

const emptyBlock = 0x40
