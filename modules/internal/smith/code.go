package smith

import (
	"encoding/binary"
	"math"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// code collects instructions; ops counts them for the whole module.
type code struct {
	bytes []byte
	ops   map[wasm.Op]int
}

func (c *code) op(ops ...wasm.Op) {
	for _, op := range ops {
		c.ops[op]++
		if op > 0xff {
			c.bytes = append(c.bytes, byte(op>>8))
			c.u32(int(op & 0xff))
		} else {
			c.bytes = append(c.bytes, byte(op))
		}
	}
}

func (c *code) u32(v int) { c.bytes = wasm.AppendU32(c.bytes, uint32(v)) }

// index appends an instruction with one index, or with two.
func (c *code) index(op wasm.Op, of ...int) {
	c.op(op)
	for _, i := range of {
		c.u32(i)
	}
}

func (c *code) i32(v int32) {
	c.op(wasm.I32Const)
	c.bytes = wasm.AppendS64(c.bytes, int64(v))
}

func (c *code) i64(v int64) {
	c.op(wasm.I64Const)
	c.bytes = wasm.AppendS64(c.bytes, v)
}

func (c *code) f32(v float32) {
	c.op(wasm.F32Const)
	c.bytes = binary.LittleEndian.AppendUint32(c.bytes, math.Float32bits(v))
}

func (c *code) f64(v float64) {
	c.op(wasm.F64Const)
	c.bytes = binary.LittleEndian.AppendUint64(c.bytes, math.Float64bits(v))
}

func (c *code) v128(low, high uint64) {
	c.op(wasm.V128Const)
	c.bytes = binary.LittleEndian.AppendUint64(c.bytes, low)
	c.bytes = binary.LittleEndian.AppendUint64(c.bytes, high)
}

// constant appends one of t whose bits are those of low and high.
func (c *code) constant(t wasm.ValType, low, high uint64) {
	switch t {
	case wasm.I32:
		c.i32(int32(low))
	case wasm.I64:
		c.i64(int64(low))
	case wasm.F32:
		c.f32(math.Float32frombits(uint32(low)))
	case wasm.F64:
		c.f64(math.Float64frombits(low))
	case wasm.V128:
		c.v128(low, high)
	default:
		c.op(wasm.RefNull)
		c.bytes = append(c.bytes, byte(t))
	}
}
