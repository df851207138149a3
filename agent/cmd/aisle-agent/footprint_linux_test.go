package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// resident reads what the process has in memory now, and the most it ever had.
func resident(t testing.TB, n *node) (now, peak int64) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			now = kib << 10
		}
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			peak = kib << 10
		}
	}
	return now, peak
}

// settled is what is resident once that is as promised: an import leaves garbage,
// and rows on their way to the tables, for some moments, longer on a machine that
// has other things to do. What never settles fails.
func settled(t testing.TB, n *node) (now, peak int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if now, peak = resident(t, n); now <= maxResident {
			return now, peak
		}
		select {
		case <-ctx.Done():
			return now, peak
		case <-again.C:
		}
	}
}

// TestMemory: the promise about what is resident holds after the import, and after
// a restart, while it decides.
func TestMemory(t *testing.T) {
	n := shop(t)
	loaded, _ := settled(t, n)
	decideSome(t, n)
	busy, peak := settled(t, n)
	n.stop()
	again := startIn(t, n.dir, map[string]string{"AISLE_RELEASE": "release"})
	fresh, _ := settled(t, again)
	decideSome(t, again)
	after, peakAfter := settled(t, again)
	t.Logf("MiB resident: %.1f after the import, %.1f deciding, %.1f at most; after a restart %.1f, %.1f deciding, %.1f at most",
		mib(loaded), mib(busy), mib(peak), mib(fresh), mib(after), mib(peakAfter))
	for name, got := range map[string]int64{"after the import": loaded, "deciding": busy, "after a restart": fresh, "deciding after it": after} {
		if got > maxResident {
			t.Errorf("%s %.1f MiB are resident, at most 64 are promised", name, mib(got))
		}
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// decideSome has somebody else asked for each time.
func decideSome(t testing.TB, n *node) {
	t.Helper()
	for i := range 2000 {
		status, answer, err := n.post("/v1/decide", strings.ReplaceAll(shopDecision, "7", fmt.Sprint(i)))
		if err != nil || status != http.StatusOK || !strings.Contains(answer, `"personalised":true`) || !strings.Contains(answer, `"degraded":"none"`) {
			t.Fatalf("%d %s %v", status, answer, err)
		}
	}
}
