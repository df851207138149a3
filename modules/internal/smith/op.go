package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Types of references.
const (
	funcRef   wasm.ValType = 0x70
	externRef wasm.ValType = 0x6f
)

// Instructions that are written by hand.
const (
	selectTyped wasm.Op = 0x1c
	tableGet    wasm.Op = 0x25
	tableSet    wasm.Op = 0x26
	refNull     wasm.Op = 0xd0
	refIsNull   wasm.Op = 0xd1
	refFunc     wasm.Op = 0xd2

	memoryInit wasm.Op = 0xfc08
	dataDrop   wasm.Op = 0xfc09
	memoryCopy wasm.Op = 0xfc0a
	memoryFill wasm.Op = 0xfc0b
	tableInit  wasm.Op = 0xfc0c
	elemDrop   wasm.Op = 0xfc0d
	tableCopy  wasm.Op = 0xfc0e
	tableGrow  wasm.Op = 0xfc0f
	tableSize  wasm.Op = 0xfc10
	tableFill  wasm.Op = 0xfc11

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
	firstOfBulk   wasm.Op = 0xfc08
	lastOfMisc    wasm.Op = 0xfcff
)

// plain are the instructions whose operands and immediates the table tells, by
// the type they give; stores give nothing and are under 0.
var plain = gather()

func gather() map[wasm.ValType][]wasm.Op {
	by := map[wasm.ValType][]wasm.Op{}
	for op := wasm.Op(0); op < 0xfe00; op++ {
		info, ok := wasm.Lookup(op)
		if !ok || info.In == "" || op == wasm.MemoryGrow || op >= firstOfBulk && op <= lastOfMisc || op>>8 == 0 && op >= refNull {
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
