package peers

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/lightgbm"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// meters are our own modules against themselves without their charges, both run by
// the bare engine.
func meters() []contest {
	models := []struct {
		name  string
		rows  int
		model func(tb testing.TB) scoring.Model
	}{
		{"dense-1000x32", 1000, linearModel(scoring.Shape{Frame: abi.Shape{Dense: 32, Heads: 1}})},
		{"dense-1000x128", 1000, linearModel(scoring.Shape{Frame: abi.Shape{Dense: 128, Heads: 1}})},
		{"hashed-1000x30", 1000, linearModel(scoring.Shape{Frame: abi.Shape{Categorical: 30, Heads: 1}, Bits: 16})},
		{"linucb-100x32", 100, func(testing.TB) scoring.Model {
			return sample.LinUCB(scoring.LinUCBShape{Frame: abi.Shape{Dense: 32, Heads: 1, Variance: true}}, sample.Rand(1))
		}},
		{"factor-1000x3x31", 1000, func(testing.TB) scoring.Model {
			return sample.Factor(scoring.FactorShape{Frame: abi.Shape{ContextCategorical: 3, Categorical: 3, Heads: 1}, Bits: 12, Factors: 31}, sample.Rand(1))
		}},
		{"trees-1", 1, forestModel},
		{"trees-1000", 1000, forestModel},
	}
	var all []contest
	for _, m := range models {
		all = append(all, contest{"meter/" + m.name, func(tb testing.TB) []racer {
			model := m.model(tb)
			code, blob := made(tb, model)
			return []racer{
				bare(tb, "ours", code, blob, model.FrameShape(), m.rows),
				bare(tb, "plain", uncharged(tb, code), blob, model.FrameShape(), m.rows),
			}
		}, 0})
	}
	return all
}

func linearModel(s scoring.Shape) func(testing.TB) scoring.Model {
	return func(testing.TB) scoring.Model { return sample.Linear(s, sample.Rand(1)) }
}

func forestModel(tb testing.TB) scoring.Model {
	m, err := lightgbm.Read(bytes.NewReader(lightgbmFile(forest())), modelfile.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return m.Scorer
}

// bare is a module in the engine without package host around it, with all the
// fuel it asks for.
func bare(tb testing.TB, name string, code, blob []byte, s abi.Shape, rows int) racer {
	tb.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	tb.Cleanup(func() { r.Close(ctx) })
	var fuel api.MutableGlobal
	refill := func() { fuel.Set(1 << 19) }
	if _, err := r.NewHostModuleBuilder(abi.ImportModule).NewFunctionBuilder().WithFunc(refill).Export(abi.ImportRefill).Instantiate(ctx); err != nil {
		tb.Fatal(err)
	}
	guest, err := r.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		tb.Fatal(err)
	}
	fuel = guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal)
	call := func(name string, argument int) uint32 {
		out, err := guest.ExportedFunction(name).Call(ctx, uint64(argument))
		if err != nil {
			tb.Fatal(err)
		}
		return uint32(out[0])
	}
	if len(blob) > 0 && !guest.Memory().Write(call(abi.ExportModel, len(blob)), blob) {
		tb.Fatal("no room for the model")
	}
	at := call(abi.ExportAlloc, s.Size(rows))
	b, ok := guest.Memory().Read(at, uint32(s.Size(rows)))
	if !ok {
		tb.Fatal("no room for the frame")
	}
	f, err := abi.Init(b, s, rows)
	if err != nil {
		tb.Fatal(err)
	}
	sample.Fill(&f, sample.Rand(2), 0)
	score, stack := guest.ExportedFunction(abi.ExportScore), make([]uint64, 1)
	return clocked(name, func() {
		stack[0] = uint64(at)
		if err := score.CallWithStack(ctx, stack); err != nil || stack[0] != 0 {
			tb.Fatal(stack[0], err)
		}
	}, func() []float64 { return answers(&f) })
}

// uncharged is the module without its charges: section by section, function by
// function.
func uncharged(tb testing.TB, module []byte) []byte {
	tb.Helper()
	out, rest, found := []byte(wasm.Header), module[len(wasm.Header):], 0
	for len(rest) > 0 {
		id := rest[0]
		section, after := sized(tb, rest[1:])
		if id == wasm.SectionCode {
			n, size := binary.Uvarint(section)
			bodies, left := section[:size:size], section[size:]
			for range n {
				var body []byte
				body, left = sized(tb, left)
				free, charges := withoutCharges(body)
				found += charges
				bodies = append(wasm.AppendU32(bodies, uint32(len(free))), free...)
			}
			section = bodies
		}
		out = append(wasm.AppendU32(append(out, id), uint32(len(section))), section...)
		rest = after
	}
	if found == 0 {
		tb.Fatal(fmt.Errorf("no charge in the module"))
	}
	return out
}

func sized(tb testing.TB, b []byte) (content, rest []byte) {
	tb.Helper()
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		tb.Fatal("not a module")
	}
	return b[size:][:n], b[size+int(n):]
}

// withoutCharges cuts out what begins and ends as a charge does, see package meter.
func withoutCharges(body []byte) (free []byte, charges int) {
	for len(body) > 0 {
		if n := charge(body); n > 0 {
			body, charges = body[n:], charges+1
			continue
		}
		free, body = append(free, body[0]), body[1:]
	}
	return free, charges
}

// charge is the length of the charge that body begins with, or 0.
func charge(body []byte) int {
	if len(body) < 3 || body[0] != byte(wasm.GlobalGet) || body[2] != byte(wasm.I32Const) {
		return 0
	}
	fuel, n := body[1], 3
	for n < len(body) && body[n] >= 0x80 {
		n++
	}
	n++
	tail := []byte{byte(wasm.I32Sub), byte(wasm.GlobalSet), fuel, byte(wasm.GlobalGet), fuel, byte(wasm.I32Const), 0,
		byte(wasm.I32GeS), byte(wasm.If), 0x40, byte(wasm.Else), byte(wasm.Call), 0, byte(wasm.End)}
	if n > len(body) || !bytes.HasPrefix(body[n:], tail) {
		return 0
	}
	return n + len(tail)
}
