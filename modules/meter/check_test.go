package meter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

const end = byte(wasm.End)

// paid is a module whose scorer charges for the body and then does it.
func paid(body func(c *wasm.Code)) []byte {
	g := guest.New()
	return g.Bytes(g.Paid(body))
}

// unpaid is a module whose scorer is just these bytes.
func unpaid(body ...byte) []byte {
	g := guest.New()
	return g.Bytes(g.Func(g.Scalar(), nil, body))
}

func answer(c *wasm.Code) { c.I32(0) }

// charge of n units on fuel, written out here apart from the emitter's.
func charge(fuel byte, n int64) []byte {
	b := wasm.AppendS64([]byte{0x23, fuel, 0x41}, n)
	return append(b, 0x6b, 0x24, fuel, 0x23, fuel, 0x41, 0, 0x4e, 0x04, 0x40, 0x05, 0x10, 0, 0x0b)
}

func TestModulesOfOursAreAdmitted(t *testing.T) {
	for seed := range uint64(50) {
		code, err := compile.Linear(sample.Shape(sample.Rand(seed)))
		if err != nil {
			t.Fatal(err)
		}
		if err := meter.Check(code, meter.Limits{}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	if err := meter.Check(paid(answer), meter.Limits{}); err != nil {
		t.Error(err)
	}
}

func TestHostileModulesAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		kind meter.Kind
		code []byte
	}{
		{"nothing", meter.Malformed, nil},
		{"header alone", meter.Malformed, []byte(wasm.Header)},
		{"no charge", meter.Charge, unpaid(0x41, 0)},
		{"charge of one unit too few", meter.Short, unpaid(append(charge(0, costOfCharge+1), 0x41, 0)...)},
		{"negative charge", meter.Charge, unpaid(append(charge(0, -5), 0x41, 0)...)},
		{"charge above what can be told", meter.Limit, unpaid(append(charge(0, meter.MaxCharge+1), 0x41, 0)...)},
		{"charge that only looks at the fuel", meter.Charge, unpaid(0x23, 0, 0x41, 50, 0x6b, 0x1a, 0x41, 0)},
		{"charge on another global", meter.Charge, otherGlobal()},
		{"loop without a charge", meter.Charge, paid(func(c *wasm.Code) {
			c.Begin(wasm.Loop)
			c.Index(wasm.Br, 0)
			c.Op(wasm.End)
			answer(c)
		})},
		{"loop with a charge too small", meter.Short, paid(func(c *wasm.Code) {
			c.Begin(wasm.Loop)
			c.Splice(charge(0, costOfCharge))
			c.Index(wasm.Br, 0)
			c.Op(wasm.End)
			answer(c)
		})},
		{"fuel read", meter.Fuel, paid(func(c *wasm.Code) { c.Index(wasm.GlobalGet, 0) })},
		{"fuel forged", meter.Fuel, paid(func(c *wasm.Code) {
			c.I32(1 << 30)
			c.Index(wasm.GlobalSet, 0)
			answer(c)
		})},
		{"refill called", meter.Fuel, paid(func(c *wasm.Code) {
			c.Index(wasm.Call, 0)
			answer(c)
		})},
		{"recursion", meter.Recursion, recursion(1)},
		{"recursion of three", meter.Recursion, recursion(3)},
		{"deep calls", meter.Depth, chain(300)},
		{"tail call", meter.Unsupported, paid(func(c *wasm.Code) { c.Raw(0x12, 1) })},
		{"exception", meter.Unsupported, paid(func(c *wasm.Code) { c.Raw(0x08, 0) })},
		{"atomic", meter.Unsupported, paid(func(c *wasm.Code) { c.Raw(0xfe, 0x03, 0) })},
		{"relaxed SIMD", meter.Unsupported, paid(func(c *wasm.Code) { c.Raw(0xfd, 0x80, 0x02) })},
		{"SIMD opcode in a longer form", meter.Unsupported, paid(func(c *wasm.Code) { c.Raw(0xfd, 0xe4, 0x81, 0x00) })},
		{"unknown instruction", meter.Unsupported, paid(func(c *wasm.Code) { c.Raw(0xff) })},
		{"operand missing", meter.Invalid, paid(func(c *wasm.Code) { c.Op(wasm.I32Add) })},
		{"operand of another type", meter.Invalid, paid(func(c *wasm.Code) {
			c.F32(1)
			c.F32(1)
			c.Op(wasm.I32Add)
		})},
		{"result missing", meter.Invalid, paid(func(*wasm.Code) {})},
		{"start function", meter.Start, with(func(g *guest.Guest) { g.Entry(wasm.SectionStart, []byte{1}) })},
		{"table without a bound", meter.Table, with(func(g *guest.Guest) { g.Entry(wasm.SectionTable, []byte{0x70, 0, 1}) })},
		{"data beyond memory", meter.Memory, with(func(g *guest.Guest) { g.Data(1<<16-1, []byte{1, 2}) })},
		{"debug names", meter.Unsupported, with(func(g *guest.Guest) { g.Custom("name", nil) })},
		{"second import", meter.Import, with(func(g *guest.Guest) {
			g.ImportFunc("wasi_snapshot_preview1", "proc_exit", 0)
		})},
		{"other import", meter.Import, imports("env", "refill")},
		{"exported variable", meter.Export, with(func(g *guest.Guest) { g.Export("sp", wasm.KindGlobal, g.GlobalI32(0)) })},
		{"fuel exported twice", meter.Export, with(func(g *guest.Guest) { g.Export("fuel", wasm.KindGlobal, 0) })},
		{"name exported twice", meter.Invalid, with(func(g *guest.Guest) { g.Export(abi.ExportScore, wasm.KindFunc, 1) })},
		{"shared memory", meter.Memory, memory(3, 1, 4)},
		{"memory without a bound", meter.Memory, memory(0, 1)},
		{"memory above the limit", meter.Memory, memory(append([]byte{1, 1}, wasm.AppendU32(nil, 257)...)...)},
		{"four thousand million types", meter.Limit, section(wasm.SectionType, 0xff, 0xff, 0xff, 0xff, 0x0f)},
		{"number without an end", meter.Malformed, section(wasm.SectionType, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)},
		{"sections out of order", meter.Malformed, append(section(wasm.SectionMemory, 0), 1, 1, 0)},
		{"too many locals", meter.Limit, locals(1 << 31)},
		{"body too long", meter.Limit, paid(func(c *wasm.Code) {
			for range 200 << 10 {
				c.Op(wasm.Nop)
			}
			answer(c)
		})},
		{"too much to compile", meter.Limit, paid(func(c *wasm.Code) {
			for range 25000 {
				c.Index(wasm.LocalGet, 0)
				c.Begin(wasm.If)
				c.Op(wasm.End)
			}
			answer(c)
		})},
		{"no scorer", meter.Export, func() []byte {
			g := guest.New()
			g.Memory(1, 1)
			return g.Sealed(map[string]int{abi.ExportAlloc: g.Const(0), abi.ExportModel: g.Const(0)})
		}()},
		{"scorer of another type", meter.Export, func() []byte {
			g := guest.New()
			return g.Bytes(g.Func(g.Type(nil, nil), nil, charge(0, 50)))
		}()},
	} {
		err := meter.Check(tc.code, meter.Limits{})
		var refusal *meter.Refusal
		if !errors.As(err, &refusal) || refusal.Kind != tc.kind {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.kind)
		}
	}
}

// costOfCharge is the sum of the costs in a charge, by hand, without the call: six
// simple instructions, two constants, else and end.
const costOfCharge = 6*8 + 4

func otherGlobal() []byte {
	g := guest.New()
	g.GlobalI32(0)
	return g.Bytes(g.Func(g.Scalar(), nil, append(charge(1, 50), 0x41, 0)))
}

// recursion is a ring of n functions.
func recursion(n int) []byte {
	g := guest.New()
	for i := range n {
		g.Paid(func(c *wasm.Code) {
			answer(c)
			c.Index(wasm.Call, 1+(i+1)%n)
		})
	}
	return g.Bytes(1)
}

// chain is n functions, each of which calls the one before.
func chain(n int) []byte {
	g := guest.New()
	f := g.Const(0)
	for range n {
		callee := f
		f = g.Paid(func(c *wasm.Code) {
			answer(c)
			c.Index(wasm.Call, callee)
		})
	}
	return g.Bytes(f)
}

func with(change func(g *guest.Guest)) []byte {
	g := guest.New()
	change(g)
	return g.Bytes(g.Const(0))
}

func imports(module, name string) []byte {
	g := &guest.Guest{}
	g.ImportFunc(module, name, g.Type(nil, nil))
	g.GlobalI32(0)
	return g.Bytes(g.Const(0))
}

func memory(declared ...byte) []byte {
	g := guest.New()
	g.Entry(wasm.SectionMemory, declared)
	score := g.Const(0)
	return g.Sealed(map[string]int{abi.ExportScore: score, abi.ExportAlloc: score, abi.ExportModel: score})
}

func section(id byte, b ...byte) []byte {
	return append(append([]byte(wasm.Header), id, byte(len(b))), b...)
}

// locals is a body that declares n locals.
func locals(n uint32) []byte {
	g := guest.New()
	body := append(wasm.AppendU32([]byte{1}, n), byte(wasm.I32))
	body = append(append(body, charge(0, 50)...), 0x41, 0, end)
	g.Func(g.Scalar(), nil, nil)
	m := g.Bytes(1)
	// The encoder writes no such body: put it in place of the empty one.
	empty := []byte{2, 0, end}
	at := bytes.Index(m, empty)
	code := bytes.LastIndexByte(m[:at-1], wasm.SectionCode)
	m = append(append(append([]byte{}, m[:at]...), append([]byte{byte(len(body))}, body...)...), m[at+len(empty):]...)
	m[code+1] += byte(len(body) + 1 - len(empty))
	return m
}

// TestChargesCoverEveryPath writes programs of nested blocks, branches and loops
// and demands that they are admitted as they are, and refused once any one
// charge is a unit smaller.
func TestChargesCoverEveryPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := guest.New()
		g.Const(7)
		code := g.Bytes(g.Paid(func(c *wasm.Code) {
			program(t, g, c, 4)
			answer(c)
		}))
		if err := meter.Check(code, meter.Limits{}); err != nil {
			t.Fatal(err)
		}
		for _, at := range charges(code) {
			cheaper := bytes.Clone(code)
			cheaper[at]-- // the low seven bits; those tried are above 0
			err := meter.Check(cheaper, meter.Limits{})
			var refusal *meter.Refusal
			if !errors.As(err, &refusal) || refusal.Kind != meter.Short {
				t.Fatalf("a unit less at byte %d: %v", at, err)
			}
		}
	})
}

// program writes instructions that leave the stack as it was.
func program(t *rapid.T, g *guest.Guest, c *wasm.Code, depth int) {
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 {
			kind = 0
		}
		switch kind {
		case 0:
			c.Index(wasm.LocalGet, 0)
			c.Mem(wasm.I32Load, 8)
			c.Op(wasm.Drop)
		case 1:
			c.I32(3)
			c.Index(wasm.Call, 1)
			c.Op(wasm.Drop)
		case 2:
			c.Begin(wasm.Block)
			program(t, g, c, depth-1)
			c.Index(wasm.Br, 0)
			c.Op(wasm.End)
		case 3:
			c.Index(wasm.LocalGet, 0)
			c.Begin(wasm.If)
			program(t, g, c, depth-1)
			c.Op(wasm.Else)
			program(t, g, c, depth-1)
			c.Op(wasm.End)
		default:
			meter.Loop(c, g.Fuel, func(c *wasm.Code) {
				program(t, g, c, depth-1)
				c.Index(wasm.LocalGet, 0)
				c.Index(wasm.BrIf, 0)
			})
		}
	}
}

// charges finds the constants of all charges whose low byte can go down by one.
func charges(code []byte) (at []int) {
	for i := range code {
		n, length := binary.Uvarint(code[min(i+3, len(code)):])
		if length <= 0 || n&0x3f == 0 {
			continue
		}
		if bytes.HasPrefix(code[i:], charge(0, int64(n))) {
			at = append(at, i+3)
		}
	}
	return at
}

func FuzzCheck(f *testing.F) {
	f.Add(paid(answer))
	f.Add(chain(3))
	code, _ := compile.Linear(sample.Shape(sample.Rand(1)))
	f.Add(code)
	f.Fuzz(func(t *testing.T, b []byte) {
		err := meter.Check(b, meter.Limits{})
		var refusal *meter.Refusal
		if err != nil && (!errors.As(err, &refusal) || refusal.Offset > len(b)) {
			t.Fatalf("refused without a place: %v", err)
		}
	})
}
