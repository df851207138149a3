package meter_test

import (
	"errors"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// The sequences of depth, written out here apart from the emitter's. The global is
// the second of the module.
func take(n int64) []byte {
	b := wasm.AppendS64([]byte{0x23, 1, 0x41}, n)
	return append(b, 0x6b, 0x24, 1, 0x23, 1, 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b)
}

func give(n int64) []byte {
	b := wasm.AppendS64([]byte{0x23, 1, 0x41}, n)
	return append(b, 0x6a, 0x24, 1)
}

// joined puts code behind a charge that is enough for it.
func joined(code ...[]byte) []byte {
	b := charge(0, 10000)
	for _, c := range code {
		b = append(b, c...)
	}
	return b
}

// self is a block that calls function 1 and answers what that answers.
var self = []byte{0x02, 0x7f, 0x20, 0, 0x10, 1, 0x0b}

// deep is a module whose scorer, function 1, has this body. Function 2 may be
// called through a table, the first type is the scorer's.
func deep(depth int32, body []byte, more ...func(g *guest.Guest)) []byte {
	g := guest.New()
	g.Export(abi.ExportDepth, wasm.KindGlobal, g.GlobalI32(depth))
	score := g.Func(g.Scalar(), nil, body)
	g.Const(0)
	g.Entry(wasm.SectionTable, []byte{0x70, 1, 4, 4})
	g.Entry(wasm.SectionElement, []byte{0, 0x41, 0, end, 1, 2})
	for _, add := range more {
		add(g)
	}
	return g.Bytes(score)
}

func TestDepthIsTakenAndGivenBack(t *testing.T) {
	var (
		scalar   = byte(guest.New().Scalar())
		indirect = []byte{0x02, 0x7f, 0x20, 0, 0x41, 0, 0x11, scalar, 0, 0x0b}
		intoIt   = func(g *guest.Guest) { g.Entry(wasm.SectionElement, []byte{0, 0x41, 1, end, 1, 1}) }
		out      = func(way ...byte) []byte { // leaves the block on a way of its own
			return joined(take(9), []byte{0x02, 0x7f, 0x20, 0, 0x10, 1}, way, []byte{0x0b}, give(9))
		}
	)
	for _, tc := range []struct {
		name string
		kind meter.Kind // "": admitted
		code []byte
	}{
		{"taken and given back", "", deep(1400, joined(take(1), self, give(1)))},
		{"more than is there", "", deep(8, joined(take(9), self, give(9)))},
		{"recursion that takes none", meter.Recursion, deep(1400, joined(self))},
		{"too much to begin with", meter.Depth, deep(1401, joined(take(1), self, give(1)))},
		{"less than nothing to begin with", meter.Depth, deep(-1, joined(take(1), self, give(1)))},
		{"nothing taken", meter.Depth, deep(1400, joined(take(0), self, give(0)))},
		{"less than nothing taken", meter.Depth, deep(1400, joined(take(-1), self, give(-1)))},
		{"not given back", meter.Depth, deep(1400, joined(take(9), self))},
		{"more given back", meter.Depth, deep(1400, joined(take(9), self, give(10)))},
		{"given back twice", meter.Depth, deep(1400, joined(take(9), self, give(9), give(9)))},
		{"given back before the call", meter.Depth, deep(1400, joined(take(9), []byte{0x02, 0x7f, 0x41, 0, 0x0b}, give(9), self[2:6], []byte{0x1a}))},
		{"given back within", meter.Depth, deep(1400, out(give(9)...))},
		{"no block", meter.Depth, deep(1400, joined(take(9), self[2:6], give(9)))},
		{"a loop for a block", meter.Depth, deep(1400, joined(take(9), append([]byte{0x03}, self[1:]...), give(9)))},
		{"a return", meter.Depth, deep(1400, out(0x0f))},
		{"a branch", meter.Depth, deep(1400, out(0x0c, 1))},
		{"a branch on a condition", meter.Depth, deep(1400, out(0x20, 0, 0x0d, 1))},
		{"a branch by table", meter.Depth, deep(1400, out(0x20, 0, 0x0e, 1, 0, 1))},
		{"a branch to the block's end", "", deep(1400, out(0x20, 0, 0x0d, 0))},
		{"taken behind work", meter.Depth, deep(1400, joined([]byte{0x01}, take(9), self, give(9)))},
		{"depth read", meter.Depth, deep(1400, joined([]byte{0x23, 1}))},
		{"depth set", meter.Depth, deep(1400, joined([]byte{0x41, 99, 0x24, 1, 0x41, 0}))},
		{"depth that isn't exported", meter.Recursion, with(func(g *guest.Guest) {
			g.GlobalI32(1400)
			g.Func(g.Scalar(), nil, joined(take(9), self, give(9)))
		})},
		{"indirect call of another", "", deep(1400, joined(indirect))},
		{"indirect recursion", meter.Recursion, deep(1400, joined(indirect), intoIt)},
		{"indirect recursion that takes", "", deep(1400, joined(take(9), indirect, give(9)), intoIt)},
		{"reference to refill", meter.Table, deep(1400, joined(indirect), func(g *guest.Guest) {
			g.Entry(wasm.SectionElement, []byte{0, 0x41, 1, end, 1, 0})
		})},
		{"reference that nothing declares", meter.Invalid, deep(1400, joined([]byte{0xd2, 1, 0xd1}))},
	} {
		refused(t, tc.name, tc.code, tc.kind)
	}
}

// refused demands the kind of refusal, or none if kind is empty.
func refused(t *testing.T, name string, code []byte, kind meter.Kind) {
	t.Helper()
	err := meter.Check(code, meter.Limits{})
	var refusal *meter.Refusal
	if kind == "" && err != nil || kind != "" && (!errors.As(err, &refusal) || refusal.Kind != kind) {
		t.Errorf("%s: %v, want %q", name, err, kind)
	}
}

// TestTakesCoverWhatTheyStandFor: the frames of the function itself, which are
// large if it keeps many values, and of what it calls.
func TestTakesCoverWhatTheyStandFor(t *testing.T) {
	keeps := func(n int64) []byte { // 500 locals, in 20 places where ways merge
		b := append(joined(take(n)), 0x02, 0x7f)
		for range 20 {
			b = append(b, 0x02, 0x40, 0x0b)
		}
		return append(append(b, self[2:]...), give(n)...)
	}
	calls := func(n int64, depth int) []byte { // a chain of so many functions
		g := guest.New()
		g.Export(abi.ExportDepth, wasm.KindGlobal, g.GlobalI32(1400))
		score := g.Func(g.Scalar(), nil, joined(take(n), []byte{0x02, 0x7f, 0x20, 0, 0x10, 1, 0x1a, 0x20, 0, 0x10, byte(1 + depth), 0x0b}, give(n)))
		f := g.Const(0)
		for range depth - 1 {
			callee := f
			f = g.Paid(func(c *wasm.Code) {
				answer(c)
				c.Index(wasm.Call, callee)
			})
		}
		return g.Bytes(score)
	}
	kept := func(n int64) []byte {
		g := guest.New()
		g.Export(abi.ExportDepth, wasm.KindGlobal, g.GlobalI32(1400))
		return g.Bytes(g.Func(g.Scalar(), make500(), keeps(n)))
	}
	refused(t, "many values, much taken", kept(64), "")
	refused(t, "many values, little taken", kept(2), meter.Depth)
	refused(t, "long chain, much taken", calls(31, 30), "")
	refused(t, "long chain, little taken", calls(30, 30), meter.Depth)
}

func make500() (locals []wasm.ValType) {
	for range 500 {
		locals = append(locals, wasm.I64)
	}
	return locals
}
