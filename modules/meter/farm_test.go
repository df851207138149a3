package meter_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/smith"
)

// TestMeteredModulesAgree tries AISLE_MODULES random modules, from seed AISLE_SEED on.
func TestMeteredModulesAgree(t *testing.T) {
	n, first := fromEnv(t, "AISLE_MODULES", 1500), fromEnv(t, "AISLE_SEED", 0)
	var mu sync.Mutex
	ends := map[string]int{}
	shards := runtime.GOMAXPROCS(0)
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				engines := sandboxes(t)
				for seed := first + shard; seed < first+n; seed += shards {
					m := smith.New(smith.Seed(uint64(seed)))
					end, err := agree(engines, m.Bytes, 1<<(6+seed%12))
					if err != nil {
						t.Fatalf("seed %d: %v", seed, err)
					}
					mu.Lock()
					ends[end]++
					mu.Unlock()
				}
			})
		}
	})
	for _, end := range slices.Sorted(maps.Keys(ends)) {
		t.Logf("%6d of %d: %s", ends[end], n, end)
	}
	for end, percent := range map[string]float64{"answered": 50, "fuel": 1, "depth": 0.5, "unreachable": 2, "out of bounds memory access": 2} {
		if float64(ends[end]) < percent/100*float64(n) {
			t.Errorf("%d of %d end with %q: the modules don't try it", ends[end], n, end)
		}
	}
	if ends[disagreement] > 1+n/500 {
		t.Errorf("%d of %d: %s", ends[disagreement], n, disagreement)
	}
}

func fromEnv(t *testing.T, name string, fallback int) int {
	s := os.Getenv(name)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("%s=%s is no number of modules", name, s)
	}
	return n
}

// FuzzMeteredModulesAgree lets a fuzzer choose the module.
func FuzzMeteredModulesAgree(f *testing.F) {
	for seed := range uint64(30) {
		c := smith.Seed(seed)
		smith.New(c)
		f.Add(c.Spelling())
	}
	engines := sandboxes(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := agree(engines, smith.New(smith.Bytes(b)).Bytes, 1<<10); err != nil {
			t.Error(err)
		}
	})
}

// TestAnotherValidatorAgrees asks wabt's wasm-validate about metered modules.
func TestAnotherValidatorAgrees(t *testing.T) {
	tool, err := exec.LookPath("wasm-validate")
	if err != nil {
		t.Skip("needs wasm-validate (Debian package wabt)")
	}
	for seed := range uint64(60) {
		file := filepath.Join(t.TempDir(), "module.wasm")
		if err := os.WriteFile(file, rewritten(t, smith.New(smith.Seed(seed)).Bytes), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(tool, file).CombinedOutput(); err != nil {
			t.Errorf("seed %d: %v: %s", seed, err, out)
		}
	}
}
