package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// line is code that runs in one go, from one place where ways part or meet to the
// next, as far as it was read. Within it wazero 1.12 makes one machine
// instruction of an and, of its comparison with 0 and of the branch on that, and
// takes the flags for what they are not: where the 0 is the first operand, and on
// arm64 where the comparison is without sign, too. Only eq and ne are right. Each
// operand may have come through locals and globals.
type line struct {
	ands     [2]bool // of i32, of i64, in it
	sound    int     // where the last value ended that is neither an and nor 0,
	constant int     // and the last constant,
	value    int64   // which was this
}

// parts tells of an instruction where ways part or meet.
func parts(op wasm.Op) bool { return op <= wasm.Return && op != wasm.Nop && op != wasm.Block }

// see is told of each instruction of fixed types. It returns true for a comparison
// that may be compiled wrongly: there is an and in the line, and the second
// operand may be that, or the 0 that it is compared with.
func (l *line) see(op wasm.Op, info wasm.Info, start int, value int64, end int) (wrong bool) {
	switch op {
	case wasm.I32And:
		l.ands[0] = true
		return false
	case wasm.I64And:
		l.ands[1] = true
		return false
	case wasm.I32Const, wasm.I64Const:
		if l.constant, l.value = end, value; value != 0 {
			l.sound = end
		}
		return false
	case wasm.I32Shl, wasm.I32ShrS, wasm.I32ShrU, wasm.I64Shl, wasm.I64ShrS, wasm.I64ShrU:
		if l.constant != start || l.value&31 == 0 {
			return false // by nothing, to wazero they are what is shifted
		}
	}
	wrong = l.sound != start && l.orders(op, start)
	if info.In != "" && info.Out != "" {
		l.sound = end
	}
	return wrong
}

// orders tells of comparisons other than eq and ne whether there is an and in the
// line that could be an operand. With a constant behind it, that is well unless
// it compares without sign.
func (l *line) orders(op wasm.Op, start int) bool {
	width := 0
	switch {
	case op >= wasm.I64LtS && op <= wasm.I64GeU:
		width = 1
	case op < wasm.I32LtS || op > wasm.I32GeU:
		return false
	}
	signed := op&1 == wasm.Op(width)
	return l.ands[width] && !(signed && l.constant == start)
}

// ordered is the comparison, and in front what makes its second operand one that
// is neither an and nor a constant: an or with 0.
func ordered(op wasm.Op) *wasm.Code {
	var c wasm.Code
	if op >= wasm.I64LtS {
		c.Op(wasm.I64Const)
		c.Raw(0)
		c.Op(wasm.I64Or)
	} else {
		c.I32(0)
		c.Op(wasm.I32Or)
	}
	c.Op(op)
	return &c
}
