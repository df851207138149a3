package meter

import (
	"fmt"
	"unicode/utf8"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// reader walks over a module's bytes. It refuses by panicking with a *Refusal,
// which Check turns into its error.
type reader struct {
	module []byte
	at     int
	end    int // of the part being read; never beyond the module
}

func (r *reader) refuse(k Kind, format string, args ...any) {
	panic(&Refusal{Kind: k, Offset: r.at, Why: fmt.Sprintf(format, args...)})
}

// recovered turns a refusal that was thrown into an error, and passes on any
// other panic.
func recovered(thrown any) error {
	refusal, ok := thrown.(*Refusal)
	if !ok {
		panic(thrown)
	}
	return refusal
}

func (r *reader) done() bool { return r.at >= r.end }

func (r *reader) byte() byte {
	if r.done() {
		r.refuse(Malformed, "cut off")
	}
	r.at++
	return r.module[r.at-1]
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > r.end-r.at {
		r.refuse(Malformed, "cut off")
	}
	r.at += n
	return r.module[r.at-n : r.at]
}

// u32 reads unsigned LEB128 of up to five bytes.
func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			if v > 1<<32-1 {
				r.refuse(Malformed, "number above 32 bits")
			}
			return uint32(v)
		}
	}
	r.refuse(Malformed, "number longer than five bytes")
	return 0
}

// signed reads signed LEB128 of at most bits bits.
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		b := r.byte()
		if last := bits - shift; last < 7 {
			// What lies above the top bit repeats it.
			if top := int8(b<<1) >> last; top != 0 && top != -1 {
				r.refuse(Malformed, "number above %d bits", bits)
			}
		}
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if shift+7 < 64 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.refuse(Malformed, "number too long")
	return 0
}

// count reads the length of a vector that may have at most max entries.
func (r *reader) count(max int, what string) int {
	n := r.u32()
	if uint64(n) > uint64(max) {
		r.refuse(Limit, "%d %s, at most %d are admitted", n, what, max)
	}
	return int(n)
}

func (r *reader) name() string {
	b := r.take(r.count(256, "bytes in a name"))
	if !utf8.Valid(b) {
		r.refuse(Malformed, "name is not UTF-8")
	}
	return string(b)
}

func (r *reader) valType() wasm.ValType {
	switch t := wasm.ValType(r.byte()); t {
	case wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128, wasm.FuncRef, wasm.ExternRef:
		return t
	}
	r.at--
	r.refuse(Unsupported, "value type")
	return 0
}

func (r *reader) refType() wasm.ValType {
	t := r.valType()
	if !t.Ref() {
		r.at--
		r.refuse(Invalid, "not a type of references")
	}
	return t
}

// zero reads the index of the one memory.
func (r *reader) zero() {
	if r.byte() != 0 {
		r.refuse(Malformed, "another memory")
	}
}

// within reads an index below n.
func (r *reader) within(n int, what string) int {
	i := r.u32()
	if uint64(i) >= uint64(n) {
		r.refuse(Invalid, "no such %s", what)
	}
	return int(i)
}

// op reads an opcode of the table. Two-part opcodes must be in their shortest
// form: engines differ in how they read longer ones.
func (r *reader) op() (wasm.Op, wasm.Info) {
	start := r.at
	op := wasm.Op(r.byte())
	if op == wasm.PrefixMisc || op == wasm.PrefixSIMD {
		low := r.byte()
		if low >= 0x80 && r.byte() != 1 {
			r.refuse(Unsupported, "instruction outside the table or in a longer form")
		}
		op = op<<8 | wasm.Op(low)
	}
	info, ok := wasm.Lookup(op)
	if ok {
		return op, info
	}
	r.at = start
	r.refuse(Unsupported, "instruction %#x", op)
	return 0, info
}

// locals skips the groups of locals in front of a body and returns their length.
func (r *reader) locals() int {
	start := r.at
	for range r.count(r.end-r.at, "groups of locals") {
		r.u32()
		r.valType()
	}
	return r.at - start
}

// skip reads an instruction's immediates and returns that of i32.const and i64.const.
func (r *reader) skip(info wasm.Info) (value int64) {
	switch info.Imm {
	case wasm.ImmI32:
		return r.signed(32)
	case wasm.ImmI64:
		return r.signed(64)
	case wasm.Imm4:
		r.take(4)
	case wasm.Imm8:
		r.take(8)
	case wasm.Imm16, wasm.ImmShuffle:
		r.take(16)
	case wasm.ImmMemory, wasm.ImmLane, wasm.ImmRefType:
		r.byte()
	case wasm.ImmArg, wasm.ImmTables, wasm.ImmMemories, wasm.ImmDataMem:
		r.u32()
		r.u32()
	case wasm.ImmArgLane:
		r.u32()
		r.u32()
		r.byte()
	case wasm.ImmLocal, wasm.ImmTable, wasm.ImmData:
		r.u32()
	case wasm.ImmTypes:
		for range r.count(1, "types of select") {
			r.valType()
		}
	}
	return 0
}
