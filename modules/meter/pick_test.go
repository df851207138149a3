package meter_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// selects are the instruction between values of a type, and how to make a value
// of the number on the stack and a number of the value.
var selects = map[string]struct {
	op         wasm.Op
	typ        []byte // immediates
	make, take []wasm.Op
	lanes      []byte
	picked     bool // is a block once metered
}{
	"i32":         {op: wasm.Select},
	"i32, typed":  {op: wasm.SelectTyped, typ: []byte{1, 0x7f}},
	"i64":         {op: wasm.Select, make: []wasm.Op{0xad}, take: []wasm.Op{0xa7}},
	"f32":         {op: wasm.Select, make: []wasm.Op{wasm.BitsF32}, take: []wasm.Op{wasm.F32Bits}, picked: true},
	"f32, typed":  {op: wasm.SelectTyped, typ: []byte{1, 0x7d}, make: []wasm.Op{wasm.BitsF32}, take: []wasm.Op{wasm.F32Bits}, picked: true},
	"f64":         {op: wasm.Select, make: []wasm.Op{0xad, wasm.BitsF64}, take: []wasm.Op{wasm.F64Bits, 0xa7}, picked: true},
	"f64, typed":  {op: wasm.SelectTyped, typ: []byte{1, 0x7c}, make: []wasm.Op{0xad, wasm.BitsF64}, take: []wasm.Op{wasm.F64Bits, 0xa7}, picked: true},
	"v128":        {op: wasm.Select, make: []wasm.Op{0xfd11}, take: []wasm.Op{wasm.I32x4ExtractLane}, lanes: []byte{2}, picked: true},
	"v128, typed": {op: wasm.SelectTyped, typ: []byte{1, 0x7b}, make: []wasm.Op{0xfd11}, take: []wasm.Op{wasm.I32x4ExtractLane}, lanes: []byte{2}, picked: true},
}

// TestSelectsOfFloatsAreReplaced: Check refuses a select between floats or vectors,
// and Rewrite puts in its place what gives the same, in dead code too.
func TestSelectsOfFloatsAreReplaced(t *testing.T) {
	engines := sandboxes(t)
	for name, s := range selects {
		body := func(c *wasm.Code) {
			for _, v := range []int32{77, -5} { // NaN, as a float
				c.I32(v)
				c.Op(s.make...)
			}
			c.Index(wasm.LocalGet, 0)
			c.Op(s.op)
			c.Splice(s.typ)
			c.Op(s.take...)
			c.Splice(s.lanes)
		}
		err := meter.Check(paid(body), meter.Limits{})
		if refused := err != nil; refused != s.picked {
			t.Errorf("%s: %v", name, err)
		}
		dead := func(c *wasm.Code) {
			body(c)
			c.Op(wasm.Return, wasm.Select, wasm.Drop)
			body(c)
		}
		for _, body := range []func(c *wasm.Code){body, dead} {
			metered := rewritten(t, foreign(body))
			if err := meter.Check(metered, meter.Limits{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, e := range engines {
				score := e.score(t, metered)
				if got := fmt.Sprint(int32(score(0)), int32(score(1)), int32(score(1<<31))); got != "-5 77 77" {
					t.Errorf("%s in the %s: %s", name, e.name, got)
				}
			}
		}
	}
}

// TestNoSelectIsLost is of a module that wazero 1.12 compiles wrongly.
func TestNoSelectIsLost(t *testing.T) {
	module, err := os.ReadFile("testdata/select.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range sandboxes(t) {
		if got := e.score(t, rewritten(t, module))(0); got != 0 {
			t.Errorf("%d in the %s", got, e.name)
		}
	}
}

// foreign is a module with this scorer and no meter.
func foreign(score func(c *wasm.Code), locals ...wasm.ValType) []byte {
	var m wasm.Module
	var c wasm.Code
	score(&c)
	f := m.Func(m.Type([]wasm.ValType{wasm.I32}, []wasm.ValType{wasm.I32}), locals, c.Bytes())
	m.Memory(1, 1)
	m.Export(abi.ExportMemory, wasm.KindMemory, 0)
	m.Export(abi.ExportScore, wasm.KindFunc, f)
	m.Export(abi.ExportAlloc, wasm.KindFunc, f)
	return m.Bytes()
}
