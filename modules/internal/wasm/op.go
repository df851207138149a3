// Package wasm is the vocabulary of WebAssembly that this repository speaks:
// one table of the instructions of core WebAssembly 2.0 with their immediates,
// types and cost, and an encoder of modules.
//
// What is not in the table does not exist here: no threads, exceptions, tail
// calls, several memories, memory of 64 bits or relaxed SIMD. The encoder panics
// on misuse; it never sees bytes from outside.
package wasm

// ValType is a value type in its binary form.
type ValType byte

// The value types.
const (
	I32  ValType = 0x7f
	I64  ValType = 0x7e
	F32  ValType = 0x7d
	F64  ValType = 0x7c
	V128 ValType = 0x7b

	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
)

// Ref tells whether t is a type of references.
func (t ValType) Ref() bool { return t == FuncRef || t == ExternRef }

// Op is an instruction: its opcode, or prefix<<8 | opcode behind prefix 0xFC or 0xFD.
type Op uint16

// Prefixes of two-part opcodes.
const (
	PrefixMisc Op = 0xfc
	PrefixSIMD Op = 0xfd
)

// The instructions that the emitter and the checker name.
const (
	Unreachable  Op = 0x00
	Nop          Op = 0x01
	Block        Op = 0x02
	Loop         Op = 0x03
	If           Op = 0x04
	Else         Op = 0x05
	End          Op = 0x0b
	Br           Op = 0x0c
	BrIf         Op = 0x0d
	BrTable      Op = 0x0e
	Return       Op = 0x0f
	Call         Op = 0x10
	CallIndirect Op = 0x11
	Drop         Op = 0x1a
	Select       Op = 0x1b
	SelectTyped  Op = 0x1c
	LocalGet     Op = 0x20
	LocalSet     Op = 0x21
	LocalTee     Op = 0x22
	GlobalGet    Op = 0x23
	GlobalSet    Op = 0x24
	TableGet     Op = 0x25
	TableSet     Op = 0x26

	I32Load    Op = 0x28
	F32Load    Op = 0x2a
	F64Load    Op = 0x2b
	I32Load8S  Op = 0x2c
	I32Load8U  Op = 0x2d
	I32Load16U Op = 0x2f
	I32Store   Op = 0x36
	F32Store   Op = 0x38
	F64Store   Op = 0x39
	I32Store8  Op = 0x3a
	MemorySize Op = 0x3f
	MemoryGrow Op = 0x40
	I32Const   Op = 0x41
	I64Const   Op = 0x42
	F32Const   Op = 0x43
	F64Const   Op = 0x44

	I32Eqz   Op = 0x45
	I32Eq    Op = 0x46
	I32Ne    Op = 0x47
	I32LtS   Op = 0x48
	I32LtU   Op = 0x49
	I32GtS   Op = 0x4a
	I32GtU   Op = 0x4b
	I32GeS   Op = 0x4e
	I32GeU   Op = 0x4f
	I64LtS   Op = 0x53
	I64GeU   Op = 0x5a
	F32Eq    Op = 0x5b
	F32Ne    Op = 0x5c
	F32Lt    Op = 0x5d
	F32Gt    Op = 0x5e
	F32Le    Op = 0x5f
	F32Ge    Op = 0x60
	I32Ctz   Op = 0x68
	I32Add   Op = 0x6a
	I32Sub   Op = 0x6b
	I32Mul   Op = 0x6c
	I32DivU  Op = 0x6e
	I32And   Op = 0x71
	I32Or    Op = 0x72
	I32Xor   Op = 0x73
	I32Shl   Op = 0x74
	I32ShrS  Op = 0x75
	I32ShrU  Op = 0x76
	I64And   Op = 0x83
	I64Or    Op = 0x84
	I64Shl   Op = 0x86
	I64ShrS  Op = 0x87
	I64ShrU  Op = 0x88
	F32Abs   Op = 0x8b
	F32Add   Op = 0x92
	F32Mul   Op = 0x94
	F32Div   Op = 0x95
	F64Add   Op = 0xa0
	F64Sub   Op = 0xa1
	F64Div   Op = 0xa3
	I32Wrap  Op = 0xa7 // i32.wrap_i64
	F32Wrap  Op = 0xb6 // f32.demote_f64
	F64Widen Op = 0xbb // f64.promote_f32
	F32Bits  Op = 0xbc // i32.reinterpret_f32
	F64Bits  Op = 0xbd // i64.reinterpret_f64
	BitsF32  Op = 0xbe // f32.reinterpret_i32
	BitsF64  Op = 0xbf // f64.reinterpret_i64

	RefNull   Op = 0xd0
	RefIsNull Op = 0xd1
	RefFunc   Op = 0xd2

	I32TruncSatF32S Op = 0xfc00
	MemoryInit      Op = 0xfc08
	DataDrop        Op = 0xfc09
	MemoryCopy      Op = 0xfc0a
	MemoryFill      Op = 0xfc0b
	TableInit       Op = 0xfc0c
	ElemDrop        Op = 0xfc0d
	TableCopy       Op = 0xfc0e
	TableGrow       Op = 0xfc0f
	TableSize       Op = 0xfc10
	TableFill       Op = 0xfc11

	V128Load          Op = 0xfd00
	V128Load8Splat    Op = 0xfd07
	V128Load32Splat   Op = 0xfd09
	V128Store         Op = 0xfd0b
	V128Const         Op = 0xfd0c
	I8x16Shuffle      Op = 0xfd0d
	F32x4Splat        Op = 0xfd13
	F64x2Splat        Op = 0xfd14
	I8x16ExtractLaneU Op = 0xfd16
	I32x4ExtractLane  Op = 0xfd1b
	I64x2ExtractLane  Op = 0xfd1d
	F32x4ExtractLane  Op = 0xfd1f
	F32x4ReplaceLane  Op = 0xfd20
	I8x16GtS          Op = 0xfd27
	I32x4Eq           Op = 0xfd37
	F32x4Eq           Op = 0xfd41
	F32x4Ne           Op = 0xfd42
	F32x4Gt           Op = 0xfd44
	F32x4Le           Op = 0xfd45
	V128And           Op = 0xfd4e
	V128AndNot        Op = 0xfd4f
	V128Or            Op = 0xfd50
	V128Xor           Op = 0xfd51
	V128Load64Lane    Op = 0xfd57
	V128Store64Lane   Op = 0xfd5b
	V128Load32Zero    Op = 0xfd5c
	V128Load64Zero    Op = 0xfd5d
	F32x4DemoteZero   Op = 0xfd5e
	F64x2PromoteLow   Op = 0xfd5f
	I8x16NarrowI16x8S Op = 0xfd65
	I8x16NarrowI16x8U Op = 0xfd66
	I16x8NarrowI32x4S Op = 0xfd85
	I32x4AllTrue      Op = 0xfda3
	I32x4Shl          Op = 0xfdab
	I32x4Add          Op = 0xfdae
	I32x4Sub          Op = 0xfdb1
	I32x4Mul          Op = 0xfdb5
	F32x4Abs          Op = 0xfde0
	F32x4Add          Op = 0xfde4
	F32x4Mul          Op = 0xfde6
	F64x2Div          Op = 0xfdf3
)

// Imm is what follows an opcode.
type Imm byte

// The kinds of immediates.
const (
	ImmNone    Imm = iota
	ImmBlock       // block type
	ImmLabel       // label index
	ImmLabels      // vector of label indices, then one more
	ImmFunc        // function index
	ImmLocal       // local index
	ImmGlobal      // global index
	ImmMemory      // memory index, one zero byte
	ImmArg         // alignment exponent and offset
	ImmArgLane     // the same, then a lane
	ImmLane        // lane
	ImmI32         // signed
	ImmI64         // signed
	Imm4           // four bytes
	Imm8           // eight bytes
	Imm16          // sixteen bytes
	ImmShuffle     // sixteen lanes of 32

	ImmTypes     // vector of value types
	ImmIndirect  // type index, table index
	ImmTable     // table index
	ImmTables    // two table indices, the destination first
	ImmRefType   // reference type
	ImmDataMem   // data index, then memory index, one zero byte
	ImmData      // data index
	ImmMemories  // two memory indices, each one zero byte
	ImmElemTable // element index, table index
	ImmElem      // element index
)

// Info is what the table says of an instruction.
type Info struct {
	Imm Imm
	// In and Out are operand and result types, the last on top of the stack.
	// They are empty for instructions whose types depend on the place.
	In, Out string
	// Limit is the largest alignment exponent of an access, and in the upper
	// four bits the exponent of the number of lanes.
	Limit byte
	// Cost in units; at least 1. A simple machine instruction is 8 units. They
	// last from 0.02 ns of it, side by side with others, to 0.3 ns, each waiting
	// for the one before, on the machines this was measured on. A bulk operation
	// costs [Op.Each] more for each byte or entry it moves.
	Cost uint32
}

// Each is what a bulk operation costs, in units, for each byte, or entry of a
// table; 0 for what is none.
func (o Op) Each() uint32 {
	switch o {
	case MemoryInit, MemoryCopy, MemoryFill:
		return 1
	case TableInit, TableCopy, TableFill:
		return costPlain
	}
	return 0
}

// Lanes is the number of lanes a lane immediate may choose from.
func (i Info) Lanes() byte { return 1 << (i.Limit >> 4) }

// Align is the largest alignment exponent of a memory access.
func (i Info) Align() byte { return i.Limit & 15 }

// Lookup tells what the table says of op; ok is false for what it does not hold.
func Lookup(op Op) (info Info, ok bool) {
	switch {
	case op <= 0xff:
		info = table[op]
	case op>>8 == PrefixMisc && op&0xff < 18:
		info = misc[op&0xff]
	case op>>8 == PrefixSIMD:
		info = simd[op&0xff]
	}
	return info, info.Cost != 0
}
