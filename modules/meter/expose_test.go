package meter_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// stateful is a module with a table, a segment of each kind and a variable, whose scorer does
// body.
func stateful(variable []byte, body func(c *wasm.Code)) []byte {
	g := guest.New()
	g.Entry(wasm.SectionTable, []byte{0x70, 1, 1, 4})
	g.Entry(wasm.SectionElement, []byte{1, 0, 1, 1}) // passive
	g.Entry(wasm.SectionDataCount, []byte{1})
	g.Entry(wasm.SectionData, []byte{1, 1, 'x'})
	g.Entry(wasm.SectionGlobal, variable)
	return g.Bytes(g.Paid(func(c *wasm.Code) {
		body(c)
		c.I32(0)
	}))
}

var i32Variable = []byte{byte(wasm.I32), 1, 0x41, 7, 0x0b}

// TestExposeKnowsWhereStateIs: whatever outlasts a call is a variable with a name,
// memory, or makes the module one whose state is not whole.
func TestExposeKnowsWhereStateIs(t *testing.T) {
	run := func(op wasm.Op, indices ...byte) func(c *wasm.Code) {
		return func(c *wasm.Code) {
			for range 3 {
				c.I32(0)
			}
			c.Op(op)
			c.Raw(indices...)
		}
	}
	null := func(c *wasm.Code) {
		c.Op(wasm.RefNull)
		c.Raw(0x70)
	}
	for name, tc := range map[string]struct {
		code  []byte
		whole bool
	}{
		"nothing":       {stateful(i32Variable, func(*wasm.Code) {}), true},
		"a constant":    {stateful([]byte{byte(wasm.V128), 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b}, func(*wasm.Code) {}), true},
		"table.get":     {stateful(i32Variable, func(c *wasm.Code) { c.I32(0); c.Index(wasm.TableGet, 0); c.Op(wasm.Drop) }), true},
		"memory.init":   {stateful(i32Variable, run(wasm.MemoryInit, 0, 0)), true},
		"table.set":     {stateful(i32Variable, func(c *wasm.Code) { c.I32(0); null(c); c.Index(wasm.TableSet, 0) }), false},
		"table.grow":    {stateful(i32Variable, func(c *wasm.Code) { null(c); c.I32(1); c.Index(wasm.TableGrow, 0); c.Op(wasm.Drop) }), false},
		"table.fill":    {stateful(i32Variable, func(c *wasm.Code) { c.I32(0); null(c); c.I32(0); c.Index(wasm.TableFill, 0) }), false},
		"table.copy":    {stateful(i32Variable, run(wasm.TableCopy, 0, 0)), false},
		"table.init":    {stateful(i32Variable, run(wasm.TableInit, 0, 0)), false},
		"elem.drop":     {stateful(i32Variable, func(c *wasm.Code) { c.Index(wasm.ElemDrop, 0) }), false},
		"data.drop":     {stateful(i32Variable, func(c *wasm.Code) { c.Index(wasm.DataDrop, 0) }), false},
		"v128 variable": {stateful([]byte{byte(wasm.V128), 1, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b}, func(*wasm.Code) {}), false},
		"a reference":   {stateful([]byte{byte(wasm.FuncRef), 1, 0xd0, 0x70, 0x0b}, func(*wasm.Code) {}), false},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := meter.Expose(tc.code, meter.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if e.Whole != tc.whole {
				t.Fatalf("whole: %v", e.Whole)
			}
			if !e.Whole && (!bytes.Equal(e.Code, tc.code) || e.Variables != nil) {
				t.Error("changed for nothing")
			}
			out, err := meter.Outlined(e.Code)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range e.Variables {
				if !slices.Contains(out.Exports, v) {
					t.Errorf("%s is not exported", v)
				}
			}
			if variables := bytes.Contains(tc.code, i32Variable); e.Whole && variables != (len(e.Variables) == 1) {
				t.Errorf("variables %v", e.Variables)
			}
		})
	}
}

// TestNobodyElseNamesVariables: a module that was exposed, or pretends to be, is refused.
func TestNobodyElseNamesVariables(t *testing.T) {
	g := guest.New()
	g.Export("aisle_state_1", wasm.KindMemory, 0)
	for name, code := range map[string][]byte{
		"pretended": g.Bytes(g.Const(int32(abi.OK))),
		"exposed": func() []byte {
			e, err := meter.Expose(stateful(i32Variable, func(*wasm.Code) {}), meter.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			return e.Code
		}(),
	} {
		var refusal *meter.Refusal
		if err := meter.Check(code, meter.Limits{}); !errors.As(err, &refusal) || refusal.Kind != meter.Export {
			t.Errorf("%s: %v", name, err)
		}
	}
}
