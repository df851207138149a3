package host_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/attack"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// single is a module that executes one instruction on zeros.
func single(op wasm.Op, info wasm.Info, operands string) []byte {
	return scorer(func(_ *guest.Guest, c *wasm.Code) {
		for _, t := range []byte(operands) {
			switch wasm.ValType(t) {
			case wasm.I32:
				c.I32(1)
			case wasm.I64:
				c.Op(wasm.I64Const)
				c.Raw(1)
			case wasm.F32:
				c.F32(1)
			case wasm.F64:
				c.F64(1)
			case wasm.V128:
				c.V128(0, 0, 0, 0)
			}
		}
		switch info.Imm {
		case wasm.ImmArg:
			c.Mem(op, 8)
		case wasm.ImmArgLane:
			c.MemLane(op, 8, info.Lanes()-1)
		case wasm.ImmLane:
			c.Lane(op, info.Lanes()-1)
		case wasm.ImmMemory:
			c.Memory(op)
		default:
			c.Op(op)
			c.Raw(make([]byte, map[wasm.Imm]int{
				wasm.ImmI32: 1, wasm.ImmI64: 1, wasm.Imm4: 4, wasm.Imm8: 8, wasm.Imm16: 16, wasm.ImmShuffle: 16,
			}[info.Imm])...)
		}
		if info.Out != "" {
			c.Op(wasm.Drop)
		}
		c.I32(0)
	})
}

// TestTheTableAgreesWithTheEngine takes every number that could be an
// instruction. What the table knows, checker and engine admit with its types and
// run, and the checker refuses with any operand of another type; the rest the
// checker refuses.
func TestTheTableAgreesWithTheEngine(t *testing.T) {
	e := open(t, host.Options{})
	plain := 0
	for op := wasm.Op(0); op < 0xfe00; op++ {
		info, ok := wasm.Lookup(op)
		if ok && info.In+info.Out == "" {
			continue // control: its types depend on the place
		}
		if !ok {
			if prefix := op >> 8; prefix == 0 || prefix == wasm.PrefixMisc || prefix == wasm.PrefixSIMD {
				refusesUnknown(t, op)
			}
			continue
		}
		plain++
		m, err := e.Admit(single(op, info, info.In), []byte{1}, host.Limits{Instances: 1})
		if err != nil {
			t.Errorf("instruction %#x: %v", op, err)
			continue
		}
		if err := idle(m); err != nil {
			t.Errorf("instruction %#x runs into %v", op, err)
		}
		m.Close()
		for i := range info.In {
			for _, other := range []wasm.ValType{wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128} {
				if wasm.ValType(info.In[i]) == other {
					continue
				}
				operands := info.In[:i] + string([]byte{byte(other)}) + info.In[i+1:]
				var refusal *meter.Refusal
				if err := meter.Check(single(op, info, operands), meter.Limits{}); !errors.As(err, &refusal) || refusal.Kind != meter.Invalid {
					t.Errorf("instruction %#x takes %x: %v", op, operands, err)
				}
			}
		}
	}
	if want := 157 + 8 + 236; plain != want { // core, saturating truncation, SIMD
		t.Errorf("%d instructions with types of their own, the standard has %d", plain, want)
	}
}

func refusesUnknown(t *testing.T, op wasm.Op) {
	t.Helper()
	code := scorer(func(_ *guest.Guest, c *wasm.Code) {
		if op > 0xff {
			c.Raw(byte(op >> 8))
			c.Splice(wasm.AppendU32(nil, uint32(op&0xff)))
		} else {
			c.Raw(byte(op))
		}
		c.I32(0)
	})
	var refusal *meter.Refusal
	if err := meter.Check(code, meter.Limits{}); !errors.As(err, &refusal) {
		t.Errorf("unknown instruction %#x: %v", op, err)
	}
}

// FuzzAdmit: what the checker accepts, the engine compiles, and running it ends.
// The bytes are a whole module, or the body of a scorer that has paid for much.
func FuzzAdmit(f *testing.F) {
	code, err := compile.Linear(scoring.Shape{Frame: abi.Shape{ContextDense: 1, Dense: 1, Heads: 1}})
	if err != nil {
		f.Fatal(err)
	}
	for _, module := range [][]byte{code, scorer(endless), callTree(), control()} {
		f.Add(true, module)
	}
	for _, body := range []func(*guest.Guest, *wasm.Code){answers(1), branches} {
		var c wasm.Code
		body(guest.New(), &c)
		f.Add(false, c.Bytes())
	}
	e, err := host.Open(host.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, whole bool, code []byte) {
		if !whole {
			code = rich(code)
		}
		if meter.Check(code, meter.Limits{}) != nil {
			return
		}
		m, err := e.Admit(code, []byte{1}, host.Limits{Fuel: 1, Instances: 1})
		if err != nil {
			for _, behaviour := range []error{host.ErrRoom, host.ErrTrap, host.ErrFuel} {
				if errors.Is(err, behaviour) {
					return
				}
			}
			t.Fatalf("the checker admits what the engine refuses: %v", err)
		}
		defer m.Close()
		idle(m) // may fail in any of its ways
	})
}

// FuzzForeign: any bytes, rewritten or as they are, are refused, or run and end:
// whatever a module answers, the host neither panics nor believes it.
func FuzzForeign(f *testing.F) {
	for _, m := range attack.Corpus() {
		if len(m.Wasm) < 4<<10 {
			f.Add(m.Wasm)
		}
	}
	e, err := host.Open(host.Options{Pages: 16})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, foreign []byte) {
		code, err := meter.Rewrite(foreign, meter.Limits{Pages: 16})
		if err != nil {
			code = foreign
		}
		m, err := e.Admit(code, []byte{1}, host.Limits{Fuel: 1, Initialize: 1, Instances: 1})
		if err != nil {
			return
		}
		defer m.Close()
		in, err := m.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Return()
		if _, err := in.Frame(oneHead, 20); err != nil {
			return
		}
		if err := in.Score(); err != nil {
			return
		}
		in.Explain(3, 0, 5)
	})
}

// rich is a module whose scorer pays as much as may be and then does body.
func rich(body []byte) []byte {
	g := guest.New()
	var pay wasm.Code
	for pay.Cost() < meter.MaxCharge-100 {
		pay.Op(wasm.Nop)
	}
	charge, _ := bytes.CutSuffix(meter.Charged(&pay, g.Fuel), pay.Bytes())
	g.GlobalI32(0)
	locals := []wasm.ValType{wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128, wasm.V128}
	return g.Bytes(g.Func(g.Scalar(), locals, append(charge, body...)))
}

func control() []byte { return scorer(branches) }

// branches has one of each control instruction.
func branches(g *guest.Guest, c *wasm.Code) {
	c.Begin(wasm.Block)
	c.Begin(wasm.Block)
	c.Index(wasm.LocalGet, 0)
	c.Op(wasm.BrTable)
	c.Raw(2, 0, 1, 0)
	c.Op(wasm.End, wasm.End)
	meter.Loop(c, g.Fuel, func(c *wasm.Code) {
		c.Index(wasm.LocalGet, 0)
		c.Begin(wasm.If)
		c.Index(wasm.LocalGet, 0)
		c.I32(1)
		c.Op(wasm.I32Sub)
		c.Index(wasm.LocalTee, 0)
		c.Index(wasm.BrIf, 1)
		c.Op(wasm.Else)
		c.I32(0)
		c.Op(wasm.Return, wasm.End)
	})
	c.I32(1)
	c.I32(2)
	c.Index(wasm.LocalGet, 0)
	c.Op(wasm.Select, wasm.Nop, wasm.Drop)
	c.I32(0)
}
