package wasi_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	host "github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/wasi"
)

const preview1 = "wasi_snapshot_preview1"

// TestEveryFunctionHasItsType compares with an implementation of another house.
func TestEveryFunctionHasItsType(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	compiled, err := host.NewBuilder(r).Compile(ctx)
	if err != nil {
		t.Fatal(err)
	}
	known := compiled.ExportedFunctions()
	if len(known) < 45 {
		t.Fatalf("the oracle knows only %d functions", len(known))
	}
	for name, want := range known {
		f, ok := wasi.Shim(preview1, name, 0)
		if !ok || !same(f.In, want.ParamTypes()) || !same(f.Out, want.ResultTypes()) {
			t.Errorf("%s: %v, %+v; want %v to %v", name, ok, f, want.ParamTypes(), want.ResultTypes())
		}
	}
	for _, name := range []string{"", "fd_frobnicate", "env"} {
		if _, ok := wasi.Shim(preview1, name, 0); ok {
			t.Errorf("%q has a shim", name)
		}
	}
	if _, ok := wasi.Shim("wasi_unstable", "fd_write", 0); ok {
		t.Error("a function of an older interface has a shim")
	}
}

func same(have []wasm.ValType, want []api.ValueType) bool {
	return slices.EqualFunc(have, want, func(a wasm.ValType, b api.ValueType) bool { return byte(a) == byte(b) })
}

// TestGoFindsWhatItImports builds a guest that touches files, network, time and
// environment.
func TestGoFindsWhatItImports(t *testing.T) {
	out := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", out, ".")
	build.Dir = "testdata/everything"
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if b, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	code, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	compiled, err := r.CompileModule(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	imported := compiled.ImportedFunctions()
	if len(imported) < 30 {
		t.Fatalf("the guest imports only %d functions", len(imported))
	}
	for _, i := range imported {
		module, name, _ := i.Import()
		f, ok := wasi.Shim(module, name, 0)
		if !ok || !same(f.In, i.ParamTypes()) || !same(f.Out, i.ResultTypes()) {
			t.Errorf("%s.%s: %v, %+v", module, name, ok, f)
		}
	}
}

var engines = map[string]wazero.RuntimeConfig{
	"compiler": wazero.NewRuntimeConfig(), "interpreter": wazero.NewRuntimeConfigInterpreter(),
}

// world is a module of one page whose exports are the shims.
func world(t *testing.T, config wazero.RuntimeConfig, module string, names ...string) api.Module {
	t.Helper()
	var m wasm.Module
	m.Memory(1, 1)
	m.Export("memory", wasm.KindMemory, 0)
	m.GlobalI32(0) // the seed need not be the first
	value := wasm.AppendS64([]byte{byte(wasm.I64), 1, byte(wasm.I64Const)}, wasi.Seed)
	m.Entry(wasm.SectionGlobal, append(value, byte(wasm.End)))
	for _, name := range names {
		f, ok := wasi.Shim(module, name, 1)
		if !ok {
			t.Fatalf("%s has no shim", name)
		}
		m.Export(name, wasm.KindFunc, m.Func(m.Type(f.In, f.Out), f.Locals, f.Body))
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	t.Cleanup(func() { r.Close(ctx) })
	guest, err := r.Instantiate(ctx, m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return guest
}

const (
	ok    = 0
	badf  = 8
	inval = 28
	spipe = 70

	top = 1 << 16 // of the memory
)

// TestNothingHappens: what is there answers like an empty machine at a fixed
// time, the rest is refused.
func TestNothingHappens(t *testing.T) {
	words := func(v ...uint32) (b []byte) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return b
	}
	long := func(v ...uint64) (b []byte) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		return b
	}
	now := long(1577836800_000_000_000)
	// At 256: vectors of 5, 0 and 7 bytes far outside; at 512 and 576: a clock and
	// a descriptor to wait for.
	setup := map[uint32][]byte{
		256: words(0xfffffff0, 5, 0, 0, 1<<30, 7),
		512: long(77, 0, 1, 1000), 576: long(78, 1, 0, 0),
	}
	clock := slices.Concat(long(77), words(0, 0), long(0, 0))
	descriptor := slices.Concat(long(78), words(1<<16|8, 0), long(0, 0))
	for _, tc := range []struct {
		name   string
		in     []uint64
		errno  uint64
		at     uint32 // where the answer is expected
		answer []byte
	}{
		{"args_sizes_get", []uint64{8, 16}, ok, 8, words(0)},
		{"args_sizes_get", []uint64{8, 16}, ok, 16, words(0)},
		{"args_get", []uint64{8, 16}, ok, 0, nil},
		{"environ_sizes_get", []uint64{8, 16}, ok, 16, words(0)},
		{"environ_get", []uint64{8, 16}, ok, 0, nil},
		{"clock_time_get", []uint64{0, 1, 8}, ok, 8, now},
		{"clock_time_get", []uint64{1, 0, 8}, ok, 8, now},
		{"clock_time_get", []uint64{4, 0, 8}, inval, 0, nil},
		{"clock_time_get", []uint64{0xffffffff, 0, 8}, inval, 0, nil},
		{"clock_res_get", []uint64{0, 8}, ok, 8, long(1)},
		{"sched_yield", nil, ok, 0, nil},
		{"fd_write", []uint64{1, 256, 3, 8}, ok, 8, words(12)},
		{"fd_write", []uint64{2, 256, 0, 8}, ok, 8, words(0)},
		{"fd_write", []uint64{0, 256, 1, 8}, badf, 0, nil},
		{"fd_write", []uint64{3, 256, 1, 8}, badf, 0, nil},
		{"fd_write", []uint64{0xffffffff, 256, 1, 8}, badf, 0, nil},
		{"fd_read", []uint64{0, 256, 1, 8}, ok, 8, words(0)},
		{"fd_read", []uint64{1, 256, 1, 8}, badf, 0, nil},
		{"fd_close", []uint64{2}, ok, 0, nil},
		{"fd_close", []uint64{3}, badf, 0, nil},
		{"fd_seek", []uint64{1, 0, 0, 8}, spipe, 0, nil},
		{"fd_seek", []uint64{3, 0, 0, 8}, badf, 0, nil},
		{"fd_fdstat_get", []uint64{1, 8}, ok, 8, long(2, 0x42, 0)},
		{"fd_fdstat_get", []uint64{3, 8}, badf, 0, nil},
		{"fd_prestat_get", []uint64{3, 8}, badf, 0, nil},
		{"path_open", []uint64{3, 0, 8, 1, 0, 0, 0, 0, 16}, badf, 0, nil},
		{"sock_accept", []uint64{0, 0, 8}, badf, 0, nil},
		{"poll_oneoff", []uint64{512, 1024, 1, 8}, ok, 1024, clock},
		{"poll_oneoff", []uint64{512, 1024, 1, 8}, ok, 8, words(1)},
		{"poll_oneoff", []uint64{576, 1024, 2, 8}, ok, 1024, descriptor},
		{"poll_oneoff", []uint64{512, 1024, 0, 8}, inval, 0, nil},
	} {
		for engine, config := range engines {
			guest := world(t, config, preview1, tc.name)
			memory, _ := guest.Memory().Read(0, top)
			for i := range memory {
				memory[i] = 0xee
			}
			for at, b := range setup {
				copy(memory[at:], b)
			}
			before := slices.Clone(memory)
			out, err := guest.ExportedFunction(tc.name).Call(context.Background(), tc.in...)
			if err != nil || out[0] != tc.errno || !bytes.Equal(memory[tc.at:][:len(tc.answer)], tc.answer) {
				t.Errorf("%s, %s%v: %v, %v, %x", engine, tc.name, tc.in, out, err, memory[tc.at:][:len(tc.answer)])
			}
			if tc.errno != ok && !bytes.Equal(before, memory) {
				t.Errorf("%s, %s%v: refuses and writes", engine, tc.name, tc.in)
			}
		}
	}
}

// TestLiesTrap: what can't be answered ends the call.
func TestLiesTrap(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   []uint64
	}{
		{"proc_exit", []uint64{0}},
		{"proc_raise", []uint64{6}},
		{"clock_time_get", []uint64{0, 0, top - 7}},
		{"clock_time_get", []uint64{0, 0, 0xfffffffc}},
		{"args_sizes_get", []uint64{8, top - 3}},
		{"fd_write", []uint64{1, top - 8, 2, 8}},
		{"fd_write", []uint64{1, 0, 0xffffffff, 8}},
		{"fd_write", []uint64{1, 0, 1, top}},
		{"fd_read", []uint64{0, 0, 0, top}},
		{"fd_fdstat_get", []uint64{1, top - 23}},
		{"poll_oneoff", []uint64{top - 8, 0, 1, 8}},
		{"poll_oneoff", []uint64{0, top - 31, 1, 64}},
		{"random_get", []uint64{top - 15, 16}},
		{"random_get", []uint64{0, 0xffffffff}},
	} {
		for engine, config := range engines {
			guest := world(t, config, preview1, tc.name)
			if _, err := guest.ExportedFunction(tc.name).Call(context.Background(), tc.in...); err == nil {
				t.Errorf("%s, %s%v: no trap", engine, tc.name, tc.in)
			}
		}
	}
}

// numbers is the published generator in plain Go.
func numbers() func() uint64 {
	state := uint64(wasi.Seed)
	return func() uint64 {
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
}

// TestRandomnessIsTheSameEverywhere asks for 21 bytes and what follows.
func TestRandomnessIsTheSameEverywhere(t *testing.T) {
	for engine, config := range engines {
		guest := world(t, config, preview1, "random_get")
		get := guest.ExportedFunction("random_get")
		for _, in := range [][]uint64{{100, 21}, {top - 1, 1}, {top, 0}, {121, 8}} {
			if out, err := get.Call(context.Background(), in...); err != nil || out[0] != ok {
				t.Fatal(engine, in, out, err)
			}
		}
		next := numbers()
		var want []byte
		for range 2 {
			want = binary.LittleEndian.AppendUint64(want, next())
		}
		for range 5 {
			want = append(want, byte(next()))
		}
		last := byte(next())
		want = binary.LittleEndian.AppendUint64(want, next())
		got, _ := guest.Memory().Read(100, 30)
		end, _ := guest.Memory().ReadByte(top - 1)
		if !bytes.Equal(got, append(want, 0)) || end != last {
			t.Errorf("%s: %x and %x, want %x and %x", engine, got, end, want, last)
		}
	}
}

// TestAssemblyScriptFindsItsEnvironment calls all of it.
func TestAssemblyScriptFindsItsEnvironment(t *testing.T) {
	ctx := context.Background()
	for engine, config := range engines {
		guest := world(t, config, "env", "abort", "trace", "seed", "Date.now", "performance.now", "process.exit",
			"console.log", "console.assert")
		for name, parameters := range map[string]int{"abort": 4, "process.exit": 1} {
			if _, err := guest.ExportedFunction(name).Call(ctx, make([]uint64, parameters)...); err == nil {
				t.Errorf("%s: %s does not trap", engine, name)
			}
		}
		next := numbers()
		for range 3 {
			out, err := guest.ExportedFunction("seed").Call(ctx)
			if want := float64(next()>>11) / (1 << 53); err != nil || math.Float64frombits(out[0]) != want {
				t.Errorf("%s: seed gives %v, %v; want %v", engine, out, err, want)
			}
		}
		out, err := guest.ExportedFunction("Date.now").Call(ctx)
		if err != nil || math.Float64frombits(out[0]) != 1577836800_000 {
			t.Errorf("%s: now is %v, %v", engine, out, err)
		}
		if _, err := guest.ExportedFunction("console.log").Call(ctx, 1<<31); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
	}
}
