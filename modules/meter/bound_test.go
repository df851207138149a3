package meter_test

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/meter"
)

// scored is a module whose scorer charges n units and then does code.
func scored(n int64, code ...[]byte) []byte {
	g := guest.New()
	b := charge(0, n)
	for _, c := range code {
		b = append(b, c...)
	}
	return g.Bytes(g.Func(g.Scalar(), nil, append(b, 0x41, 0)))
}

// TestBulkOperationsAreBounded: the length stands right in front, as a constant
// or behind a mask, and is paid for.
func TestBulkOperationsAreBounded(t *testing.T) {
	var (
		at      = []byte{0x20, 0, 0x20, 0} // destination, source
		length  = []byte{0x20, 0}
		of255   = []byte{0x41, 0xff, 1}
		mask    = append(append([]byte{}, of255...), 0x71)
		copying = []byte{0xfc, 10, 0, 0}
		filling = []byte{0xfc, 11, 0}
		nop     = []byte{0x01}
	)
	const paid = costOfCharge + 3 + 512 + 255 + 2
	for _, tc := range []struct {
		name string
		kind meter.Kind
		code []byte
	}{
		{"constant", "", scored(paid, at, of255, copying)},
		{"mask", "", scored(paid+9, at, length, mask, copying)},
		{"fill", "", scored(paid, at, of255, filling)},
		{"constant that is not paid for", meter.Short, scored(paid-1, at, of255, copying)},
		{"mask that is not paid for", meter.Short, scored(paid, at, length, mask, copying)},
		{"no bound", meter.Bulk, scored(10000, at, length, copying)},
		{"fill without a bound", meter.Bulk, scored(10000, at, length, filling)},
		{"something between mask and copy", meter.Bulk, scored(10000, at, length, mask, nop, copying)},
		{"something within the mask", meter.Bulk, scored(10000, at, length, of255, nop, []byte{0x71}, copying)},
		{"mask on the wrong side", meter.Bulk, scored(10000, at, of255, length, []byte{0x71}, copying)},
		{"another operation than and", meter.Bulk, scored(10000, at, length, of255, []byte{0x72}, copying)},
		{"constant of another operand", meter.Bulk, scored(10000, []byte{0x20, 0}, of255, length, copying)},
		{"mask of all bits", meter.Short, scored(meter.MaxCharge, at, length, []byte{0x41, 0x7f, 0x71}, copying)},
		{"segment that isn't counted", meter.Invalid, scored(10000, at, of255, []byte{0xfc, 8, 0, 0})},
		{"table that isn't there", meter.Invalid, scored(10000, at, of255, []byte{0xfc, 14, 0, 0})},
	} {
		refused(t, tc.name, tc.code, tc.kind)
	}
}

// TestChargesPayForTheRestOfTheirBlock and for nothing else.
func TestChargesPayForTheRestOfTheirBlock(t *testing.T) {
	work := func(n int) (b []byte) {
		for range n {
			b = append(b, 0x01)
		}
		return b
	}
	const around = costOfCharge + 2 + 9 // i32.const 0, end; condition, if
	inIf := func(outer int64, code ...[]byte) []byte {
		return scored(outer, append([][]byte{{0x20, 0, 0x04, 0x40}}, code...)...)
	}
	arm := charge(0, costOfCharge+101)
	for _, tc := range []struct {
		name string
		kind meter.Kind
		code []byte
	}{
		{"arm without a charge, paid outside", "", inIf(around+101, work(100), []byte{0x0b})},
		{"arm without a charge", meter.Short, inIf(around, work(100), []byte{0x0b})},
		{"arm with its charge", "", inIf(around, arm, work(100), []byte{0x0b})},
		{"arm with a charge too small", meter.Short, inIf(around+1000, arm, work(101), []byte{0x0b})},
		{"work before the arm's charge", meter.Short, inIf(around, work(9), arm, work(91), []byte{0x0b})},
		{"work behind the arm", meter.Short, inIf(around, arm, []byte{0x0b}, work(100))},
		{"the other arm", meter.Short, inIf(around+1, arm, work(100), []byte{0x05}, work(100), []byte{0x0b})},
		{"the other arm, beside a rich one", meter.Short, inIf(around+1, charge(0, 10000), []byte{0x05}, work(100), []byte{0x0b})},
		{"a block within the arm", "", inIf(around, arm, work(50), []byte{0x02, 0x40}, work(48), []byte{0x0b, 0x0b})},
		{"charges one after the other", "", inIf(around, arm, work(101), arm, work(100), []byte{0x0b})},
		{"a loop within the arm", meter.Charge, inIf(around, arm, []byte{0x03, 0x40, 0x0b, 0x0b})},
		{"fuel that is looked at", meter.Fuel, inIf(around, []byte{0x23, 0, 0x1a, 0x0b})},
	} {
		refused(t, tc.name, tc.code, tc.kind)
	}
}
