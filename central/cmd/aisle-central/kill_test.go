package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/internal/nodetest"
	"github.com/aisle-edge/aisle/sync/crashtest"
)

// victim is the real command, which a test kills and starts again.
type victim struct {
	t       *testing.T
	dir     string
	address string
	process *exec.Cmd
	said    bytes.Buffer
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{t: t, dir: t.TempDir(), address: freePort()}
	text := fmt.Sprintf("address: %q\nhub: {address: %q}\ntraining: {every: 100ms}\nreleases: {keep: 3}\n", v.address, freePort())
	if err := os.WriteFile(v.config(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(v.dir, "shop"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := nodetest.Folder(filepath.Join(v.dir, "shop")); err != nil {
		t.Fatal(err)
	}
	v.start()
	t.Cleanup(func() {
		v.process.Process.Kill()
		v.process.Wait()
		if t.Failed() {
			t.Log(v.said.String())
		}
	})
	return v
}

func (v *victim) config() string { return filepath.Join(v.dir, "central.yaml") }

func (v *victim) start() {
	v.t.Helper()
	v.process = exec.Command("aisle-central", "run", "--config", v.config())
	v.process.Stderr = &v.said
	if err := v.process.Start(); err != nil {
		v.t.Fatal(err)
	}
	if err := ready(v.t.Context(), v.address); err != nil {
		v.t.Fatal(err, v.said.String())
	}
}

// call runs the command against the victim, which may die meanwhile.
func (v *victim) call(words ...string) (string, error) {
	c := exec.CommandContext(v.t.Context(), "aisle-central", append(words, "--config", v.config())...)
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (v *victim) join(name, site string) *nodetest.Node {
	v.t.Helper()
	token, err := v.call("enrol", name, "--site", site)
	if err != nil {
		v.t.Fatal(token, err)
	}
	n, err := nodetest.Join(v.t.Context(), "http://"+v.address, token, filepath.Join(v.dir, name))
	if err != nil {
		v.t.Fatal(err)
	}
	return n
}

// TestKilledAtAnyMoment kills the real command under load, at random moments,
// while people release things through it too. After each blow the ledger must
// hold what nodes were told it holds, nothing twice; nodes see counters rise and
// refuse nothing; and at the end everything that was written is there.
func TestKilledAtAnyMoment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("interrupts can't be sent there")
	}
	v := newVictim(t)
	nodes := []*nodetest.Node{v.join("kiosk-1", "north"), v.join("kiosk-2", "north"), v.join("till-1", "south")}
	if said, err := v.call("release", "propose", filepath.Join(v.dir, "shop"), "--publish"); err != nil {
		t.Fatal(said, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, n := range nodes {
		running.Go(func() {
			if err := n.Run(ctx); err != nil {
				t.Error(err)
			}
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	defer running.Wait()
	defer stop()

	loading, unload := context.WithCancel(ctx)
	var load sync.WaitGroup
	for i, n := range nodes {
		load.Go(func() { visits(t, loading, n, rand.New(rand.NewPCG(7, uint64(i)))) })
	}
	rng := rand.New(rand.NewPCG(5, 5))
	kills, records := crashtest.Kills(8), uint64(0)
	for blow := range kills {
		people := make(chan struct{})
		go func() { defer close(people); v.release(blow) }()
		wait(ctx, time.Duration(rng.IntN(1200))*time.Millisecond)
		v.process.Process.Kill()
		v.process.Wait()
		if err := nodetest.Judge(ctx, filepath.Join(v.dir, "state"), nodes...); err != nil {
			t.Fatalf("after blow %d: %v", blow, err)
		}
		<-people
		v.start()
	}
	wait(ctx, time.Second) // the last one lives to refresh
	unload()
	load.Wait()
	for _, n := range nodes {
		for deadline := time.Now().Add(time.Minute); n.Confirmed() < n.Last(); wait(ctx, 20*time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d of %d records are in the ledger", n.Name, n.Confirmed(), n.Last())
			}
		}
		counters, refused := n.Releases()
		records += n.Last()
		if len(refused) > 0 || !slices.IsSorted(counters) || len(counters) < 2 {
			t.Errorf("%s ran %v and refused %v", n.Name, counters, refused)
		}
	}
	v.process.Process.Signal(os.Interrupt)
	if err := v.process.Wait(); err != nil {
		t.Error(err)
	}
	if err := nodetest.Judge(ctx, filepath.Join(v.dir, "state"), nodes...); err != nil {
		t.Error(err)
	}
	t.Logf("%d kills, %d records, each in the ledger once", kills, records)
}

// visits is a node's customers, some hundred a second.
func visits(t *testing.T, ctx context.Context, n *nodetest.Node, rng *rand.Rand) {
	for ctx.Err() == nil {
		if records := n.Visit(rng); len(records) > 0 {
			if err := n.Write(context.Background(), records...); err != nil {
				t.Error(err)
				return
			}
		}
		wait(ctx, time.Millisecond)
	}
}

// release is what people do before a blow: now and then they publish the folder
// again, or take back what was there before. It may be cut off.
func (v *victim) release(blow int) {
	switch blow % 4 {
	case 1:
		v.call("release", "rollback", "1")
	case 2:
		v.call("release", "propose", filepath.Join(v.dir, "shop"), "--publish")
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
