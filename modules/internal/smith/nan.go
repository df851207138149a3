package smith

import (
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// canonical makes any NaN on the stack the same one.
func (b *body) canonical(t wasm.ValType) {
	var nan uint64
	var equal wasm.Op
	switch t {
	case wasm.F32:
		nan, equal = 0x7fc00000, wasm.F32Eq
	case wasm.F64:
		nan, equal = 0x7ff8000000000000, f64Eq
	default:
		return
	}
	i := b.keepOne(t)
	b.index(wasm.LocalTee, i)
	b.constant(t, nan, 0)
	b.index(wasm.LocalGet, i)
	b.index(wasm.LocalGet, i)
	b.op(equal, wasm.Select)
}

// canonicalLanes does it for the lanes of a vector.
func (b *body) canonicalLanes(t wasm.ValType) {
	nan, equal := uint64(0x7fc00000_7fc00000), wasm.F32x4Eq
	if t == wasm.F64 {
		nan, equal = 0x7ff8000000000000, f64x2Eq
	}
	i := b.keepOne(wasm.V128)
	b.index(wasm.LocalTee, i)
	b.v128(nan, nan)
	b.index(wasm.LocalGet, i)
	b.index(wasm.LocalGet, i)
	b.op(equal, v128Bitselect)
}

// keepOne gives the one local of t that is used at once and then free again.
func (b *body) keepOne(t wasm.ValType) int {
	if i, ok := b.scratch[t]; ok {
		return i
	}
	b.scratch[t] = b.keep(t)
	return b.scratch[t]
}

// observesBits tells of instructions whose result shows more of a float operand
// than its value.
func observesBits(op wasm.Op) bool {
	switch op {
	case i32AsF32, i64AsF64, // reinterpret
		0x38, 0x39, // stores
		0x98, 0xa6, // copysign
		0xfd13, 0xfd14, 0xfd20, 0xfd22: // splat, replace_lane
		return true
	}
	return false
}

// lanesOfFloats gives the type of the lanes that op computes and whether a lane
// may be a NaN of any bits.
func lanesOfFloats(op wasm.Op) (wasm.ValType, bool) {
	switch {
	case op == wasm.F32x4DemoteZero, op >= 0xfd67 && op <= 0xfd6a, op >= 0xfde0 && op <= 0xfdeb:
		return wasm.F32, true
	case op == wasm.F64x2PromoteLow, op == 0xfd74, op == 0xfd75, op == 0xfd7a, op == 0xfd94, op >= 0xfdec && op <= 0xfdf7:
		return wasm.F64, true
	}
	return 0, false
}
