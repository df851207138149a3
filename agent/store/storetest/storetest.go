// Package storetest gives a test the store of one node in a temporary folder,
// and does to it what happens to nodes: restarts, power cuts, damaged files.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/journal"
)

// Node is a node's folder with its log and store open. Its loops do not run: the
// log holds in memory what nobody synced, and the tables what nobody flushed.
type Node struct {
	Dir   string
	Log   *journal.Journal
	Store *store.Store

	t     testing.TB
	build func(*store.Store)
	limit int64
	mu    sync.Mutex
	now   time.Time
}

// New opens a node. build makes what stands on the store, each time it is
// opened; then the store recovers. limit, if any, is that of the log in bytes.
func New(t testing.TB, build func(*store.Store), limit ...int64) *Node {
	n := &Node{Dir: t.TempDir(), t: t, build: build, now: time.UnixMilli(1_767_225_600_000)}
	if len(limit) > 0 {
		n.limit = limit[0]
	}
	t.Cleanup(n.close)
	n.open()
	return n
}

// Now is the node's wall clock, which stands still.
func (n *Node) Now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// Advance moves the wall clock, in either direction.
func (n *Node) Advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.now.Add(d)
}

// Restart ends the store properly and starts it again.
func (n *Node) Restart() {
	n.t.Helper()
	if err := n.Store.Close(); err != nil {
		n.t.Fatal(err)
	}
	n.close()
	n.open()
}

// Cut pulls the plug: what was not synced or flushed is gone. The node goes on
// in a copy of its folder.
func (n *Node) Cut() {
	n.t.Helper()
	dir := n.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(n.Dir)); err != nil {
		n.t.Fatal(err)
	}
	_ = n.Log.Close() // so that closing the store can't flush
	n.close()
	n.Dir = dir
	n.open()
}

// Damage ends the store properly, overwrites the rows of one of its files and
// starts it again.
func (n *Node) Damage(file string) {
	n.t.Helper()
	if err := n.Store.Close(); err != nil {
		n.t.Fatal(err)
	}
	n.close()
	path := filepath.Join(n.Dir, file)
	b, err := os.ReadFile(path)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := 2 * os.Getpagesize(); i < len(b); i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		n.t.Fatal(err)
	}
	n.open()
}

func (n *Node) open() {
	n.t.Helper()
	o := journal.Options{FileBytes: 64 << 10, Limit: n.limit, MinFree: 1} // small, to be copied by Cut
	if _, measured := n.t.(*testing.B); measured {
		o = journal.Options{}
	}
	var err error
	if n.Log, err = journal.Open(filepath.Join(n.Dir, "log"), o); err != nil {
		n.t.Fatal(err)
	}
	if n.Store, err = store.Open(n.Dir, n.Log, store.Options{Now: n.Now}); err != nil {
		n.t.Fatal(err)
	}
	n.build(n.Store)
	if err := n.Store.Recover(context.Background()); err != nil {
		n.t.Fatal(err)
	}
}

// Close is what the end of the test does, for those that open many nodes.
func (n *Node) Close() {
	n.close()
	_ = os.RemoveAll(n.Dir)
}

func (n *Node) close() {
	_ = n.Store.Close()
	_ = n.Log.Close()
}
