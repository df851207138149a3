package ownmodule

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/examples/internal/loop/looptest"
	"github.com/aisle-edge/aisle/modules/sdk/sdktest"
)

// TestRun runs the whole example with the programs that people get, and looks at
// what came of it.
func TestRun(t *testing.T) {
	sdktest.Need(t, "go")
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: the example is not run", tool)
		}
	}
	dir, port := t.TempDir(), looptest.Port(t)
	run := exec.CommandContext(t.Context(), "./run", "--bin", bin, "--dir", dir, "--port", fmt.Sprint(port))
	run.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := string(out)
	for _, words := range []string{"is no scorer file", "release 2: own/markdown"} {
		if !strings.Contains(said, words) {
			t.Errorf("it does not say %q:\n%s", words, said)
		}
	}
	decided(t, dir, "noon", 9)
	decided(t, dir, "evening", 0.5)
	decided(t, dir, "closing-4", 0.25)
	for i := range 3 {
		if a := saved(t, dir, fmt.Sprint("closing-", i+1)); a.Degraded != "baseline" || len(a.Items) != 3 {
			t.Errorf("the module that never ends gave %+v", a)
		}
	}
	for p := range 3 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+p))
		if err != nil {
			t.Errorf("something still runs: %v", err)
			continue
		}
		l.Close()
	}
}

// decided compares an answer with the rule as a person would work it out.
func decided(t *testing.T, dir, event string, hours float64) {
	t.Helper()
	a := saved(t, dir, event)
	if a.Degraded != "none" {
		t.Fatalf("%s: %+v", event, a)
	}
	worth := map[string]float64{}
	var best []float64
	for _, it := range read(t, "items.csv") {
		worth[it["id"]] = byHand(t, it, hours)
		best = append(best, worth[it["id"]])
	}
	slices.Sort(best)
	slices.Reverse(best)
	for i, it := range a.Items {
		sum := 0.0
		for _, r := range it.Reasons {
			sum += r.Contribution
		}
		if math.Abs(it.Score-worth[it.ID]) > 1e-6 || math.Abs(sum-it.Score) > 1e-6 {
			t.Errorf("%s: %s scores %v by %+v, want %v", event, it.ID, it.Score, it.Reasons, worth[it.ID])
		}
		if math.Abs(it.Score-best[i]) > 1e-6 {
			t.Errorf("%s: %s is in place %d, whose score is %v", event, it.ID, i, best[i])
		}
	}
}

// byHand is the rule once more: a table of what is due, times what is left of the
// evening.
func byHand(t *testing.T, it map[string]string, hours float64) float64 {
	net := number(t, it["price"]) / (1 + number(t, it["tax_rate"]))
	margin := (net - number(t, it["cost"])) / net
	due := map[string]float64{"0": 1, "1": 0.5}[it["days_left"]]
	if margin < 0.15 || hours >= 4 {
		due = 0
	}
	pile := min(number(t, it["stock"]), 20) / 20
	return margin + (4-hours)/4*due*(1+pile)
}

func saved(t *testing.T, dir, event string) (a answer) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, event+".json"))
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil || len(a.Items) != 3 {
		t.Fatalf("%s: %s, %v", event, b, err)
	}
	return a
}

// texts is a folder's files.
func texts(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}
