package agent

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWindowsOfGroupsGoOn: what a group got so far is kept when the agent ends, and its
// next run goes on from there.
func TestWindowsOfGroupsGoOn(t *testing.T) {
	dir, files := t.TempDir(), shopOf(stockOnly+"fairness:\n  - {id: dear, items: {item.id: a}}\n")
	files["slots.yaml"] = strings.Replace(shopSlots, "required: 1", "required: 0", 1)
	for run, want := range []uint64{3, 5} {
		r := shop(t, dir, files)
		for range 3 - run {
			r.decide(`{"slot":"hero"}`)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "state", "fairness"))
		if err != nil {
			t.Fatal(err)
		}
		key := []byte("hero\x00dear") // behind it: when the window began, and the group's decisions
		at := bytes.Index(b, key) + len(key) + 8
		if at < 17 || len(b) < at+8 || binary.LittleEndian.Uint64(b[at:]) != want {
			t.Fatalf("run %d: the file of %d bytes does not tell of %d decisions", run, len(b), want)
		}
	}
}
