package meter_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/smith"
)

// sandbox runs modules of package smith, plain or metered, in one engine. It has
// its own refill: package host is not asked.
type sandbox struct {
	name    string
	runtime wazero.Runtime
}

// tank is the fuel of one call; it travels in the call's context.
type tank struct {
	slice, budget, granted int
	fuel                   api.MutableGlobal // nil in a plain module
}

type tankKey struct{}

var errFuel = errors.New("out of fuel")

// patience ends what a plain module does that the meter said would end.
const patience = 20 * time.Second

// sandboxes are the compiler and the interpreter, in this order. They end what
// exceeds a context's time.
func sandboxes(t testing.TB) []*sandbox {
	return []*sandbox{
		newSandbox(t, "compiler", wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(true)),
		newSandbox(t, "interpreter", wazero.NewRuntimeConfigInterpreter().WithCloseOnContextDone(true)),
	}
}

func newSandbox(t testing.TB, name string, config wazero.RuntimeConfig) *sandbox {
	ctx := context.Background()
	config = config.WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(abi.MaxPages)
	s := &sandbox{name, wazero.NewRuntimeWithConfig(ctx, config)}
	t.Cleanup(func() { s.runtime.Close(ctx) })
	_, err := s.runtime.NewHostModuleBuilder(abi.ImportModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(refill), nil, nil).Export(abi.ImportRefill).
		Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refill grants as many slices as it takes to come out of debt, so that where a
// module stops depends on the budget alone.
func refill(ctx context.Context, _ api.Module, _ []uint64) {
	tank := ctx.Value(tankKey{}).(*tank)
	for int32(tank.fuel.Get()) < 0 {
		if tank.granted >= tank.budget {
			panic(errFuel)
		}
		tank.granted += tank.slice
		tank.fuel.Set(api.EncodeI32(int32(tank.fuel.Get()) + int32(tank.slice)))
	}
}

// trace is all that a module shows: what each call answered or how it trapped,
// and the memory after it.
type trace struct {
	steps []string
	spent []int  // fuel of each step
	owed  []int  // what a counted module says that each step should have cost
	stop  string // why the rest was not called: "fuel", "depth", "deep" or nothing
	over  int    // how far the fuel went below zero at a stop
}

// run compiles a module and, for each slice of fuel, makes an instance and calls
// all that it exports.
func (s *sandbox) run(module []byte, slices ...int) ([]trace, error) {
	return s.runIn(context.Background(), module, slices...)
}

func (s *sandbox) runIn(ctx context.Context, module []byte, slices ...int) (all []trace, err error) {
	compiled, err := s.runtime.CompileModule(ctx, module)
	if err != nil {
		return nil, fmt.Errorf("%s: compile: %w", s.name, err)
	}
	defer compiled.Close(ctx)
	for _, slice := range slices {
		guest, err := s.runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
		if err != nil {
			return nil, fmt.Errorf("%s: instantiate: %w", s.name, err)
		}
		all = append(all, newVisit(guest, slice).all())
		guest.Close(ctx)
	}
	return all, nil
}

// visit is one instance's calls.
type visit struct {
	guest api.Module
	tank  tank
	depth api.MutableGlobal // nil where nothing recurs
	deep  uint64            // what depth was at first
	owed  api.MutableGlobal // nil in a module that isn't counted
	trace trace
}

func newVisit(guest api.Module, slice int) *visit {
	v := &visit{guest: guest, tank: tank{slice: slice, budget: callBudget}}
	v.tank.fuel, _ = guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal)
	v.owed, _ = guest.ExportedGlobal(countedName).(api.MutableGlobal)
	if v.depth, _ = guest.ExportedGlobal(abi.ExportDepth).(api.MutableGlobal); v.depth != nil {
		v.deep = v.depth.Get()
	}
	for i, b := 0, view(guest.Memory()); i < len(b); i++ {
		b[i] ^= byte(i*7 ^ i>>8)
	}
	return v
}

func (v *visit) all() trace {
	v.call(abi.ExportInitialize)
	for _, argument := range []uint64{7, 1<<32 - 1} {
		v.call(smith.Run, argument)
		v.call(smith.Observe, 0)
		for i := range uint64(6) {
			v.call(smith.Probe, i%3, i*3, 0)
		}
	}
	return v.trace
}

// call adds one call to the trace, unless an earlier one was stopped.
func (v *visit) call(name string, arguments ...uint64) {
	f := v.guest.ExportedFunction(name)
	if f == nil || v.trace.stop != "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), tankKey{}, &v.tank), patience)
	defer cancel()
	v.tank.granted = 0
	if v.tank.fuel != nil {
		v.tank.fuel.Set(0)
	}
	if v.owed != nil {
		v.owed.Set(0)
	}
	out, err := f.Call(ctx, arguments...)
	step := fmt.Sprint(name, arguments)
	switch {
	case err != nil:
		step += " " + v.trap(err)
	case len(out) > 0:
		step += fmt.Sprint(" = ", uint32(out[0])) // what is above is not defined
	}
	step += fmt.Sprintf(" memory %08x", crc32.ChecksumIEEE(view(v.guest.Memory())))
	v.trace.steps = append(v.trace.steps, step)
	if v.tank.fuel != nil {
		v.trace.spent = append(v.trace.spent, v.tank.granted-int(int32(v.tank.fuel.Get())))
	}
	if v.owed != nil {
		v.trace.owed = append(v.trace.owed, int(v.owed.Get()))
	}
}

func view(m api.Memory) []byte {
	b, _ := m.Read(0, m.Size())
	return b
}

// trap names the kind of a trap, and notices what only a meter does. What a trap
// kept of the depth is given back.
func (v *visit) trap(err error) string {
	if errors.Is(err, errFuel) {
		v.trace.stop = "fuel"
		v.trace.over = -int(int32(v.tank.fuel.Get()))
		return "fuel"
	}
	if errors.Is(err, errDeep) {
		v.trace.stop = "deep"
		return "deep"
	}
	if v.depth != nil {
		if int32(v.depth.Get()) < 0 {
			v.trace.stop = "depth"
		}
		v.depth.Set(v.deep)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(line, "wasm error: ")
}

// difference tells the first one between two traces, or nothing.
func (a trace) difference(b trace) string {
	for i := range min(len(a.steps), len(b.steps)) {
		if a.steps[i] != b.steps[i] {
			return fmt.Sprintf("step %d: %s, other: %s", i, a.steps[i], b.steps[i])
		}
		if len(a.spent) > 0 && len(b.spent) > 0 && a.spent[i] != b.spent[i] {
			return fmt.Sprintf("step %d: %s spends %d, other: %d", i, a.steps[i], a.spent[i], b.spent[i])
		}
	}
	if len(a.steps) != len(b.steps) || a.stop != b.stop {
		return fmt.Sprintf("%d steps %s, other: %d %s", len(a.steps), a.stop, len(b.steps), b.stop)
	}
	return ""
}
