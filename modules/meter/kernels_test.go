package meter_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/meter"
)

// kernels compiles each C file of testdata/kernels and gives the modules by name.
func kernels(t testing.TB) map[string][]byte {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err == nil {
		_, err = exec.LookPath("wasm-ld")
	}
	if err != nil {
		t.Skip("needs clang and wasm-ld (Debian packages clang and lld)")
	}
	files, err := filepath.Glob("testdata/kernels/*.c")
	if err != nil || len(files) == 0 {
		t.Fatal("no kernels", err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".c")
		object := filepath.Join(t.TempDir(), name)
		out, err := exec.Command(clang, "--target=wasm32-unknown-unknown", "-nostdlib", "-O2", "-msimd128", "-mbulk-memory",
			"-Wall", "-Werror", "-Wl,--no-entry", "-Wl,-z,stack-size=16384", "-o", object, file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if all[name], err = os.ReadFile(object); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestMeteredKernelsAgree: what clang makes computes the same with a meter.
func TestMeteredKernelsAgree(t *testing.T) {
	engines := sandboxes(t)
	for name, module := range kernels(t) {
		metered := rewritten(t, module)
		for _, s := range engines {
			plain, paid := s.score(t, module), s.score(t, metered)
			for _, turns := range []uint64{0, 1, 3} {
				if want, got := plain(turns), paid(turns); want != got {
					t.Errorf("%s, %d turns in the %s: %d, plain %d", name, turns, s.name, got, want)
				}
			}
		}
	}
}

func rewritten(t testing.TB, module []byte) []byte {
	t.Helper()
	metered, err := meter.Rewrite(module, meter.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return metered
}

// score gives the module's scorer with as much fuel as it wants.
func (s *sandbox) score(t testing.TB, module []byte) func(turns uint64) uint32 {
	t.Helper()
	ctx := context.Background()
	guest, err := s.runtime.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guest.Close(ctx) })
	tank := &tank{slice: wholeSlice, budget: 1 << 50}
	tank.fuel, _ = guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal)
	ctx = context.WithValue(ctx, tankKey{}, tank)
	f := guest.ExportedFunction(abi.ExportScore)
	return func(turns uint64) uint32 {
		out, err := f.Call(ctx, turns)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(out[0])
	}
}

// BenchmarkMeterOverhead runs each kernel plain and metered in turn, for about a
// millisecond each, and reports the ratio of the best times.
func BenchmarkMeterOverhead(b *testing.B) {
	for name, module := range kernels(b) {
		b.Run(name, func(b *testing.B) {
			s := newSandbox(b, "compiler", wazero.NewRuntimeConfigCompiler())
			plain, paid := s.score(b, module), s.score(b, rewritten(b, module))
			turns := uint64(1)
			for elapsed(plain, turns) < time.Millisecond {
				turns *= 2
			}
			bestPlain, bestPaid := time.Hour, time.Hour
			round := func() {
				bestPlain, bestPaid = min(bestPlain, elapsed(plain, turns)), min(bestPaid, elapsed(paid, turns))
			}
			for range 50 {
				round()
			}
			for b.Loop() {
				round()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(bestPlain)/float64(turns), "ns-plain")
			b.ReportMetric(float64(bestPaid)/float64(bestPlain), "ratio-to-plain")
		})
	}
}

func elapsed(score func(uint64) uint32, turns uint64) time.Duration {
	start := time.Now()
	score(turns)
	return time.Since(start)
}
