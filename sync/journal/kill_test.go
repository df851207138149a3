package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/sync/crashtest"
)

const killDir = "AISLE_JOURNAL_KILL_DIR"

// killRecord is what writer w of a round appends as its n-th.
func killRecord(round string, w, n int) []byte {
	return fmt.Appendf(nil, "%s/%d/%d %*d", round, w, n, 1+n*37%900, n)
}

// TestKilledChild is the process that TestKillNine kills: eight writers that
// tell what was acknowledged, until they are no more.
func TestKilledChild(t *testing.T) {
	dir, round := os.Getenv(killDir), os.Getenv("AISLE_JOURNAL_ROUND")
	if dir == "" {
		return
	}
	j, err := Open(dir, Options{FileBytes: 64 << 10, MinFree: 1, FlushEvery: 2 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	go j.Run(context.Background())
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				seq, err := j.Append(Vital, killRecord(round, w, n))
				if err == nil && n%3 != 0 { // some are left to Run
					if err = j.Sync(context.Background(), seq); err == nil {
						fmt.Printf("ack %d %d %d\n", seq, w, n) // one write, so a whole line or none
					}
				}
				if err == nil && n%50 == 49 && seq > 4000 {
					err = j.Drop(seq - 4000)
				}
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
			}
		})
	}
	wg.Wait()
}

// TestKillNine kills a process that logs at a random moment, again and again on
// the same folder, and looks for every acknowledged record.
func TestKillNine(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	acked := map[uint64][]byte{}
	kills := crashtest.Kills(25)
	for round := range kills {
		killOne(t, dir, fmt.Sprint("round", round), r.IntN(1500), acked)
		verify(t, dir, acked)
	}
	t.Logf("%d kills, %d records acknowledged, none missing", kills, len(acked))
	if len(acked) < 200*kills {
		t.Fatalf("only %d records acknowledged", len(acked))
	}
}

// killOne starts the child, lets it acknowledge so many records, kills it and
// adds what it acknowledged to acked.
func killOne(t *testing.T, dir, round string, after int, acked map[uint64][]byte) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
	child.Env = append(os.Environ(), killDir+"="+dir, "AISLE_JOURNAL_ROUND="+round)
	said := 0
	crashtest.Kill(t, child, func() bool { return said >= after }, func(line string) {
		said++
		var seq uint64
		var w, i int
		if _, err := fmt.Sscanf(line, "ack %d %d %d", &seq, &w, &i); err != nil {
			t.Fatalf("the child says %q", line)
		}
		if was, ok := acked[seq]; ok {
			t.Fatalf("record %d acknowledged twice, first as %.20q", seq, was)
		}
		acked[seq] = killRecord(round, w, i)
	})
}

// verify reads the whole log and compares it row by row.
func verify(t *testing.T, dir string, acked map[uint64][]byte) {
	t.Helper()
	j := mustOpen(t, dir, Options{FileBytes: 64 << 10, MinFree: 1})
	defer j.Close()
	held := map[uint64]string{}
	if err := j.Read(j.First(), j.Last(), func(seq uint64, p []byte) error {
		held[seq] = string(p)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	first := j.First()
	for seq, p := range acked {
		if seq >= first && held[seq] != string(p) {
			t.Fatalf("record %d was acknowledged as %.30q, found %.30q", seq, p, held[seq])
		}
	}
	if len(acked) > 4000 && j.Durable()-first < 4000-1500 {
		t.Fatalf("dropped too much: %d to %d are left", first, j.Durable())
	}
}
