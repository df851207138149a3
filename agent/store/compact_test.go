package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const secret = "PLANTED-MARKER"

// plantAndDelete writes rows with the secret, lets them get everywhere, deletes
// them, and gives the sequence of the last deletion.
func plantAndDelete(n *node) (seq uint64) {
	n.t.Helper()
	ctx := context.Background()
	for i := range 300 {
		_, err := n.Commit(outcome(fmt.Sprint(secret, i), fmt.Sprint(i%60), 1), nil)
		n.must(err)
	}
	n.must(n.flush(ctx, true))
	n.must(n.makeCheckpoints())
	n.must(os.WriteFile(filepath.Join(n.dir, "state.db.quarantine"), []byte(secret), 0o600))
	n.now = n.now.Add(time.Minute) // what was seen expires
	for i := range 60 {
		var err error
		seq, err = n.Commit(outcome("gone", fmt.Sprint(i), -1), nil)
		n.must(err)
	}
	for range 4 { // sweeps
		_, err := n.Commit(move("i", 1), nil)
		n.must(err)
		n.must(n.flush(ctx, true))
	}
	return seq
}

// holding are the files but the log's that hold a text.
func holding(t testing.TB, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Base(filepath.Dir(path)) == "log" {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), text) {
			names = append(names, e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Promise 10: what was deleted is in no page of the files, nor of their
// checkpoints, once they are compacted; who reads and writes meanwhile goes on.
func TestDeletedIsNowhereOnceCompacted(t *testing.T) {
	n := newNode(t, Options{})
	seq := plantAndDelete(n)
	if len(holding(t, n.dir, secret)) < 3 {
		t.Fatal("nothing was planted")
	}
	done := make(chan struct{})
	var beside sync.WaitGroup
	for range 2 {
		beside.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if _, err := n.Commit(move(fmt.Sprint(i%9), 1), nil); err != nil {
					t.Error(err)
				}
				if i%8 == 0 {
					n.must(n.flush(context.Background(), false))
				}
				rows(t, n.Store)
			}
		})
	}
	for range 3 {
		n.must(n.Compact(context.Background(), seq, State, Catalogue))
	}
	close(done)
	beside.Wait()
	if left := holding(t, n.dir, secret); len(left) > 0 {
		t.Errorf("%v still hold what was deleted", left)
	}
	n.compare()
	damage(t, filepath.Join(n.dir, "state.db"))
	n.cut() // rebuilt from the new checkpoint
	n.compare()
}

// A crash between the steps leaves tables that agree with the log, and the same
// call again does the rest.
func TestCrashInACompaction(t *testing.T) {
	for steps := 1; ; steps++ {
		n := newNode(t, Options{})
		seq := plantAndDelete(n)
		left := steps
		n.Store.opt.step = func(string) {
			if left--; left == 0 {
				panic("crash")
			}
		}
		crashed := func() (crashed bool) {
			defer func() { crashed = recover() != nil }()
			n.must(n.Compact(context.Background(), seq, State))
			return
		}()
		n.cut()
		n.compare()
		n.must(n.Compact(context.Background(), seq, State))
		if left := holding(t, n.dir, secret); len(left) > 0 {
			t.Errorf("crash at step %d: %v still hold what was deleted", steps, left)
		}
		n.compare()
		n.letGo()
		if !crashed {
			if steps < 3 {
				t.Fatalf("only %d steps", steps)
			}
			return
		}
	}
}
