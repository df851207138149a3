package host_test

import (
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Rows that calls have in common are there again only if nothing else was.
func TestFrameOfATagIsThereAgain(t *testing.T) {
	s := scoring.Shape{Frame: abi.Shape{Dense: 2, Heads: 1}}
	code, blob, _ := linear(t, s)
	m := admit(t, open(t, host.Options{}), code, blob, host.Limits{Instances: 1, Keeps: true})
	for i, c := range []struct {
		tag  any
		rows int
		had  any
	}{
		{"a", 20, nil}, {"a", 20, "a"}, {"a", 20, "a"}, {"b", 20, "a"}, {"a", 20, "b"}, {"a", 10, nil}, {"a", 20, nil}, {"a", 20, "a"},
		{nil, 20, "a"}, {nil, 20, nil}, {"a", 20, nil}, {"a", 5000, nil}, {"a", 5000, "a"}, {"a", 20, nil},
	} {
		in, err := m.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		f, had, err := in.FrameOf(c.tag, s.Frame, c.rows)
		if err != nil || had != c.had {
			t.Errorf("frame %d, of %v: had %v, %v", i, c, had, err)
		}
		if had != nil && f.Dense(0, 1)[3] != float32(c.rows) {
			t.Errorf("frame %d, of %v, holds something else", i, c)
		}
		f.Dense(0, 1)[3] = float32(c.rows)
		if err := in.Score(); err != nil {
			t.Fatal(err)
		}
		in.Return()
	}
	if err := m.Preflight(nil); err != nil {
		t.Fatal(err)
	}
}

// TestForeignRowsAreNeverThereAgain: a module that isn't ours may have changed the
// rows of the last request, so nothing of them is believed.
func TestForeignRowsAreNeverThereAgain(t *testing.T) {
	m := admit(t, open(t, host.Options{}), scorer(answers(1)), nil, host.Limits{Instances: 1})
	for range 3 {
		in, err := m.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, had, err := in.FrameOf("rows", oneHead, 1); err != nil || had != nil {
				t.Fatalf("had %v, %v", had, err)
			}
			if err := in.Score(); err != nil {
				t.Fatal(err)
			}
		}
		in.Return()
	}
}

// TestEachFrameHasItsHeader although the module wrote over that of the last one.
func TestEachFrameHasItsHeader(t *testing.T) {
	code := scorer(func(g *guest.Guest, c *wasm.Code) {
		answers(1)(g, c)
		c.Index(wasm.LocalGet, 0)
		c.Mem(wasm.I32Load, 0)
		c.I32(abi.Magic)
		c.Op(wasm.I32Ne, wasm.I32Add)
		c.Index(wasm.LocalGet, 0)
		c.I32(-1)
		c.Mem(wasm.I32Store, 0)
	})
	in, err := admit(t, open(t, host.Options{}), code, nil, host.Limits{Instances: 1}).Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	for i := range 3 {
		if _, err := in.Frame(oneHead, 1); err != nil {
			t.Fatal(err)
		}
		if err := in.Score(); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
}

// TestAnswersThatAreLeftOutAreNotThoseOfAnotherFrame: a module answers all rows of
// one request and only the first of the next.
func TestAnswersThatAreLeftOutAreNotThoseOfAnotherFrame(t *testing.T) {
	m := admit(t, open(t, host.Options{}), scorer(answers(1)), nil, host.Limits{Instances: 1})
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	f, err := in.Frame(oneHead, 2)
	if err != nil {
		t.Fatal(err)
	}
	f.Mean(0)[1] = 5 // what an earlier request was answered
	if err := in.Score(); !errors.Is(err, host.ErrNotFinite) {
		t.Fatalf("the second row scored %v, %v", f.Mean(0)[1], err)
	}
}

// initialized is a guest that scores the value _initialize left in its memory.
func initialized(body func(g *guest.Guest, c *wasm.Code)) []byte {
	g := guest.New()
	initialize := g.PaidOf(nil, nil, func(c *wasm.Code) { body(g, c) })
	score := g.Paid(func(c *wasm.Code) {
		c.Index(wasm.LocalGet, 0)
		c.Index(wasm.LocalGet, 0)
		c.Mem(wasm.I32Load, abi.OffsetMeans)
		c.Op(wasm.I32Add)
		c.I32(0)
		c.Mem(f64Load, 0)
		c.Mem(wasm.F64Store, 0)
		c.I32(0)
	})
	return g.With(score, map[string]int{abi.ExportInitialize: initialize})
}

const f64Load wasm.Op = 0x2b

// turns is a loop of n turns that pays for each.
func turns(n int32) func(g *guest.Guest, c *wasm.Code) {
	return func(g *guest.Guest, c *wasm.Code) {
		c.I32(8)
		c.I32(n)
		c.Mem(wasm.I32Store, 0)
		meter.Loop(c, g.Fuel, func(c *wasm.Code) {
			c.I32(8)
			c.I32(8)
			c.Mem(wasm.I32Load, 0)
			c.I32(1)
			c.Op(wasm.I32Sub)
			c.Mem(wasm.I32Store, 0)
			c.I32(8)
			c.Mem(wasm.I32Load, 0)
			c.Index(wasm.BrIf, 0)
		})
	}
}

// TestInitializeRunsOnceAndFirst within a budget of its own, which is not the
// calls'.
func TestInitializeRunsOnceAndFirst(t *testing.T) {
	code := initialized(func(g *guest.Guest, c *wasm.Code) {
		turns(1<<18)(g, c) // some 15 slices
		c.I32(0)
		c.I32(0)
		c.Mem(f64Load, 0)
		c.F64(7)
		c.Op(f64Add)
		c.Mem(wasm.F64Store, 0)
	})
	for name, o := range engines {
		t.Run(name, func(t *testing.T) {
			m := admit(t, open(t, o), code, nil, host.Limits{Fuel: 1, Instances: 1})
			for range 3 {
				if got, err := mean(m); err != nil || got != 7 {
					t.Fatalf("scored %v, %v after one _initialize", got, err)
				}
			}
			_, err := open(t, o).Admit(code, nil, host.Limits{Fuel: 100, Initialize: 4})
			if !errors.Is(err, host.ErrFuel) {
				t.Fatalf("15 slices where 4 are granted: %v", err)
			}
		})
	}
}

const f64Add wasm.Op = 0xa0

// mean scores one row and gives its answer.
func mean(m *host.Module) (float64, error) {
	in, err := m.Borrow()
	if err != nil {
		return 0, err
	}
	defer in.Return()
	f, err := in.Frame(oneHead, 1)
	if err != nil {
		return 0, err
	}
	if err := in.Score(); err != nil {
		return 0, err
	}
	return f.Mean(0)[0], nil
}

// TestInitializeThatFailsIsNotAdmitted: it loops for ever, or traps.
func TestInitializeThatFailsIsNotAdmitted(t *testing.T) {
	for name, o := range engines {
		for _, tc := range []struct {
			name string
			body func(g *guest.Guest, c *wasm.Code)
			want error
		}{
			{"endless", func(g *guest.Guest, c *wasm.Code) {
				meter.Loop(c, g.Fuel, func(c *wasm.Code) { c.Index(wasm.Br, 0) })
			}, host.ErrFuel},
			{"trap", func(_ *guest.Guest, c *wasm.Code) { c.Op(wasm.Unreachable) }, host.ErrTrap},
		} {
			t.Run(name+"/"+tc.name, func(t *testing.T) {
				if _, err := open(t, o).Admit(initialized(tc.body), nil, host.Limits{Instances: 1}); !errors.Is(err, tc.want) {
					t.Fatalf("%v, want %v", err, tc.want)
				}
			})
		}
	}
}

// explains is a guest whose contributions lie at an address, which it fills with
// row, head and v.
func explains(at int32, v float64) []byte {
	g := guest.New()
	score := g.Paid(func(c *wasm.Code) { answers(3)(g, c) })
	i32 := wasm.I32
	explain := g.PaidOf([]wasm.ValType{i32, i32, i32}, []wasm.ValType{i32}, func(c *wasm.Code) {
		for i, from := range []int{1, 2} {
			c.I32(int32(8 * i))
			c.Index(wasm.LocalGet, from)
			c.Op(f64ConvertU)
			c.Mem(wasm.F64Store, 512)
		}
		c.I32(16)
		c.F64(v)
		c.Mem(wasm.F64Store, 512)
		c.I32(at)
	})
	return g.With(score, map[string]int{abi.ExportExplain: explain})
}

const f64ConvertU wasm.Op = 0xb8

func TestContributionsAreCopiedOut(t *testing.T) {
	two := abi.Shape{Dense: 1, Heads: 2}
	for name, o := range engines {
		t.Run(name, func(t *testing.T) {
			m := admit(t, open(t, o), explains(512, 2.5), nil, host.Limits{Instances: 1, Keeps: true})
			in, err := m.Borrow()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Return()
			if _, err := in.Frame(two, 20); err != nil {
				t.Fatal(err)
			}
			if err := in.Score(); err != nil {
				t.Fatal(err)
			}
			first, err := in.Explain(17, 1, 3)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.Explain(3, 0, 3); err != nil {
				t.Fatal(err)
			}
			if want := [3]float64{17, 1, 2.5}; [3]float64(first) != want {
				t.Fatalf("%v, want %v after another call", first, want)
			}
			for _, bad := range [][3]int{{20, 0, 3}, {-1, 0, 3}, {0, 2, 3}, {0, -1, 3}, {0, 0, -1}, {0, 0, math.MaxInt / 4}} {
				if _, err := in.Explain(bad[0], bad[1], bad[2]); !errors.Is(err, abi.ErrShape) {
					t.Errorf("row, head, terms %v: %v", bad, err)
				}
			}
		})
	}
}

// TestContributionsAreNotBelieved: where a module says they lie, and what lies
// there, may be anything. A failure breaks the instance, and another is made.
func TestContributionsAreNotBelieved(t *testing.T) {
	const page = 1 << 16
	for name, tc := range map[string]struct {
		code  []byte
		want  error
		sound bool // the instance is
	}{
		"none":             {scorer(answers(3)), host.ErrNoExplain, true},
		"address 0":        {explains(0, 1), host.ErrNoExplain, true},
		"past the end":     {explains(page-16, 1), host.ErrTrap, false},
		"far":              {explains(-8, 1), host.ErrTrap, false},
		"not aligned":      {explains(508, 1), host.ErrTrap, false},
		"not a number":     {explains(512, math.NaN()), host.ErrNotFinite, false},
		"infinite":         {explains(512, math.Inf(1)), host.ErrNotFinite, false},
		"exactly the last": {explains(page-24, 1), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := admit(t, open(t, host.Options{}), tc.code, nil, host.Limits{Instances: 1})
			for range 2 {
				in, err := m.Borrow()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := in.Frame(oneHead, 1); err != nil {
					t.Fatal(err)
				}
				if err := in.Score(); err != nil {
					t.Fatal(err)
				}
				if _, err := in.Explain(0, 0, 3); !errors.Is(err, tc.want) {
					t.Fatalf("%v, want %v", err, tc.want)
				}
				if err := in.Score(); (err == nil) != tc.sound {
					t.Fatalf("the instance scores again: %v", err)
				}
				in.Return()
			}
		})
	}
}

// TestSpentCountsFuel: the same in both engines, more for more turns, the budget
// and at most one charge more where it ran out.
func TestSpentCountsFuel(t *testing.T) {
	const slice = 4 * meter.MaxCharge
	spent := func(o host.Options, n int32, want error, rows ...int) int {
		code := scorer(func(g *guest.Guest, c *wasm.Code) {
			turns(n)(g, c)
			c.I32(0)
		})
		in, err := admit(t, open(t, o), code, nil, host.Limits{Fuel: 3, Rows: 2, Instances: 1}).Borrow()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Return()
		if _, err := in.Frame(oneHead, append(rows, 0)[0]); err != nil {
			t.Fatal(err)
		}
		if err := in.Score(); !errors.Is(err, want) {
			t.Fatalf("%d turns: %v, want %v", n, err, want)
		}
		return in.Spent()
	}
	var got [4]int
	for i, n := range []int32{1, 1000, 2000, 25000} {
		got[i] = spent(host.Options{}, n, nil)
		if other := spent(host.Options{Interpreter: true}, n, nil); other != got[i] {
			t.Errorf("%d turns spend %d compiled and %d interpreted", n, got[i], other)
		}
	}
	turn := (got[2] - got[1]) / 1000
	if got[2]-got[1] != 1000*turn || got[1]-got[0] != 999*turn || got[3]-got[2] != 23000*turn {
		t.Errorf("1, 1000, 2000 and 25000 turns spend %v", got)
	}
	if all := spent(host.Options{}, -1, host.ErrFuel); all <= 3*slice || all > 3*slice+meter.MaxCharge {
		t.Errorf("spent %d of a budget of %d", all, 3*slice)
	}
	if all := spent(host.Options{}, -1, host.ErrFuel, 1024); all <= 5*slice || all > 5*slice+meter.MaxCharge {
		t.Errorf("spent %d of a budget of %d for 1,024 rows", all, 5*slice)
	}
}

// TestOneEngineRunsModulesEitherWay: the same module as native code and in the
// interpreter, at the same time.
func TestOneEngineRunsModulesEitherWay(t *testing.T) {
	e := open(t, host.Options{})
	code := scorer(answers(5))
	for range 2 {
		for _, interpreter := range []bool{false, true} {
			m := admit(t, e, code, nil, host.Limits{Interpreter: interpreter, Instances: 1})
			if got, err := mean(m); err != nil || got != 5 {
				t.Fatalf("interpreter %v: %v, %v", interpreter, got, err)
			}
		}
	}
}

// TestBrokenInstancesAreReplacedBesideRequests: Borrow makes none itself, however
// many broke at once.
func TestBrokenInstancesAreReplacedBesideRequests(t *testing.T) {
	m := admit(t, open(t, host.Options{}), scorer(trapOnce), nil, host.Limits{Instances: 3})
	for range 20 {
		var all []*host.Instance
		for range 3 {
			in, err := m.Borrow()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, in)
		}
		for _, in := range all {
			if _, err := in.Frame(oneHead, 1); err != nil {
				t.Fatal(err)
			}
			if err := in.Score(); !errors.Is(err, host.ErrTrap) {
				t.Fatal(err)
			}
			if err := in.Score(); !errors.Is(err, host.ErrTrap) {
				t.Fatalf("a broken instance scores again: %v", err)
			}
			in.Return()
		}
	}
}

// TestExplainingAllocatesWhatItGives and nothing else: no export is looked up.
func TestExplainingAllocatesWhatItGives(t *testing.T) {
	m := admit(t, open(t, host.Options{}), explains(512, 2.5), nil, host.Limits{Instances: 1, Keeps: true})
	n := testing.AllocsPerRun(100, func() {
		in, err := m.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Return()
		if _, err := in.Frame(oneHead, 1); err != nil {
			t.Fatal(err)
		}
		if err := in.Score(); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Explain(0, 0, 3); err != nil {
			t.Fatal(err)
		}
	})
	if n != 1 {
		t.Errorf("%v allocations, the contributions are one", n)
	}
}

// TestNoRequestWaitsForAnInstanceBeingMade while another is there: one that broke
// takes long to be replaced, and neither who returns it nor the next borrower does.
func TestNoRequestWaitsForAnInstanceBeingMade(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	code := func() []byte {
		g := guest.New()
		// a variable that no host can see, so that each instance begins anew
		g.Entry(wasm.SectionGlobal, append(append([]byte{byte(wasm.V128), 1, 0xfd, 12}, make([]byte, 16)...), 0x0b))
		initialize := g.PaidOf(nil, nil, func(c *wasm.Code) { turns(1<<24)(g, c) })
		score := g.Paid(func(c *wasm.Code) { c.Op(wasm.Unreachable) })
		return g.With(score, map[string]int{abi.ExportInitialize: initialize})
	}()
	e := open(t, host.Options{})
	start := time.Now()
	m := admit(t, e, code, nil, host.Limits{Initialize: 1 << 20, Instances: 2})
	each := time.Since(start) / 2
	start = time.Now()
	if err := once(m); !errors.Is(err, host.ErrTrap) {
		t.Fatal(err)
	}
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > each/2 {
		t.Errorf("a request took %v, making an instance %v", took, each)
	}
	in.Return()
}
