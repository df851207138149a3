package host_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/attack"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// kernel is code that runs for a while: to its end, or until its fuel is.
type kernel struct {
	code, blob []byte
	shape      abi.Shape
	rows       int
}

// kernels are our own models, and whatever of the corpus only fuel stops.
func kernels(b *testing.B) map[string]kernel {
	all := map[string]kernel{}
	for name, s := range map[string]scoring.Shape{
		"linear, dense 32": {Frame: abi.Shape{Dense: 32, Heads: 1, Variance: true}},
		"linear, hashed":   {Frame: abi.Shape{Categorical: 30, Heads: 1, Variance: true}, Bits: 16},
	} {
		code, blob, _ := linear(b, s)
		all[name] = kernel{code, blob, s.Frame, 1000}
	}
	trees := sample.Trees(sample.Rand(3))
	code, err := compile.Trees(trees)
	if err != nil {
		b.Fatal(err)
	}
	all["trees"] = kernel{code, nil, trees.FrameShape(), 1000}
	for name, body := range map[string]func(g *guest.Guest, c *wasm.Code){
		"locals looked at":    func(_ *guest.Guest, c *wasm.Code) { looks(c) },
		"locals moved around": func(_ *guest.Guest, c *wasm.Code) { moves(c) },
		"blocks":              func(_ *guest.Guest, c *wasm.Code) { blocks(c) },
		"calls of many":       calls,
	} {
		all[name] = kernel{storm(body), nil, oneHead, 1}
	}
	for _, m := range attack.Corpus() {
		if m.Rewritten != "fuel" || m.Name == "endless alloc" || m.Name == "endless explain" {
			continue // what doesn't end has to be the scorer
		}
		code, err := m.Sealed()
		if err != nil {
			b.Fatalf("%s: %v", m.Name, err)
		}
		all[m.Name] = kernel{code, nil, oneHead, 1}
	}
	return all
}

// BenchmarkFuel is how long a unit of fuel lasts on different work: a slice is
// meant to last about 0.2 ms, which is 0.024 ns a unit. The last line of each
// engine has the least, the median and the most.
func BenchmarkFuel(b *testing.B) {
	for engine, o := range engines {
		e := open(b, o)
		var all []float64
		for name, k := range kernels(b) {
			b.Run(engine+"/"+name, func(b *testing.B) {
				per := perUnit(b, e, k)
				all = append(all, per)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(per, "ns/unit")
			})
		}
		if len(all) > 0 {
			slices.Sort(all)
			b.Run(fmt.Sprintf("%s/all %d", engine, len(all)), func(b *testing.B) {
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(all[0], "ns/unit-least")
				b.ReportMetric(all[len(all)/2], "ns/unit-median")
				b.ReportMetric(all[len(all)-1], "ns/unit-most")
			})
		}
	}
}

// perUnit is the best of several calls: others may use the machine.
func perUnit(b *testing.B, e *host.Engine, k kernel) float64 {
	m := admit(b, e, k.code, k.blob, host.Limits{Fuel: 20, Instances: 1})
	best := 1e9
	for i := 0; i < 5 || b.Loop(); i++ {
		in, err := m.Borrow()
		if err != nil {
			b.Fatal(err)
		}
		f, err := in.Frame(k.shape, k.rows)
		if err != nil {
			b.Fatal(err)
		}
		sample.Fill(f, sample.Rand(1), 0.05)
		start := time.Now()
		in.Score()
		took := time.Since(start)
		best = min(best, float64(took)/float64(max(in.Spent(), 1)))
		in.Return()
	}
	return best
}

const (
	someLocals = 60
	bigBody    = 100 << 10 // bytes of what a loop repeats
)

// storm is a scorer that does body over and over, in a function of many locals.
func storm(body func(g *guest.Guest, c *wasm.Code)) []byte {
	g := guest.New()
	var c wasm.Code
	for l := range someLocals { // whose values no compiler knows
		c.I32(int32(4 * l))
		c.Mem(wasm.I32Load, 0)
		c.Index(wasm.LocalSet, l)
	}
	meter.Loop(&c, g.Fuel, func(c *wasm.Code) {
		body(g, c)
		c.Index(wasm.Br, 0)
	})
	c.Op(wasm.Unreachable)
	locals := slices.Repeat([]wasm.ValType{wasm.I32}, someLocals)
	return g.Bytes(g.Func(g.Scalar(), locals, meter.Charged(&c, g.Fuel)))
}

func looks(c *wasm.Code) {
	for len(c.Bytes()) < bigBody {
		c.Index(wasm.LocalGet, 0)
		c.Op(wasm.Drop)
	}
}

func blocks(c *wasm.Code) {
	for len(c.Bytes()) < bigBody/8 {
		c.Begin(wasm.Block)
		c.Op(wasm.End)
	}
}

// moves swaps locals, behind conditions that keep a compiler from renaming them.
func moves(c *wasm.Code) {
	for range 100 {
		c.Index(wasm.LocalGet, 0)
		c.Begin(wasm.If)
		for l := range someLocals {
			c.Index(wasm.LocalGet, l)
		}
		for l := range someLocals {
			c.Index(wasm.LocalSet, (l+7)%someLocals)
		}
		c.Op(wasm.End)
	}
}

// calls gives many parameters to functions that do nothing.
func calls(g *guest.Guest, c *wasm.Code) {
	callee := g.PaidOf(slices.Repeat([]wasm.ValType{wasm.I32}, someLocals), nil, func(*wasm.Code) {})
	for range 100 {
		for l := range someLocals {
			c.Index(wasm.LocalGet, l)
		}
		c.Index(wasm.Call, callee)
	}
}
