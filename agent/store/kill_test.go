package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/sync/crashtest"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Promise 1: kill -9 at any moment under load loses nothing that was
// acknowledged, and leaves tables that agree with the log.
func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	acknowledged, kills := map[string]bool{}, crashtest.Kills(25)
	for kill := range kills {
		for id := range killed(t, dir, kill, rand.IntN(200)) {
			acknowledged[id] = true
		}
	}
	t.Logf("%d kills, %d outcomes acknowledged", kills, len(acknowledged))
	n := &node{t: t, dir: dir, out: childLog}
	n.open()
	defer n.letGo()
	n.compare()
	n.must(n.log.Read(1, n.log.Last(), func(_ uint64, b []byte) error {
		rec, err := wire.Decode(b)
		delete(acknowledged, rec.GetOutcome().GetId())
		return err
	}))
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged outcomes are gone", len(acknowledged))
	}
}

var childLog = journal.Options{FileBytes: 1 << 20, MinFree: 1}

// killed runs a child until it has acknowledged some outcomes, kills it, and
// gives all it acknowledged.
func killed(t *testing.T, dir string, run, after int) map[string]bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "STORE_CHILD="+dir, "STORE_RUN="+strconv.Itoa(run))
	ids := map[string]bool{}
	crashtest.Kill(t, cmd, func() bool { return len(ids) > after }, func(line string) {
		if id, ok := strings.CutPrefix(line, "ack "); ok {
			ids[id] = true
		}
	})
	return ids
}

// TestChild is the process that is killed; run by itself it does nothing.
func TestChild(t *testing.T) {
	dir := os.Getenv("STORE_CHILD")
	if dir == "" {
		return
	}
	ctx := context.Background()
	n := &node{t: t, dir: dir, out: childLog, opt: Options{FlushEvery: time.Millisecond, FlushRows: 16, CheckpointBytes: 2 << 10}}
	n.open()
	n.compare()
	go func() { _ = n.Run(ctx) }()
	go func() { _ = n.log.Run(ctx) }()
	for i := 0; ; i++ {
		id := fmt.Sprint(os.Getenv("STORE_RUN"), "-", i)
		_, err := n.Commit(move("i", 1), nil)
		n.must(err)
		seq, err := n.Commit(outcome(id, fmt.Sprint(i%50), 1), nil)
		n.must(err)
		n.must(n.Store.Sync(ctx, seq))
		fmt.Println("ack", id)
	}
}
