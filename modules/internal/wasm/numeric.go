package wasm

// The instructions that compiled trees name besides.
const (
	F64Load    Op = 0x2b
	I32Load8S  Op = 0x2c
	I32Load16U Op = 0x2f
	I32Store8  Op = 0x3a

	I32GeS   Op = 0x4e
	I32GeU   Op = 0x4f
	F32Ne    Op = 0x5c
	F32Lt    Op = 0x5d
	F32Gt    Op = 0x5e
	F32Le    Op = 0x5f
	F32Ge    Op = 0x60
	I32Xor   Op = 0x73
	I32ShrS  Op = 0x75
	F32Abs   Op = 0x8b
	F64Add   Op = 0xa0
	F64Sub   Op = 0xa1
	F64Div   Op = 0xa3
	F32Wrap  Op = 0xb6 // f32.demote_f64
	F64Widen Op = 0xbb // f64.promote_f32

	I32TruncSatF32S Op = 0xfc00

	V128Load8Splat    Op = 0xfd07
	F64x2Splat        Op = 0xfd14
	I8x16ExtractLaneU Op = 0xfd16
	I8x16GtS          Op = 0xfd27
	F32x4Ne           Op = 0xfd42
	F32x4Gt           Op = 0xfd44
	F32x4Le           Op = 0xfd45
	I8x16NarrowI16x8S Op = 0xfd65
	I8x16NarrowI16x8U Op = 0xfd66
	I16x8NarrowI32x4S Op = 0xfd85
	I32x4Sub          Op = 0xfdb1
	F32x4Abs          Op = 0xfde0
	F64x2Div          Op = 0xfdf3
)
