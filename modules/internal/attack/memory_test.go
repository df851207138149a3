package attack_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// child is set in the process whose memory is measured.
const child = "AISLE_ATTACKED"

// TestMemoryComesBackAfterAttacks: after a thousand attacks a process of its own
// holds at most a tenth more than before the first.
func TestMemoryComesBackAfterAttacks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc/self/statm tells resident memory")
	}
	if os.Getenv(child) != "" {
		besieged(t)
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^TestMemoryComesBackAfterAttacks$", "-test.v")
	c.Env = append(os.Environ(), child+"=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, figures, _ := strings.Cut(string(out), "resident ")
	figures, _, _ = strings.Cut(figures, "\n")
	t.Log("resident", figures)
}

// besieged lives through the attacks. At its start it is what a small node is: an
// engine with a pool of eight for a model of 8 MiB, which has run the harmless modules.
func besieged(t *testing.T) {
	all := prepared()
	e := open(t, host.Options{})
	s := scoring.Shape{Frame: abi.Shape{Categorical: 30, Heads: 1, Variance: true}, Bits: 20}
	code, err := compile.Linear(s)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := sample.Linear(s, sample.Rand(1)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	good, err := e.Admit(code, blob, host.Limits{Instances: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	for _, m := range all {
		if m.Harmless {
			strike(e, m)
		}
	}
	before := resident(t)
	for i := range attacks {
		strike(e, all[i%len(all)])
	}
	after := resident(t)
	t.Logf("resident %d KiB before %d attacks, %d KiB after: %+.1f %%", before>>10, attacks, after>>10, 100*(float64(after)/float64(before)-1))
	if after > before+before/10 {
		t.Errorf("%d bytes before, %d after", before, after)
	}
}

// resident is the process's memory once the collector has given back what it can:
// native code goes when finalizers have run, so it may take some rounds.
func resident(t *testing.T) int {
	least := math.MaxInt
	for range 20 {
		debug.FreeOSMemory()
		runtime.Gosched()
		b, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Fatal(err)
		}
		var size, pages int
		if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
			t.Fatal(err)
		}
		least = min(least, pages*os.Getpagesize())
	}
	return least
}
