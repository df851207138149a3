package host_test

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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

var engines = map[string]host.Options{"compiler": {}, "interpreter": {Interpreter: true}}

// oneHead is the shape that hand-written guests are asked for.
var oneHead = abi.Shape{Dense: 1, Heads: 1}

func open(t testing.TB, o host.Options) *host.Engine {
	t.Helper()
	e, err := host.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func admit(t testing.TB, e *host.Engine, code, blob []byte, l host.Limits) *host.Module {
	t.Helper()
	m, err := e.Admit(code, blob, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func linear(t testing.TB, s scoring.Shape) (code, blob []byte, l *scoring.Linear) {
	t.Helper()
	code, err := compile.Linear(s)
	if err != nil {
		t.Fatal(err)
	}
	l = sample.Linear(s, sample.Rand(1))
	blob, err = l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return code, blob, l
}

// once scores one row.
func once(m *host.Module) error { return score(m, oneHead, 1) }

// idle scores a frame without rows, which there is nothing to answer for.
func idle(m *host.Module) error { return score(m, oneHead, 0) }

// score borrows an instance, scores rows that hold anything, and returns it.
func score(m *host.Module, s abi.Shape, rows int) error {
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	if _, err := in.Frame(s, rows); err != nil {
		return err
	}
	return in.Score()
}

// scorer is a guest whose scorer pays for the body and then does it.
func scorer(body func(g *guest.Guest, c *wasm.Code)) []byte {
	g := guest.New()
	return g.Bytes(g.Paid(func(c *wasm.Code) { body(g, c) }))
}

// endless turns for ever and pays for each turn.
func endless(g *guest.Guest, c *wasm.Code) {
	meter.Loop(c, g.Fuel, func(c *wasm.Code) { c.Index(wasm.Br, 0) })
	c.I32(0)
}

// callTree is loop-free and would take 2^28 calls: engines don't interrupt it.
func callTree() []byte {
	g := guest.New()
	f := g.Const(0)
	for range 28 {
		callee := f
		f = g.Paid(func(c *wasm.Code) {
			c.I32(0)
			c.Index(wasm.Call, callee)
			c.Index(wasm.Call, callee)
		})
	}
	return g.Bytes(f)
}

// trapOnce leaves a mark in its memory before it traps, and scores where the
// mark is there: in a new instance it never is.
func trapOnce(_ *guest.Guest, c *wasm.Code) {
	c.I32(0)
	c.Mem(wasm.I32Load, 0)
	c.Op(wasm.I32Eqz)
	c.Begin(wasm.If)
	c.I32(0)
	c.I32(1)
	c.Mem(wasm.I32Store, 0)
	c.Op(wasm.Unreachable, wasm.End)
	c.I32(0)
}

// answers writes v as the only row's mean.
func answers(v float64) func(*guest.Guest, *wasm.Code) {
	return func(_ *guest.Guest, c *wasm.Code) {
		c.Index(wasm.LocalGet, 0)
		c.Index(wasm.LocalGet, 0)
		c.Mem(wasm.I32Load, abi.OffsetMeans)
		c.Op(wasm.I32Add)
		c.F64(v)
		c.Mem(wasm.F64Store, 0)
		c.I32(0)
	}
}

func TestBadModulesAreStoppedAndReplaced(t *testing.T) {
	for name, o := range engines {
		for _, tc := range []struct {
			name string
			code []byte
			want error
		}{
			{"endless loop", scorer(endless), host.ErrFuel},
			{"call tree", callTree(), host.ErrFuel},
			{"unreachable", scorer(func(_ *guest.Guest, c *wasm.Code) { c.Op(wasm.Unreachable) }), host.ErrTrap},
			{"out of bounds", scorer(func(_ *guest.Guest, c *wasm.Code) {
				c.I32(-8)
				c.Mem(wasm.I32Load, 0)
			}), host.ErrTrap},
			{"division by zero", scorer(func(_ *guest.Guest, c *wasm.Code) {
				c.I32(1)
				c.I32(0)
				c.Op(wasm.I32DivU)
			}), host.ErrTrap},
			{"trap that would not come twice", scorer(trapOnce), host.ErrTrap},
			{"NaN", scorer(answers(math.NaN())), host.ErrNotFinite},
			{"infinity", scorer(answers(math.Inf(-1))), host.ErrNotFinite},
		} {
			t.Run(name+"/"+tc.name, func(t *testing.T) {
				m := admit(t, open(t, o), tc.code, []byte{1}, host.Limits{Fuel: 2, Instances: 1})
				for range 3 { // the place in the pool is filled again each time
					if err := once(m); !errors.Is(err, tc.want) {
						t.Fatalf("%v, want %v", err, tc.want)
					}
				}
			})
		}
	}
}

// TestFuelBoundsTime stops an endless loop within its budget of 64 slices, each
// meant to be about 0.2 ms at most. The bound is generous: machines differ.
func TestFuelBoundsTime(t *testing.T) {
	m := admit(t, open(t, host.Options{}), scorer(endless), []byte{1}, host.Limits{})
	start := time.Now()
	if err := once(m); !errors.Is(err, host.ErrFuel) {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Fatalf("an endless loop ran for %v", took)
	}
}

// TestCollectorRunsBesideAGreedyModule: native code can't be preempted, so
// without refills a collection would wait for the call tree's end.
func TestCollectorRunsBesideAGreedyModule(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	m := admit(t, open(t, host.Options{}), callTree(), []byte{1}, host.Limits{Fuel: 2000, Instances: 1})
	done := make(chan error, 1)
	go func() { done <- once(m) }()
	for collections := 0; ; collections++ {
		select {
		case err := <-done:
			if !errors.Is(err, host.ErrFuel) {
				t.Fatal(err)
			}
			if collections < 3 {
				t.Fatalf("%d collections while the module ran", collections)
			}
			return
		default:
			runtime.GC()
		}
	}
}

func TestModuleRefusesWhatItWasNotMadeFor(t *testing.T) {
	s := scoring.Shape{Frame: abi.Shape{Dense: 2, Heads: 1}}
	code, blob, _ := linear(t, s)
	m := admit(t, open(t, host.Options{}), code, blob, host.Limits{Instances: 1})
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	if _, err := in.Frame(abi.Shape{Dense: 3, Heads: 1}, 4); err != nil {
		t.Fatal(err)
	}
	var refused *host.RefusedError
	if err := in.Score(); !errors.As(err, &refused) || refused.Status != abi.BadFrame {
		t.Fatalf("a frame of another shape: %v", err)
	}
	if _, err := in.Frame(s.Frame, 4); err != nil {
		t.Fatal(err)
	}
	if err := in.Score(); err != nil {
		t.Fatalf("a refusal broke the instance: %v", err)
	}
}

func TestModelOfAnotherShapeIsRefused(t *testing.T) {
	a := scoring.Shape{Frame: abi.Shape{Categorical: 3, Heads: 1}, Bits: 4, Crosses: []scoring.Cross{{A: 0, B: 1}}}
	b := a
	b.Crosses = []scoring.Cross{{A: 0, B: 2}}
	code, _, _ := linear(t, a)
	_, blob, _ := linear(t, b)
	e := open(t, host.Options{})
	m := admit(t, e, code, blob, host.Limits{Instances: 1})
	in, _ := m.Borrow()
	defer in.Return()
	if _, err := in.Frame(a.Frame, 1); err != nil {
		t.Fatal(err)
	}
	var refused *host.RefusedError
	if err := in.Score(); !errors.As(err, &refused) || refused.Status != abi.BadModel {
		t.Fatalf("a model of another shape: %v", err)
	}
	if _, err := e.Admit(code, blob[1:], host.Limits{}); !errors.Is(err, host.ErrRoom) {
		t.Fatalf("a model of another size: %v", err)
	}
}

// TestMemoryIsBounded: a module may grow up to the maximum it declared, which
// the engine's limit bounds, and a frame beyond that is refused.
func TestMemoryIsBounded(t *testing.T) {
	grow := scorer(func(_ *guest.Guest, c *wasm.Code) { // 1 page is there, 4 are declared
		c.I32(4)
		c.Memory(wasm.MemoryGrow) // -1: 5 pages are too many
		c.I32(3)
		c.Memory(wasm.MemoryGrow) // 1: that many there were before
		c.Op(wasm.I32Add)         // 0: ok
	})
	m := admit(t, open(t, host.Options{}), grow, []byte{1}, host.Limits{Instances: 1})
	if err := idle(m); err != nil {
		t.Fatalf("memory grew otherwise than declared: %v", err)
	}
	var refusal *meter.Refusal
	_, err := open(t, host.Options{Pages: 3}).Admit(grow, []byte{1}, host.Limits{})
	if !errors.As(err, &refusal) || refusal.Kind != meter.Memory {
		t.Fatalf("4 pages where 3 are allowed: %v", err)
	}
	in, _ := m.Borrow()
	defer in.Return()
	if _, err := in.Frame(abi.Shape{Dense: 100, Heads: 1}, abi.MaxRows); !errors.Is(err, host.ErrRoom) {
		t.Fatalf("a frame beyond the memory: %v", err)
	}
}

// TestFrameFollowsItsMemory: a module that grows its memory while it scores may
// move it; the answers are read where they are.
func TestFrameFollowsItsMemory(t *testing.T) {
	code := scorer(func(g *guest.Guest, c *wasm.Code) {
		c.I32(2)
		c.Memory(wasm.MemoryGrow)
		c.Op(wasm.Drop)
		answers(42)(g, c)
	})
	m := admit(t, open(t, host.Options{}), code, []byte{1}, host.Limits{Instances: 1})
	in, _ := m.Borrow()
	defer in.Return()
	f, err := in.Frame(oneHead, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Score(); err != nil {
		t.Fatal(err)
	}
	if got := f.Mean(0)[0]; got != 42 {
		t.Fatalf("read %v from where the memory was", got)
	}
}

// TestThrownAwayInstancesGiveTheirMemoryBack runs modules of 4 MiB into traps.
func TestThrownAwayInstancesGiveTheirMemoryBack(t *testing.T) {
	g := guest.New()
	g.Memory(64, 64)
	score := g.Paid(func(c *wasm.Code) { c.Op(wasm.Unreachable) })
	code := g.Sealed(map[string]int{
		abi.ExportScore: score, abi.ExportAlloc: g.Const(guest.FrameAt), abi.ExportModel: g.Const(guest.ModelAt),
	})
	m := admit(t, open(t, host.Options{}), code, []byte{1}, host.Limits{Instances: 1})
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	for range 50 {
		if err := once(m); !errors.Is(err, host.ErrTrap) {
			t.Fatal(err)
		}
	}
	if after := heap(); after > before+(16<<20) {
		t.Fatalf("%d MiB held after 50 traps", (after-before)>>20)
	}
}

// TestSwapNeverClosesAModuleInUse hammers a module with borrowers while it is
// replaced again and again by one of the same code.
func TestSwapNeverClosesAModuleInUse(t *testing.T) {
	s := scoring.Shape{Frame: abi.Shape{Dense: 4, Heads: 1}}
	code, blob, _ := linear(t, s)
	e := open(t, host.Options{})
	var current atomic.Pointer[host.Module]
	current.Store(admit(t, e, code, blob, host.Limits{Instances: 2}))
	stop := make(chan struct{})
	var borrowers sync.WaitGroup
	for range 4 {
		borrowers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				in, err := current.Load().Borrow()
				if errors.Is(err, host.ErrClosed) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := in.Frame(s.Frame, 20); err != nil {
					t.Error(err)
				}
				if err := in.Score(); err != nil {
					t.Error(err)
				}
				current.Load() // the module may be another one by now
				in.Return()
			}
		})
	}
	for range 50 {
		next := admit(t, e, code, blob, host.Limits{Instances: 2})
		if err := current.Swap(next).Close(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	borrowers.Wait()
}

func TestClosedModulesLendNothing(t *testing.T) {
	m := admit(t, open(t, host.Options{}), scorer(answers(1)), []byte{1}, host.Limits{Instances: 1})
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := m.Borrow()
		waiting <- err
	}()
	if err := errors.Join(m.Close(), m.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; !errors.Is(err, host.ErrClosed) {
		t.Fatalf("a waiting borrower got %v", err)
	}
	if _, err := in.Frame(oneHead, 1); err != nil {
		t.Fatal(err)
	}
	if err := in.Score(); err != nil {
		t.Fatalf("an instance in use was closed: %v", err)
	}
	in.Return()
}

func TestScoringAllocatesNothing(t *testing.T) {
	s := scoring.Shape{Frame: abi.Shape{ContextDense: 2, Dense: 8, Categorical: 2, Heads: 1, Variance: true}, Bits: 8}
	code, blob, _ := linear(t, s)
	m := admit(t, open(t, host.Options{}), code, blob, host.Limits{Keeps: true})
	for _, rows := range []int{10, 1000} {
		n := testing.AllocsPerRun(100, func() {
			if err := score(m, s.Frame, rows); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%v allocations for %d rows", n, rows)
		}
	}
}

func TestPreflightComparesBits(t *testing.T) {
	for name, o := range engines {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				s := sample.Shape(sample.Rand(seed))
				code, blob, l := linear(t, s)
				vectors, err := bundle.Golden(l)
				if err != nil {
					t.Fatal(err)
				}
				m := admit(t, open(t, o), code, blob, host.Limits{Instances: 1})
				if err := m.Preflight(vectors); err != nil {
					t.Fatal(err)
				}
				vectors[1].Output[8] ^= 1 // the last bit of one answer
				if err := m.Preflight(vectors); !errors.Is(err, host.ErrGolden) {
					t.Fatalf("one bit changed: %v", err)
				}
			}
		})
	}
}

func TestRefusalsReachTheCaller(t *testing.T) {
	_, err := open(t, host.Options{}).Admit([]byte("no module"), nil, host.Limits{})
	var refusal *meter.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != meter.Malformed || !strings.Contains(err.Error(), "byte 0") {
		t.Fatal(err)
	}
}
