package wasm

// Costs, in units; a simple instruction is 8 of them. What engines make no code
// of isn't free, because of interpreters and of the moves that many locals take.
const (
	costFree   = 1 // no code of its own, or a part of another instruction's
	costLocal  = 4 // may move a value
	costPlain  = 8 // one machine instruction
	costFew    = 16
	costAccess = 24  // in a near cache as good as plain, else ten times as long
	costSome   = 32  // a sequence, or a slow instruction
	costMany   = 64  // divisions, roots, calls
	costTable  = 128 // call_indirect: bound, null and type are looked at in memory
	costHost   = 512 // what leaves native code, or calls a routine of the engine
	costGrow   = 1 << 16
)

// span describes the instructions from first to last, which share a signature
// "operands:results" in the letters i l f d v.
type span struct {
	first, last Op
	signature   string
	imm         Imm
	limit       byte
	cost        uint32
}

var (
	table = build(0, plainSpans[:])
	misc  = build(PrefixMisc<<8, miscSpans[:])
	simd  = build(PrefixSIMD<<8, simdSpans[:])
)

func build(base Op, spans []span) (t [256]Info) {
	for _, s := range spans {
		in, out := split(s.signature)
		for op := s.first; op <= s.last; op++ {
			t[op-base] = Info{Imm: s.imm, In: in, Out: out, Limit: s.limit, Cost: max(s.cost, 1)}
		}
	}
	return t
}

func split(signature string) (in, out string) {
	types := map[rune]ValType{'i': I32, 'l': I64, 'f': F32, 'd': F64, 'v': V128}
	half := &in
	for _, letter := range signature {
		if letter == ':' {
			half = &out
			continue
		}
		*half += string([]byte{byte(types[letter])})
	}
	return in, out
}

var plainSpans = [...]span{
	{Unreachable, Unreachable, "", ImmNone, 0, costFree},
	{Nop, Nop, ":", ImmNone, 0, costFree},
	{Block, Loop, "", ImmBlock, 0, costFree},
	{If, If, "", ImmBlock, 0, costPlain},
	{Else, Else, "", ImmNone, 0, costFree},
	{End, End, "", ImmNone, 0, costFree},
	{Br, BrIf, "", ImmLabel, 0, costPlain},
	{BrTable, BrTable, "", ImmLabels, 0, costSome},
	{Return, Return, "", ImmNone, 0, costPlain},
	{Call, Call, "", ImmFunc, 0, costMany},
	{CallIndirect, CallIndirect, "", ImmIndirect, 0, costTable},
	{Drop, Drop, "", ImmNone, 0, costFree},
	{Select, Select, "", ImmNone, 0, costPlain},
	{SelectTyped, SelectTyped, "", ImmTypes, 0, costPlain},
	{LocalGet, LocalGet, "", ImmLocal, 0, costFree},
	{LocalSet, LocalTee, "", ImmLocal, 0, costLocal},
	{GlobalGet, GlobalSet, "", ImmGlobal, 0, costPlain},
	{TableGet, TableSet, "", ImmTable, 0, costSome},

	{0x28, 0x28, "i:i", ImmArg, 2, costAccess}, // i32.load
	{0x29, 0x29, "i:l", ImmArg, 3, costAccess},
	{0x2a, 0x2a, "i:f", ImmArg, 2, costAccess},
	{0x2b, 0x2b, "i:d", ImmArg, 3, costAccess},
	{0x2c, 0x2d, "i:i", ImmArg, 0, costAccess}, // i32.load8
	{0x2e, 0x2f, "i:i", ImmArg, 1, costAccess},
	{0x30, 0x31, "i:l", ImmArg, 0, costAccess}, // i64.load8
	{0x32, 0x33, "i:l", ImmArg, 1, costAccess},
	{0x34, 0x35, "i:l", ImmArg, 2, costAccess},
	{0x36, 0x36, "ii:", ImmArg, 2, costAccess}, // i32.store
	{0x37, 0x37, "il:", ImmArg, 3, costAccess},
	{0x38, 0x38, "if:", ImmArg, 2, costAccess},
	{0x39, 0x39, "id:", ImmArg, 3, costAccess},
	{0x3a, 0x3a, "ii:", ImmArg, 0, costAccess}, // i32.store8
	{0x3b, 0x3b, "ii:", ImmArg, 1, costAccess},
	{0x3c, 0x3c, "il:", ImmArg, 0, costAccess}, // i64.store8
	{0x3d, 0x3d, "il:", ImmArg, 1, costAccess},
	{0x3e, 0x3e, "il:", ImmArg, 2, costAccess},
	{MemorySize, MemorySize, ":i", ImmMemory, 0, costPlain},
	{MemoryGrow, MemoryGrow, "i:i", ImmMemory, 0, costGrow},

	{I32Const, I32Const, ":i", ImmI32, 0, costFree},
	{I64Const, I64Const, ":l", ImmI64, 0, costFree},
	{F32Const, F32Const, ":f", Imm4, 0, costPlain},
	{F64Const, F64Const, ":d", Imm8, 0, costPlain},

	{0x45, 0x45, "i:i", ImmNone, 0, costPlain},  // i32.eqz
	{0x46, 0x4f, "ii:i", ImmNone, 0, costPlain}, // i32 comparisons
	{0x50, 0x50, "l:i", ImmNone, 0, costPlain},  // i64.eqz
	{0x51, 0x5a, "ll:i", ImmNone, 0, costPlain}, // i64 comparisons
	{0x5b, 0x60, "ff:i", ImmNone, 0, costPlain}, // f32 comparisons
	{0x61, 0x66, "dd:i", ImmNone, 0, costPlain}, // f64 comparisons
	{0x67, 0x69, "i:i", ImmNone, 0, costPlain},  // i32.clz ctz popcnt
	{0x6a, 0x6c, "ii:i", ImmNone, 0, costPlain}, // i32.add sub mul
	{0x6d, 0x70, "ii:i", ImmNone, 0, costMany},  // i32.div rem
	{0x71, 0x78, "ii:i", ImmNone, 0, costPlain}, // i32 bits and shifts
	{0x79, 0x7b, "l:l", ImmNone, 0, costPlain},  // i64.clz ctz popcnt
	{0x7c, 0x7e, "ll:l", ImmNone, 0, costPlain}, // i64.add sub mul
	{0x7f, 0x82, "ll:l", ImmNone, 0, costMany},  // i64.div rem
	{0x83, 0x8a, "ll:l", ImmNone, 0, costPlain}, // i64 bits and shifts
	{0x8b, 0x8c, "f:f", ImmNone, 0, costPlain},  // f32.abs neg
	{0x8d, 0x90, "f:f", ImmNone, 0, costFew},    // f32 rounding
	{0x91, 0x91, "f:f", ImmNone, 0, costMany},   // f32.sqrt
	{0x92, 0x94, "ff:f", ImmNone, 0, costPlain}, // f32.add sub mul
	{0x95, 0x95, "ff:f", ImmNone, 0, costMany},  // f32.div
	{0x96, 0x98, "ff:f", ImmNone, 0, costFew},   // f32.min max copysign
	{0x99, 0x9a, "d:d", ImmNone, 0, costPlain},  // f64.abs neg
	{0x9b, 0x9e, "d:d", ImmNone, 0, costFew},    // f64 rounding
	{0x9f, 0x9f, "d:d", ImmNone, 0, costMany},   // f64.sqrt
	{0xa0, 0xa2, "dd:d", ImmNone, 0, costPlain}, // f64.add sub mul
	{0xa3, 0xa3, "dd:d", ImmNone, 0, costMany},  // f64.div
	{0xa4, 0xa6, "dd:d", ImmNone, 0, costFew},   // f64.min max copysign
	{0xa7, 0xa7, "l:i", ImmNone, 0, costPlain},  // i32.wrap_i64
	{0xa8, 0xa9, "f:i", ImmNone, 0, costSome},   // i32.trunc_f32
	{0xaa, 0xab, "d:i", ImmNone, 0, costSome},
	{0xac, 0xad, "i:l", ImmNone, 0, costPlain}, // i64.extend_i32
	{0xae, 0xaf, "f:l", ImmNone, 0, costSome},
	{0xb0, 0xb1, "d:l", ImmNone, 0, costSome},
	{0xb2, 0xb3, "i:f", ImmNone, 0, costFew}, // f32.convert
	{0xb4, 0xb5, "l:f", ImmNone, 0, costFew},
	{0xb6, 0xb6, "d:f", ImmNone, 0, costPlain}, // f32.demote_f64
	{0xb7, 0xb8, "i:d", ImmNone, 0, costFew},   // f64.convert
	{0xb9, 0xba, "l:d", ImmNone, 0, costFew},
	{0xbb, 0xbb, "f:d", ImmNone, 0, costPlain}, // f64.promote_f32
	{0xbc, 0xbc, "f:i", ImmNone, 0, costPlain}, // reinterpretations
	{0xbd, 0xbd, "d:l", ImmNone, 0, costPlain},
	{0xbe, 0xbe, "i:f", ImmNone, 0, costPlain},
	{0xbf, 0xbf, "l:d", ImmNone, 0, costPlain},
	{0xc0, 0xc1, "i:i", ImmNone, 0, costPlain}, // sign extensions
	{0xc2, 0xc4, "l:l", ImmNone, 0, costPlain},
	{RefNull, RefNull, "", ImmRefType, 0, costFree},
	{RefIsNull, RefIsNull, "", ImmNone, 0, costPlain},
	{RefFunc, RefFunc, "", ImmFunc, 0, costHost},
}

// Saturating truncations, then bulk operations, whose types this table leaves out.
var miscSpans = [...]span{
	{0xfc00, 0xfc01, "f:i", ImmNone, 0, costSome},
	{0xfc02, 0xfc03, "d:i", ImmNone, 0, costSome},
	{0xfc04, 0xfc05, "f:l", ImmNone, 0, costSome},
	{0xfc06, 0xfc07, "d:l", ImmNone, 0, costSome},
	{MemoryInit, MemoryInit, "", ImmDataMem, 0, costHost},
	{DataDrop, DataDrop, "", ImmData, 0, costHost},
	{MemoryCopy, MemoryCopy, "", ImmMemories, 0, costHost},
	{MemoryFill, MemoryFill, "", ImmMemory, 0, costHost},
	{TableInit, TableInit, "", ImmElemTable, 0, costHost},
	{ElemDrop, ElemDrop, "", ImmElem, 0, costHost},
	{TableCopy, TableCopy, "", ImmTables, 0, costHost},
	{TableGrow, TableGrow, "", ImmTable, 0, costGrow},
	{TableSize, TableSize, "", ImmTable, 0, costFew},
	{TableFill, TableFill, "", ImmTable, 0, costHost},
}

var simdSpans = [...]span{
	{0xfd00, 0xfd00, "i:v", ImmArg, 4, costAccess}, // v128.load
	{0xfd01, 0xfd06, "i:v", ImmArg, 3, costAccess}, // extending loads
	{0xfd07, 0xfd07, "i:v", ImmArg, 0, costAccess}, // splatting loads
	{0xfd08, 0xfd08, "i:v", ImmArg, 1, costAccess},
	{0xfd09, 0xfd09, "i:v", ImmArg, 2, costAccess},
	{0xfd0a, 0xfd0a, "i:v", ImmArg, 3, costAccess},
	{0xfd0b, 0xfd0b, "iv:", ImmArg, 4, costAccess}, // v128.store
	{0xfd0c, 0xfd0c, ":v", Imm16, 0, costPlain},    // v128.const
	{0xfd0d, 0xfd0d, "vv:v", ImmShuffle, 0, costFew},
	{0xfd0e, 0xfd0e, "vv:v", ImmNone, 0, costFew}, // i8x16.swizzle
	{0xfd0f, 0xfd11, "i:v", ImmNone, 0, costFew},  // splats
	{0xfd12, 0xfd12, "l:v", ImmNone, 0, costFew},
	{0xfd13, 0xfd13, "f:v", ImmNone, 0, costFew},
	{0xfd14, 0xfd14, "d:v", ImmNone, 0, costFew},
	{0xfd15, 0xfd16, "v:i", ImmLane, 4 << 4, costPlain}, // i8x16 lanes
	{0xfd17, 0xfd17, "vi:v", ImmLane, 4 << 4, costPlain},
	{0xfd18, 0xfd19, "v:i", ImmLane, 3 << 4, costPlain}, // i16x8 lanes
	{0xfd1a, 0xfd1a, "vi:v", ImmLane, 3 << 4, costPlain},
	{0xfd1b, 0xfd1b, "v:i", ImmLane, 2 << 4, costPlain}, // i32x4 lanes
	{0xfd1c, 0xfd1c, "vi:v", ImmLane, 2 << 4, costPlain},
	{0xfd1d, 0xfd1d, "v:l", ImmLane, 1 << 4, costPlain}, // i64x2 lanes
	{0xfd1e, 0xfd1e, "vl:v", ImmLane, 1 << 4, costPlain},
	{0xfd1f, 0xfd1f, "v:f", ImmLane, 2 << 4, costPlain}, // f32x4 lanes
	{0xfd20, 0xfd20, "vf:v", ImmLane, 2 << 4, costPlain},
	{0xfd21, 0xfd21, "v:d", ImmLane, 1 << 4, costPlain}, // f64x2 lanes
	{0xfd22, 0xfd22, "vd:v", ImmLane, 1 << 4, costPlain},
	{0xfd23, 0xfd40, "vv:v", ImmNone, 0, costPlain}, // integer comparisons
	{0xfd41, 0xfd4c, "vv:v", ImmNone, 0, costPlain}, // f32x4 and f64x2 comparisons
	{0xfd4d, 0xfd4d, "v:v", ImmNone, 0, costPlain},  // v128.not
	{0xfd4e, 0xfd51, "vv:v", ImmNone, 0, costPlain}, // and andnot or xor
	{0xfd52, 0xfd52, "vvv:v", ImmNone, 0, costFew},
	{0xfd53, 0xfd53, "v:i", ImmNone, 0, costFew},           // v128.any_true
	{0xfd54, 0xfd54, "iv:v", ImmArgLane, 4 << 4, costSome}, // v128.load_lane
	{0xfd55, 0xfd55, "iv:v", ImmArgLane, 3<<4 | 1, costSome},
	{0xfd56, 0xfd56, "iv:v", ImmArgLane, 2<<4 | 2, costSome},
	{0xfd57, 0xfd57, "iv:v", ImmArgLane, 1<<4 | 3, costSome},
	{0xfd58, 0xfd58, "iv:", ImmArgLane, 4 << 4, costSome}, // v128.store_lane
	{0xfd59, 0xfd59, "iv:", ImmArgLane, 3<<4 | 1, costSome},
	{0xfd5a, 0xfd5a, "iv:", ImmArgLane, 2<<4 | 2, costSome},
	{0xfd5b, 0xfd5b, "iv:", ImmArgLane, 1<<4 | 3, costSome},
	{0xfd5c, 0xfd5c, "i:v", ImmArg, 2, costAccess}, // v128.load32_zero
	{0xfd5d, 0xfd5d, "i:v", ImmArg, 3, costAccess}, // v128.load64_zero
	{0xfd5e, 0xfd5f, "v:v", ImmNone, 0, costPlain}, // demote, promote

	{0xfd60, 0xfd61, "v:v", ImmNone, 0, costPlain},  // i8x16.abs neg
	{0xfd62, 0xfd62, "v:v", ImmNone, 0, costSome},   // i8x16.popcnt
	{0xfd63, 0xfd64, "v:i", ImmNone, 0, costFew},    // all_true bitmask
	{0xfd65, 0xfd66, "vv:v", ImmNone, 0, costPlain}, // narrow
	{0xfd67, 0xfd6a, "v:v", ImmNone, 0, costFew},    // f32x4 rounding
	{0xfd6b, 0xfd6d, "vi:v", ImmNone, 0, costSome},  // i8x16 shifts
	{0xfd6e, 0xfd73, "vv:v", ImmNone, 0, costPlain}, // i8x16.add sub
	{0xfd74, 0xfd75, "v:v", ImmNone, 0, costFew},    // f64x2.ceil floor
	{0xfd76, 0xfd79, "vv:v", ImmNone, 0, costPlain}, // i8x16.min max
	{0xfd7a, 0xfd7a, "v:v", ImmNone, 0, costFew},    // f64x2.trunc
	{0xfd7b, 0xfd7b, "vv:v", ImmNone, 0, costPlain}, // i8x16.avgr_u
	{0xfd7c, 0xfd7f, "v:v", ImmNone, 0, costFew},    // extadd_pairwise

	{0xfd80, 0xfd81, "v:v", ImmNone, 0, costPlain}, // i16x8.abs neg
	{0xfd82, 0xfd82, "vv:v", ImmNone, 0, costFew},  // q15mulr_sat_s
	{0xfd83, 0xfd84, "v:i", ImmNone, 0, costFew},
	{0xfd85, 0xfd86, "vv:v", ImmNone, 0, costPlain},
	{0xfd87, 0xfd8a, "v:v", ImmNone, 0, costPlain}, // extend
	{0xfd8b, 0xfd8d, "vi:v", ImmNone, 0, costFew},  // shifts
	{0xfd8e, 0xfd93, "vv:v", ImmNone, 0, costPlain},
	{0xfd94, 0xfd94, "v:v", ImmNone, 0, costFew},    // f64x2.nearest
	{0xfd95, 0xfd99, "vv:v", ImmNone, 0, costPlain}, // mul min max
	{0xfd9b, 0xfd9b, "vv:v", ImmNone, 0, costPlain}, // avgr_u
	{0xfd9c, 0xfd9f, "vv:v", ImmNone, 0, costSome},  // extmul

	{0xfda0, 0xfda1, "v:v", ImmNone, 0, costPlain}, // i32x4
	{0xfda3, 0xfda4, "v:i", ImmNone, 0, costFew},
	{0xfda7, 0xfdaa, "v:v", ImmNone, 0, costPlain},
	{0xfdab, 0xfdad, "vi:v", ImmNone, 0, costFew},
	{0xfdae, 0xfdae, "vv:v", ImmNone, 0, costPlain},
	{0xfdb1, 0xfdb1, "vv:v", ImmNone, 0, costPlain},
	{0xfdb5, 0xfdb5, "vv:v", ImmNone, 0, costFew}, // i32x4.mul
	{0xfdb6, 0xfdba, "vv:v", ImmNone, 0, costPlain},
	{0xfdbc, 0xfdbf, "vv:v", ImmNone, 0, costSome},

	{0xfdc0, 0xfdc1, "v:v", ImmNone, 0, costFew}, // i64x2
	{0xfdc3, 0xfdc4, "v:i", ImmNone, 0, costFew},
	{0xfdc7, 0xfdca, "v:v", ImmNone, 0, costPlain},
	{0xfdcb, 0xfdcb, "vi:v", ImmNone, 0, costFew},
	{0xfdcc, 0xfdcc, "vi:v", ImmNone, 0, costMany}, // i64x2.shr_s
	{0xfdcd, 0xfdcd, "vi:v", ImmNone, 0, costFew},
	{0xfdce, 0xfdce, "vv:v", ImmNone, 0, costPlain},
	{0xfdd1, 0xfdd1, "vv:v", ImmNone, 0, costPlain},
	{0xfdd5, 0xfdd5, "vv:v", ImmNone, 0, costSome}, // i64x2.mul
	{0xfdd6, 0xfddb, "vv:v", ImmNone, 0, costFew},
	{0xfddc, 0xfddf, "vv:v", ImmNone, 0, costSome},

	{0xfde0, 0xfde1, "v:v", ImmNone, 0, costPlain}, // f32x4
	{0xfde3, 0xfde3, "v:v", ImmNone, 0, costMany},
	{0xfde4, 0xfde6, "vv:v", ImmNone, 0, costPlain},
	{0xfde7, 0xfde7, "vv:v", ImmNone, 0, costMany},
	{0xfde8, 0xfdeb, "vv:v", ImmNone, 0, costSome},
	{0xfdec, 0xfded, "v:v", ImmNone, 0, costPlain}, // f64x2
	{0xfdef, 0xfdef, "v:v", ImmNone, 0, costMany},
	{0xfdf0, 0xfdf2, "vv:v", ImmNone, 0, costPlain},
	{0xfdf3, 0xfdf3, "vv:v", ImmNone, 0, costMany},
	{0xfdf4, 0xfdf7, "vv:v", ImmNone, 0, costSome},
	{0xfdf8, 0xfdff, "v:v", ImmNone, 0, costSome}, // conversions
}
