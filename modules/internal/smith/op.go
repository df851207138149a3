package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Instructions that are written by hand.
const (
	i64Add        wasm.Op = 0x7c
	i64Mul        wasm.Op = 0x7e
	i64Xor        wasm.Op = 0x85
	i64ShrU       wasm.Op = 0x88
	i32WrapI64    wasm.Op = 0xa7
	i64ExtendI32  wasm.Op = 0xad
	i32AsF32      wasm.Op = 0xbc
	i64AsF64      wasm.Op = 0xbd
	f64Eq         wasm.Op = 0x61
	v128Bitselect wasm.Op = 0xfd52
	i64x2Extract  wasm.Op = 0xfd1d
	f64x2Eq       wasm.Op = 0xfd47
)

// plain are the instructions whose operands and immediates the table tells, by
// the type they give; stores give nothing and are under 0.
var plain = gather()

func gather() map[wasm.ValType][]wasm.Op {
	by := map[wasm.ValType][]wasm.Op{}
	for op := wasm.Op(0); op < 0xfe00; op++ {
		info, ok := wasm.Lookup(op)
		if !ok || info.In == "" {
			continue
		}
		switch info.Imm {
		case wasm.ImmNone, wasm.ImmArg, wasm.ImmArgLane, wasm.ImmLane, wasm.ImmShuffle:
		default:
			continue
		}
		var gives wasm.ValType
		if info.Out != "" {
			gives = wasm.ValType(info.Out[0])
		}
		by[gives] = append(by[gives], op)
	}
	return by
}

// trapsOnOperands are divisions and truncations that not every operand suits.
func trapsOnOperands(op wasm.Op) bool {
	switch {
	case op >= 0x6d && op <= 0x70, op >= 0x7f && op <= 0x82: // div rem
	case op >= 0xa8 && op <= 0xab, op >= 0xae && op <= 0xb1: // trunc
	default:
		return false
	}
	return true
}
