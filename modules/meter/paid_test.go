package meter_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/internal/smith"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// bills are calls of metered modules: what they spent and what they owed.
type bills struct {
	mu    sync.Mutex
	ratio map[string][]float64 // by origin, of calls that owed something worth a ratio
}

// add demands that a call spent what it owed. It charges in front, so this is so
// however the call ended.
func (b *bills) add(origin string, spent, owed int) error {
	if spent < owed {
		return fmt.Errorf("spent %d and owed %d", spent, owed)
	}
	if owed >= 1000 {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ratio[origin] = append(b.ratio[origin], float64(spent)/float64(owed))
	}
	return nil
}

func (b *bills) log(t *testing.T) {
	for origin, all := range b.ratio {
		slices.Sort(all)
		at := func(share float64) float64 { return all[int(share*float64(len(all)-1))] }
		t.Logf("%s, %d calls: spent/owed median %.3f, p90 %.3f, p99 %.3f, most %.3f", origin, len(all), at(0.5), at(0.9), at(0.99), at(1))
	}
}

// TestAllThatRunsIsPaid counts what really runs, apart from the meter, in random
// modules, in what a compiler makes and in what the emitters make.
func TestAllThatRunsIsPaid(t *testing.T) {
	all := &bills{ratio: map[string][]float64{}}
	t.Run("random", func(t *testing.T) { paidAtRandom(t, all) })
	t.Run("kernels", func(t *testing.T) { paidKernels(t, all) })
	t.Run("emitters", func(t *testing.T) { paidEmitters(t, all) })
	all.log(t)
}

func paidAtRandom(t *testing.T, all *bills) {
	engines := sandboxes(t)
	for seed := range uint64(250) {
		metered := rewritten(t, smith.New(smith.Seed(1<<32+seed)).Bytes)
		module, err := counted(metered)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, s := range engines {
			got, err := s.run(module, wholeSlice)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if len(got[0].owed) == 0 || got[0].owed[0] == 0 {
				t.Fatalf("seed %d: nothing was counted", seed)
			}
			for i, spent := range got[0].spent {
				if err := all.add("random in the "+s.name, spent, got[0].owed[i]); err != nil {
					t.Errorf("seed %d in the %s: %s: %v", seed, s.name, got[0].steps[i], err)
				}
			}
		}
	}
}

// account is an instance of a counted module that may spend what it wants.
type account struct {
	guest api.Module
	tank  tank
	owed  api.MutableGlobal
}

func newAccount(t *testing.T, s *sandbox, metered []byte) *account {
	t.Helper()
	module, err := counted(metered)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	a := &account{tank: tank{slice: wholeSlice, budget: 1 << 50}}
	if a.guest, err = s.runtime.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName("").WithStartFunctions()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.guest.Close(ctx) })
	a.tank.fuel = a.guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal)
	a.owed = a.guest.ExportedGlobal(countedName).(api.MutableGlobal)
	return a
}

// call gives the answer of an export, and what it spent and owed.
func (a *account) call(t *testing.T, name string, arguments ...uint64) (answer uint32, spent, owed int) {
	t.Helper()
	a.tank.granted = 0
	a.tank.fuel.Set(0)
	a.owed.Set(0)
	out, err := a.guest.ExportedFunction(name).Call(context.WithValue(context.Background(), tankKey{}, &a.tank), arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(out[0]), a.tank.granted - int(int32(a.tank.fuel.Get())), int(a.owed.Get())
}

func paidKernels(t *testing.T, all *bills) {
	engines := sandboxes(t)
	for name, module := range kernels(t) {
		for _, s := range engines {
			a := newAccount(t, s, rewritten(t, module))
			for _, turns := range []uint64{0, 1, 3} {
				_, spent, owed := a.call(t, abi.ExportScore, turns)
				if err := all.add("kernels in the "+s.name, spent, owed); err != nil {
					t.Errorf("%s, %d turns in the %s: %v", name, turns, s.name, err)
				}
			}
		}
	}
}

func paidEmitters(t *testing.T, all *bills) {
	engines := sandboxes(t)
	for seed := range uint64(12) {
		r := sample.Rand(seed)
		for _, model := range []scoring.Model{
			sample.Linear(sample.Shape(r), r), sample.LinUCB(sample.LinUCBShape(r), r),
			sample.Factor(sample.FactorShape(r), r), sample.Trees(r),
		} {
			code, err := compile.Make(model)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range engines {
				paidModel(t, all, newAccount(t, s, code), s.name, model, 1+int(seed)*9)
			}
		}
	}
}

// paidModel writes model and frame as a host does, scores and explains.
func paidModel(t *testing.T, all *bills, a *account, engine string, model scoring.Model, rows int) {
	t.Helper()
	pay := func(name string, arguments ...uint64) uint32 {
		answer, spent, owed := a.call(t, name, arguments...)
		if err := all.add("emitters in the "+engine, spent, owed); err != nil {
			t.Errorf("%T in the %s: %s: %v", model, engine, name, err)
		}
		return answer
	}
	blob, err := model.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if a.guest.ExportedFunction(abi.ExportModel) != nil {
		a.guest.Memory().Write(pay(abi.ExportModel, uint64(len(blob))), blob)
	}
	f, err := abi.New(model.FrameShape(), rows)
	if err != nil {
		t.Fatal(err)
	}
	sample.Fill(&f, sample.Rand(1), 0.2)
	at := pay(abi.ExportAlloc, uint64(len(f.Bytes())))
	a.guest.Memory().Write(at, f.Bytes())
	if status := pay(abi.ExportScore, uint64(at)); status != uint32(abi.OK) {
		t.Errorf("%T in the %s: status %d", model, engine, status)
	}
	pay(abi.ExportExplain, uint64(at), uint64(rows-1), 0)
}
