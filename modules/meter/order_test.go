package meter_test

import (
	"fmt"
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// order is a comparison of i32s, and what it says of numbers.
type order struct {
	op       wasm.Op
	unsigned bool
	holds    func(a, b int64) bool
}

var orders = []order{
	{0x48, false, func(a, b int64) bool { return a < b }}, {0x49, true, func(a, b int64) bool { return uint64(a) < uint64(b) }},
	{0x4a, false, func(a, b int64) bool { return a > b }}, {0x4b, true, func(a, b int64) bool { return uint64(a) > uint64(b) }},
	{0x4c, false, func(a, b int64) bool { return a <= b }}, {0x4d, true, func(a, b int64) bool { return uint64(a) <= uint64(b) }},
	{0x4e, false, func(a, b int64) bool { return a >= b }}, {0x4f, true, func(a, b int64) bool { return uint64(a) >= uint64(b) }},
}

// width is that of the integers that are compared.
type width struct {
	typ         wasm.ValType
	constant    wasm.Op
	zero, other int     // locals: one that nobody sets, and one to set
	further     wasm.Op // what the opcodes of comparisons are further than those of i32
	furtherOn   wasm.Op // and the others
}

var widths = []width{{wasm.I32, wasm.I32Const, 1, 2, 0, 0}, {wasm.I64, wasm.I64Const, 3, 4, 11, 18}}

func (w width) op(c *wasm.Code, i32 wasm.Op) {
	if i32 <= wasm.I32GeU {
		c.Op(i32 + w.further)
		return
	}
	c.Op(i32 + w.furtherOn)
}

func (w width) push(c *wasm.Code, v byte) {
	c.Op(w.constant)
	c.Raw(v)
}

func (w width) block(c *wasm.Code, typ wasm.ValType) {
	c.Op(wasm.Block)
	c.Raw(byte(typ))
}

// and pushes the parameter, as the and of it and itself.
func (w width) and(c *wasm.Code) {
	for range 2 {
		c.Index(wasm.LocalGet, 0)
		if w.typ == wasm.I64 {
			c.Op(0xac)
		}
	}
	w.op(c, wasm.I32And)
}

// pairs write an and and a 0 in several guises, and then what compares them. The
// first value pushed is the 0 if swapped, else the and.
var pairs = map[string]struct {
	swapped bool
	write   func(w width, c *wasm.Code, then func())
}{
	"0 and and":       {true, func(w width, c *wasm.Code, then func()) { w.push(c, 0); w.and(c); then() }},
	"and and 0":       {false, func(w width, c *wasm.Code, then func()) { w.and(c); w.push(c, 0); then() }},
	"local 0 and and": {true, func(w width, c *wasm.Code, then func()) { c.Index(wasm.LocalGet, w.zero); w.and(c); then() }},
	"and and local 0": {false, func(w width, c *wasm.Code, then func()) { w.and(c); c.Index(wasm.LocalGet, w.zero); then() }},
	"0 and teed and": {true, func(w width, c *wasm.Code, then func()) {
		w.push(c, 0)
		w.and(c)
		c.Index(wasm.LocalTee, w.other)
		then()
	}},
	"0 and local and": {true, func(w width, c *wasm.Code, then func()) {
		w.and(c)
		c.Index(wasm.LocalSet, w.other)
		w.push(c, 0)
		c.Index(wasm.LocalGet, w.other)
		then()
	}},
	"and and 0, in a block": {false, func(w width, c *wasm.Code, then func()) {
		w.and(c)
		c.Index(wasm.LocalSet, w.other)
		w.block(c, wasm.I32)
		c.Index(wasm.LocalGet, w.other)
		w.push(c, 0)
		then()
		c.Op(wasm.End)
	}},
	"0 and and, in a block": {true, func(w width, c *wasm.Code, then func()) {
		w.and(c)
		c.Index(wasm.LocalSet, w.other)
		w.block(c, wasm.I32)
		w.push(c, 0)
		c.Index(wasm.LocalGet, w.other)
		then()
		c.Op(wasm.End)
	}},
	"0 and shifted and": {true, func(w width, c *wasm.Code, then func()) {
		w.push(c, 0)
		w.and(c)
		w.push(c, 0)
		w.op(c, wasm.I32Shl)
		then()
	}},
	"and and shifted 0": {false, func(w width, c *wasm.Code, then func()) {
		w.and(c)
		w.push(c, 0)
		w.push(c, 32) // of i64s, it would do something to another value
		w.op(c, wasm.I32ShrU)
		then()
	}},
	"0 of a block and and": {true, func(w width, c *wasm.Code, then func()) {
		w.block(c, w.typ)
		w.push(c, 0)
		c.Op(wasm.End)
		w.and(c)
		then()
	}},
}

// answers tell of what is on the stack whether it holds: 1 or 0.
var answers = map[string]func(c *wasm.Code){
	"value": func(*wasm.Code) {},
	"if": func(c *wasm.Code) {
		c.Op(wasm.If)
		c.Raw(byte(wasm.I32))
		c.I32(1)
		c.Op(wasm.Else)
		c.I32(0)
		c.Op(wasm.End)
	},
	"br_if": func(c *wasm.Code) {
		c.Index(wasm.LocalSet, widths[0].other)
		c.I32(1)
		c.Index(wasm.LocalGet, widths[0].other)
		c.Index(wasm.BrIf, 0)
		c.Op(wasm.Drop)
		c.I32(0)
	},
}

// comparisons calls try with the scorer of each.
func comparisons(try func(name string, o order, swapped bool, score func(c *wasm.Code))) {
	for _, o := range orders {
		for _, w := range widths {
			for pair, p := range pairs {
				for how, answer := range answers {
					try(fmt.Sprintf("%#x of %s, %#x, %s", o.op, pair, w.typ, how), o, p.swapped, func(c *wasm.Code) {
						p.write(w, c, func() { w.op(c, o.op); answer(c) })
					})
				}
			}
		}
	}
}

// TestOrdersHold: a comparison of an and with 0, on which ways part or not, says
// what it should, with the meter, in both engines and on every machine.
func TestOrdersHold(t *testing.T) {
	engines := sandboxes(t)
	comparisons(func(name string, o order, swapped bool, score func(c *wasm.Code)) {
		metered := rewritten(t, foreign(score, someLocals...))
		if err := meter.Check(metered, meter.Limits{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, e := range engines {
			score := e.score(t, metered)
			for _, x := range []int64{-7, 0, 7} {
				want := o.holds(x, 0)
				if swapped {
					want = o.holds(0, x)
				}
				if got := score(uint64(uint32(x))) == 1; got != want {
					t.Errorf("%s, of %d in the %s: %v", name, x, e.name, got)
				}
			}
		}
	})
}

// TestGolden holds on each kind of processor what wazero gets wrong on some.
func TestGolden(t *testing.T) { t.Run("orders", TestOrdersHold) }

// TestOrdersAreRefused: Check admits none that some machine gets wrong, and each
// that stands there as compilers write it and is right on all.
func TestOrdersAreRefused(t *testing.T) {
	comparisons(func(name string, o order, swapped bool, score func(c *wasm.Code)) {
		err := meter.Check(comparing(score), meter.Limits{})
		if (swapped || o.unsigned) && err == nil {
			t.Errorf("%s: admitted", name)
		}
	})
	score := func(c *wasm.Code) {
		for _, op := range []wasm.Op{wasm.I32Eq, wasm.I32Ne, wasm.I32LtS, wasm.I32GeS} {
			widths[0].and(c)
			c.I32(0)
			c.Op(op, wasm.Drop)
		}
		widths[0].and(c)
		c.I32(7)
		c.Op(wasm.I32GtU)
	}
	if err := meter.Check(comparing(score), meter.Limits{}); err != nil {
		t.Error(err)
	}
}

// someLocals of each width stand behind the parameter.
var someLocals = []wasm.ValType{wasm.I32, wasm.I32, wasm.I64, wasm.I64}

// comparing is a module with a meter whose scorer has these locals.
func comparing(score func(c *wasm.Code)) []byte {
	g := guest.New()
	var c wasm.Code
	score(&c)
	return g.Bytes(g.Func(g.Scalar(), someLocals, meter.Charged(&c, g.Fuel)))
}
