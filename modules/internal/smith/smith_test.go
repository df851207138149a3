package smith_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/internal/smith"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// engine validates as the standard does; the interpreter is the quickest to do it.
func engine(t testing.TB) func(module []byte) error {
	ctx := context.Background()
	config := wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(256)
	r := wazero.NewRuntimeWithConfig(ctx, config)
	t.Cleanup(func() { r.Close(ctx) })
	return func(module []byte) error {
		c, err := r.CompileModule(ctx, module)
		if err == nil {
			err = c.Close(ctx)
		}
		return err
	}
}

func TestModulesValidate(t *testing.T) {
	validate := engine(t)
	size, wide := 0, 0
	const n = 2000
	for seed := range uint64(n) {
		m := smith.New(smith.Seed(seed))
		if err := validate(m.Bytes); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		size, wide = size+len(m.Bytes), max(wide, len(m.Bytes))
		if seed < 50 && !bytes.Equal(m.Bytes, smith.New(smith.Seed(seed)).Bytes) {
			t.Errorf("seed %d gave two modules", seed)
		}
	}
	t.Logf("%d modules of %d bytes in the mean, %d at most", n, size/n, wide)
}

// TestAnotherValidatorAgrees asks wabt's wasm-validate.
func TestAnotherValidatorAgrees(t *testing.T) {
	tool, err := exec.LookPath("wasm-validate")
	if err != nil {
		t.Skip("needs wasm-validate (Debian package wabt)")
	}
	for seed := range uint64(60) {
		file := filepath.Join(t.TempDir(), "module.wasm")
		if err := os.WriteFile(file, smith.New(smith.Seed(seed)).Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(tool, file).CombinedOutput(); err != nil {
			t.Errorf("seed %d: %v: %s", seed, err, out)
		}
	}
}

// TestEveryInstructionComes: the first modules have each instruction of the table
// between them, and often enough to be tried on more than one operand.
func TestEveryInstructionComes(t *testing.T) {
	const modules, times = 400, 3
	count := map[wasm.Op]int{}
	for seed := range uint64(modules) {
		for op, n := range smith.New(smith.Seed(seed)).Ops {
			count[op] += n
		}
	}
	instructions := 0
	for op := wasm.Op(0); op < 0xfe00; op++ {
		if _, ok := wasm.Lookup(op); !ok {
			continue
		}
		instructions++
		if count[op] < times {
			t.Errorf("instruction %#x stands %d times in %d modules", op, count[op], modules)
		}
	}
	t.Logf("%d instructions of the table in %d modules", instructions, modules)
}

// TestModulesAreMixed demands a share of modules for each thing that a meter or
// an engine may get wrong.
func TestModulesAreMixed(t *testing.T) {
	const modules = 1000
	share := map[string]int{}
	count := func(name string, have bool) {
		if have {
			share[name]++
		}
	}
	for seed := range uint64(modules) {
		m := smith.New(smith.Seed(seed))
		for name, n := range m.Has {
			count(name, n > 0)
		}
		for name, ops := range features {
			count(name, has(m, ops))
		}
		count("wild", m.Wild)
		count("bounded", m.Bounded)
		count("daring", m.Daring)
	}
	for name, percent := range least {
		if got := share[name] * 100 / modules; got < percent {
			t.Errorf("%s: in %d %% of modules, at least %d are wanted", name, got, percent)
		}
		if _, known := share[name]; !known {
			t.Errorf("%s: nothing is counted under this name", name)
		}
	}
	for name, n := range share {
		t.Logf("%5.1f %% %s", float64(n)*100/modules, name)
		if _, known := least[name]; !known {
			t.Errorf("%s is counted and nothing demanded", name)
		}
	}
}

// span is a range of instructions.
type span struct{ first, last wasm.Op }

var features = map[string]span{
	"direct call":     {wasm.Call, wasm.Call},
	"indirect call":   {wasm.CallIndirect, wasm.CallIndirect},
	"loop":            {wasm.Loop, wasm.Loop},
	"br_table":        {wasm.BrTable, wasm.BrTable},
	"division":        {0x6d, 0x70},
	"sign extension":  {0xc0, 0xc4},
	"saturating":      {0xfc00, 0xfc07},
	"SIMD":            {0xfd00, 0xfdff},
	"memory.init":     {0xfc08, 0xfc08},
	"memory.copy":     {0xfc0a, 0xfc0a},
	"memory.fill":     {0xfc0b, 0xfc0b},
	"memory.grow":     {0x40, 0x40},
	"table.init":      {0xfc0c, 0xfc0c},
	"table.copy":      {0xfc0e, 0xfc0e},
	"table.grow":      {0xfc0f, 0xfc0f},
	"table.fill":      {0xfc11, 0xfc11},
	"table get, set":  {0x25, 0x26},
	"reference":       {0xd0, 0xd2},
	"float addition":  {0x92, 0x92},
	"trap on purpose": {0x00, 0x00},
}

// least is the share of modules in percent that must have each.
var least = map[string]int{
	"direct call": 60, "indirect call": 20, "call back": 40, "recursion without a bound": 5,
	"loop": 60, "loop without a bound": 10, "loop with operands": 15, "br_table": 25, "branch back": 12,
	"block with operands": 25, "block with results": 25, "block of a type index": 30,
	"division": 40, "sign extension": 25, "saturating": 35, "SIMD": 70, "float addition": 20,
	"memory.init": 6, "memory.copy": 25, "memory.fill": 20, "memory.grow": 8,
	"table.init": 5, "table.copy": 8, "table.grow": 8, "table.fill": 8, "table get, set": 20, "reference": 40,
	"trap on purpose": 20, "wild": 30, "bounded": 12, "daring": 30,
}

func has(m *smith.Module, s span) bool {
	for op := range m.Ops {
		if op >= s.first && op <= s.last {
			return true
		}
	}
	return false
}

// FuzzNew: any bytes make a module that validates.
func FuzzNew(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21, 34, 55}, 50))
	validate := engine(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := validate(smith.New(smith.Bytes(b)).Bytes); err != nil {
			t.Error(err)
		}
	})
}
