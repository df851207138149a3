package host_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// race times a and b in turn and reports the best time of each and their ratio:
// machines that others use too slow down for seconds, never speed up.
func race(b *testing.B, nameA string, a func(), nameB string, other func()) {
	best := func(f func(), so time.Duration) time.Duration {
		const runs = 20
		start := time.Now()
		for range runs {
			f()
		}
		return min(so, time.Since(start)/runs)
	}
	bestA, bestB := time.Hour, time.Hour
	rounds := 0
	for b.Loop() {
		bestA, bestB = best(a, bestA), best(other, bestB)
		rounds++
	}
	for ; rounds < 50; rounds++ {
		bestA, bestB = best(a, bestA), best(other, bestB)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(bestA), "ns-"+nameA)
	b.ReportMetric(float64(bestB), "ns-"+nameB)
	b.ReportMetric(float64(bestA)/float64(bestB), "ratio-to-"+nameB)
}

// scoring1000 gives a function that scores 1000 rows in the sandbox, and the frame.
func scoring1000(b *testing.B, s scoring.Shape, missing float64) (func(), *abi.Frame, *scoring.Linear) {
	code, blob, l := linear(b, s)
	m := admit(b, open(b, host.Options{}), code, blob, host.Limits{Instances: 1})
	in, err := m.Borrow()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(in.Return)
	f, err := in.Frame(s.Frame, 1000)
	if err != nil {
		b.Fatal(err)
	}
	sample.Fill(f, sample.Rand(1), missing)
	return func() {
		if err := in.Score(); err != nil {
			b.Fatal(err)
		}
	}, f, l
}

// The peers are what one would write in Go: rows in a row, one loop.

//go:noinline
func plainLoop(w, v, x []float32, mean, variance []float64) {
	v = v[:len(w)]
	for r := range mean {
		row := x[r*len(w):][:len(w)]
		var m, s float32
		for i, x := range row {
			m += w[i] * x
			s += v[i] * x * x
		}
		mean[r], variance[r] = float64(m), float64(s)
	}
}

//go:noinline
func plainLoopMissing(w, v, wMissing, vMissing, x []float32, mean, variance []float64) {
	n := len(w)
	v, wMissing, vMissing = v[:n], wMissing[:n], vMissing[:n]
	for r := range mean {
		row := x[r*n:][:n]
		var m, s float32
		for i, x := range row {
			if x != x {
				m += wMissing[i]
				s += vMissing[i]
				continue
			}
			m += w[i] * x
			s += v[i] * x * x
		}
		mean[r], variance[r] = float64(m), float64(s)
	}
}

//go:noinline
func plainLookup(table []float32, mask uint32, ids []uint32, columns int, mean, variance []float64) {
	for r := range mean {
		var m, s float32
		for _, id := range ids[r*columns:][:columns] {
			if id != 0 {
				at := id & mask
				m += table[2*at]
				s += table[2*at+1]
			}
		}
		mean[r], variance[r] = float64(m), float64(s)
	}
}

// BenchmarkDense1000x32 scores mean and variance. "all" has no missing values
// and a peer that doesn't look for them; in "missing" 5 % are, in every block,
// and the peer selects as the module does.
func BenchmarkDense1000x32(b *testing.B) {
	s := scoring.Shape{Frame: abi.Shape{Dense: 32, Heads: 1, Variance: true}}
	for name, missing := range map[string]float64{"all": 0, "missing": 0.05} {
		b.Run(name, func(b *testing.B) {
			sandbox, f, l := scoring1000(b, s, missing)
			var x, w, v, wMissing, vMissing []float32
			for i := range 1000 {
				x = f.DenseRow(x, i)
			}
			h := l.Heads[0]
			for c := range 32 {
				at := s.Weight(c)
				w, v = append(w, h.Mean[at]), append(v, h.Variance[at])
				wMissing, vMissing = append(wMissing, h.Mean[at+1]), append(vMissing, h.Variance[at+1])
			}
			mean, variance := make([]float64, 1000), make([]float64, 1000)
			peer := func() { plainLoop(w, v, x, mean, variance) }
			if missing > 0 {
				peer = func() { plainLoopMissing(w, v, wMissing, vMissing, x, mean, variance) }
			}
			race(b, "wasm", sandbox, "go", peer)
		})
	}
}

// BenchmarkHashed1000x30 looks 30 random ids a row up in a table of 2^16.
func BenchmarkHashed1000x30(b *testing.B) {
	s := scoring.Shape{Frame: abi.Shape{Categorical: 30, Heads: 1, Variance: true}, Bits: 16}
	sandbox, f, l := scoring1000(b, s, 0.05)
	var ids []uint32
	for i := range 1000 {
		ids = f.CategoricalRow(ids, i)
	}
	var table []float32
	for e := s.Nothing() + 1; e < s.Entries(); e++ {
		table = append(table, l.Heads[0].Mean[e], l.Heads[0].Variance[e])
	}
	mean, variance := make([]float64, 1000), make([]float64, 1000)
	race(b, "wasm", sandbox, "go", func() { plainLookup(table, 1<<16-1, ids, 30, mean, variance) })
}

// BenchmarkCall is what a call costs beyond its rows: borrow, frame, score, return.
func BenchmarkCall(b *testing.B) {
	s := scoring.Shape{Frame: abi.Shape{Dense: 32, Heads: 1, Variance: true}}
	code, blob, _ := linear(b, s)
	m := admit(b, open(b, host.Options{}), code, blob, host.Limits{Keeps: true})
	for _, rows := range []int{0, 1, 10, 100} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := score(m, s.Frame, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// shapes are a dense model, one of the size that a shop has (a model of 0.5 MiB), and
// the widest dense one.
var shapes = map[string]scoring.Shape{
	"dense32": {Frame: abi.Shape{Dense: 32, Heads: 1, Variance: true}},
	"shop": {Frame: abi.Shape{ContextDense: 4, ContextCategorical: 6, Dense: 12, Categorical: 8, Heads: 1, Variance: true},
		Bits: 16, Crosses: make([]scoring.Cross, 12)},
	"dense320": {Frame: abi.Shape{Dense: 320, Heads: 1, Variance: true}},
}

// BenchmarkAdmit checks, compiles and instantiates once.
func BenchmarkAdmit(b *testing.B) {
	for name, s := range shapes {
		b.Run(name, func(b *testing.B) {
			code, blob, _ := linear(b, s)
			e := open(b, host.Options{})
			for b.Loop() {
				admit(b, e, code, blob, host.Limits{Instances: 1}).Close()
			}
			b.ReportMetric(float64(len(code)), "code-B")
		})
	}
}

// BenchmarkAdmit100KB is what a release waits for: check, compile and instantiate
// a module of 100 KB, an ensemble of trees, and run its golden vectors.
func BenchmarkAdmit100KB(b *testing.B) {
	trees := sample.Trees(sample.Rand(3))
	var code []byte
	for some := trees.Trees; len(code) < 100_000; {
		trees.Trees = append(trees.Trees, some...)
		var err error
		if code, err = compile.Trees(trees); err != nil {
			b.Fatal(err)
		}
	}
	vectors, err := bundle.Golden(trees)
	if err != nil {
		b.Fatal(err)
	}
	best := time.Hour
	for b.Loop() {
		e := open(b, host.Options{})
		start := time.Now()
		m := admit(b, e, code, nil, host.Limits{})
		if err := m.Preflight(vectors); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
		m.Close()
	}
	b.ReportMetric(float64(best)/1e6, "ms-best")
	b.ReportMetric(float64(len(code)), "code-B")
}

// BenchmarkAdmitWorst compiles what meter.Limits.Work just admits: it is the
// longest that a hostile module can keep an engine busy.
func BenchmarkAdmitWorst(b *testing.B) {
	code := scorer(func(_ *guest.Guest, c *wasm.Code) {
		for range 13000 {
			c.Index(wasm.LocalGet, 0)
			c.Begin(wasm.If)
		}
		for range 13000 {
			c.Op(wasm.End)
		}
		c.I32(0)
	})
	e := open(b, host.Options{})
	for b.Loop() {
		admit(b, e, code, []byte{1}, host.Limits{Instances: 1}).Close()
	}
}

// BenchmarkInstance is what one more instance of the shop's model costs.
func BenchmarkInstance(b *testing.B) {
	code, blob, _ := linear(b, shapes["shop"])
	e := open(b, host.Options{})
	admit(b, e, code, blob, host.Limits{Instances: 1}) // keeps the code compiled
	for b.Loop() {
		admit(b, e, code, blob, host.Limits{Instances: 1}).Close()
	}
	const n = 20
	before := heapInUse()
	m := admit(b, e, code, blob, host.Limits{Instances: n})
	b.ReportMetric(float64(heapInUse()-before)/n, "heap-B")
	b.ReportMetric(float64(len(blob)), "model-B")
	runtime.KeepAlive(m)
}

// BenchmarkSmallInstance is what an instance of a small guest costs beyond code
// that is compiled: to make, and to keep, its memory of one page included.
func BenchmarkSmallInstance(b *testing.B) {
	const n = 256
	e := open(b, host.Options{})
	code := scorer(answers(1))
	admit(b, e, code, nil, host.Limits{Instances: 1}) // keeps the code compiled
	best := map[int]time.Duration{1: time.Hour, 1 + n: time.Hour}
	for b.Loop() {
		for instances := range best {
			start := time.Now()
			m, err := e.Admit(code, nil, host.Limits{Instances: instances})
			if err != nil {
				b.Fatal(err)
			}
			best[instances] = min(best[instances], time.Since(start))
			m.Close()
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best[1+n]-best[1])/n/1000, "µs/instance")
	before := heapInUse()
	m := admit(b, e, code, nil, host.Limits{Instances: n})
	b.ReportMetric(float64(heapInUse()-before)/n/1024, "KiB/instance")
	runtime.KeepAlive(m)
}

func heapInUse() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// BenchmarkSlice is how long one slice of fuel lasts on loops of one kind of
// work: it should be about 0.2 ms, and is what a collection may have to wait.
func BenchmarkSlice(b *testing.B) {
	for name, work := range map[string]func(c *wasm.Code){
		"empty":     func(*wasm.Code) {},
		"multiply":  chained(func(c *wasm.Code) { c.I32(3); c.Op(wasm.I32Mul) }),
		"divide":    chained(func(c *wasm.Code) { c.I32(3); c.Op(wasm.I32DivU) }),
		"load":      chained(func(c *wasm.Code) { c.I32(0xfff8); c.Op(wasm.I32And); c.Mem(wasm.I32Load, 0) }),
		"float add": func(c *wasm.Code) { float(c, wasm.F32Add) },
		"float div": func(c *wasm.Code) { float(c, wasm.F32Div) },
	} {
		b.Run(name, func(b *testing.B) {
			const slices = 20
			code := scorer(func(g *guest.Guest, c *wasm.Code) {
				meter.Loop(c, g.Fuel, func(c *wasm.Code) {
					work(c)
					c.Index(wasm.Br, 0)
				})
				c.I32(0)
			})
			m := admit(b, open(b, host.Options{}), code, []byte{1}, host.Limits{Fuel: slices, Instances: 1})
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				once(m)
				best = min(best, time.Since(start)/slices)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(best)/1e6, "ms/slice")
		})
	}
}

// chained does step 64 times, each on the result of the one before.
func chained(step func(c *wasm.Code)) func(c *wasm.Code) {
	return func(c *wasm.Code) {
		c.Index(wasm.LocalGet, 0)
		for range 64 {
			step(c)
		}
		c.Index(wasm.LocalSet, 0)
	}
}

func float(c *wasm.Code, op wasm.Op) {
	c.I32(0)
	c.I32(0)
	c.Mem(wasm.F32Load, 0)
	for range 64 {
		c.F32(1.5)
		c.Op(op)
	}
	c.Mem(wasm.F32Store, 0)
}
