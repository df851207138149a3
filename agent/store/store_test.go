package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1) // damage is what half of these tests are about
	os.Exit(m.Run())
}

// Promise 1, and the ground under all others: whatever happens, the tables are
// what the log says, the log holds what was synced, and the same history leads
// to the same tables wherever it was flushed.
func TestTablesAreWhatTheLogSays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := newNode(t, Options{FlushRows: 8})
		var synced uint64
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
		actions := map[string]func(*rapid.T){
			"outcome": func(r *rapid.T) {
				_, err := n.Commit(outcome(id.Draw(r, "id"), id.Draw(r, "item"), 1), nil)
				n.must(err)
			},
			"delete": func(r *rapid.T) {
				_, err := n.Commit(outcome("", id.Draw(r, "item"), -1), nil)
				n.must(err)
			},
			"move": func(r *rapid.T) {
				_, err := n.Commit(move(id.Draw(r, "item"), rapid.Int64Range(-3, 3).Draw(r, "delta")), nil)
				n.must(err)
			},
			"sync": func(*rapid.T) {
				synced = n.Stats().Applied
				n.must(n.Store.Sync(context.Background(), synced))
			},
			"time":       func(r *rapid.T) { n.now = n.now.Add(time.Duration(rapid.IntRange(-2, 9).Draw(r, "s")) * time.Second) },
			"flush":      func(r *rapid.T) { n.must(n.flush(context.Background(), rapid.Bool().Draw(r, "all"))) },
			"checkpoint": func(*rapid.T) { n.must(n.makeCheckpoints()) },
			"restart":    func(*rapid.T) { n.must(n.Close()); n.letGo(); n.open() },
			"cut": func(*rapid.T) {
				n.cut()
				if n.log.Last() < synced {
					r.Fatalf("%d was synced, the log ends at %d", synced, n.log.Last())
				}
			},
			"damage": func(r *rapid.T) {
				name := n.files[rapid.SampledFrom([]File{State, Catalogue}).Draw(r, "file")].path
				n.letGo()
				damage(t, name)
				n.open()
			},
			"": func(*rapid.T) { n.compare() },
		}
		r.Repeat(actions)
		n.letGo()
	})
}

// Promise 1: a crash between any two steps of a flush or a checkpoint leaves
// tables that the log brings up to date.
func TestCrashBetweenSteps(t *testing.T) {
	for steps := 1; ; steps++ {
		n := newNode(t, Options{})
		for i := range 40 {
			_, err := n.Commit(outcome(fmt.Sprint(i), fmt.Sprint(i%7), 1), nil)
			n.must(err)
			_, err = n.Commit(move(fmt.Sprint(i%5), 1), nil)
			n.must(err)
			if i == 20 {
				n.must(n.flush(context.Background(), true))
				n.must(n.makeCheckpoints())
			}
		}
		durable := n.log.Durable()
		left := steps
		n.Store.opt.step = func(string) {
			if left--; left == 0 {
				panic("crash")
			}
			_, err := n.Commit(move("meanwhile", 1), nil) // nobody waits for a flush
			n.must(err)
		}
		crashed := func() (crashed bool) {
			defer func() { crashed = recover() != nil }()
			n.must(n.flush(context.Background(), true))
			n.must(n.makeCheckpoints())
			return
		}()
		n.cut()
		if n.log.Last() < durable {
			t.Fatalf("step %d: %d was durable, the log ends at %d", steps, durable, n.log.Last())
		}
		n.compare()
		n.letGo()
		if !crashed {
			if steps < 6 {
				t.Fatalf("only %d steps", steps)
			}
			return
		}
	}
}

func TestCommitChecksUnderTheSameLock(t *testing.T) {
	n := newNode(t, Options{})
	refused := errors.New("refused")
	const writers = 8
	counted := n.Table(State, "count", 0)
	one := deriver{rows: func(tx *Tx, rec *wire.Record) {
		tx.Put(counted, []byte("n"), append(tx.Get(counted, []byte("n")), 'x'))
	}}
	n.Register(State, &one)
	done := make(chan error)
	for range writers {
		go func() {
			_, err := n.Commit(outcome("o", "i", 1), func(v *View) error {
				if len(v.Get(counted, []byte("n"))) > 0 {
					return refused
				}
				return nil
			})
			done <- err
		}()
	}
	passed := 0
	for range writers {
		if err := <-done; err == nil {
			passed++
		} else if !errors.Is(err, refused) {
			t.Error(err)
		}
	}
	if passed != 1 || n.log.Last() != 1 {
		t.Errorf("%d of %d passed a check that one may pass; %d records", passed, writers, n.log.Last())
	}
}

// A View sees whole records: the two tables of a file never differ in it.
func TestViewSeesWholeRecords(t *testing.T) {
	n := newNode(t, Options{FlushRows: 4})
	a, b := n.Table(State, "a", 0), n.Table(Catalogue, "b", 0)
	key := []byte("k")
	add := func(t *Table) *deriver {
		return &deriver{rows: func(tx *Tx, _ *wire.Record) { tx.Put(t, key, append(tx.Get(t, key), 'x')) }}
	}
	n.Register(State, add(a))
	n.Register(Catalogue, add(b))
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error)
	go func() { ran <- n.Run(ctx) }()
	go func() {
		for range 300 {
			if _, err := n.Commit(move("i", 1), nil); err != nil {
				t.Error(err)
			}
		}
		cancel()
	}()
	for ctx.Err() == nil {
		n.must(n.View(func(v *View) error {
			if x, y := len(v.Get(a, key)), len(v.Get(b, key)); x != y {
				return fmt.Errorf("one table has %d records, another %d", x, y)
			}
			return nil
		}))
	}
	n.must(<-ran)
}

func TestOneDamagedFileLeavesTheOthersAlone(t *testing.T) {
	for _, withCheckpoint := range []bool{false, true} {
		n := newNode(t, Options{})
		fill(n, 0, 30)
		if withCheckpoint {
			n.must(n.makeCheckpoints())
		}
		fill(n, 30, 60)
		before := oracle(t, n.log)
		n.must(n.Close())
		n.letGo()
		damage(t, filepath.Join(n.dir, "catalogue.db"))
		n.open()
		n.compare()
		if d := cmp.Diff(before, rows(t, n.Store)); d != "" {
			t.Error(d)
		}
		if !exists(filepath.Join(n.dir, "catalogue.db.quarantine")) || exists(filepath.Join(n.dir, "state.db.quarantine")) {
			t.Error("not the damaged file, or not it alone, was set aside")
		}
		from := uint64(0)
		if withCheckpoint {
			from = 60 // two records a row
		}
		if got := n.files[Catalogue].start.seq; got != from {
			t.Errorf("with a checkpoint: %v: rebuilt from %d, want %d", withCheckpoint, got, from)
		}
	}
}

func fill(n *node, from, to int) {
	n.t.Helper()
	for i := from; i < to; i++ {
		_, err := n.Commit(outcome(fmt.Sprint(i), fmt.Sprint(i%7), 1), nil)
		n.must(err)
		_, err = n.Commit(move(fmt.Sprint(i%5), 1), nil)
		n.must(err)
	}
	n.must(n.flush(context.Background(), true))
}

// What can happen to a file: each is found at the start, and the rows come back.
func TestDamagedFiles(t *testing.T) {
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for name, harm := range map[string]func(path string) error{
		"empty":             func(p string) error { return os.Truncate(p, 0) },
		"one byte":          func(p string) error { return os.Truncate(p, 1) },
		"one page":          func(p string) error { return os.Truncate(p, int64(os.Getpagesize())) },
		"metas only":        func(p string) error { return os.Truncate(p, 2*int64(os.Getpagesize())) },
		"cut in the middle": func(p string) error { return os.Truncate(p, size(p)/2) },
		"gone":              os.Remove,
		"text":              func(p string) error { return os.WriteFile(p, []byte("hello"), 0o600) },
		"zeros":             func(p string) error { return os.WriteFile(p, make([]byte, size(p)), 0o600) },
		"rows":              func(p string) error { damage(t, p); return nil },
		"marked":            func(p string) error { return os.WriteFile(p+".suspect", nil, 0o600) },
	} {
		for _, checkpointToo := range []bool{false, true} {
			t.Run(fmt.Sprint(name, checkpointToo), func(t *testing.T) {
				n := newNode(t, Options{})
				fill(n, 0, 200)
				n.must(n.makeCheckpoints())
				fill(n, 200, 300)
				n.must(n.Close())
				n.letGo()
				n.must(harm(filepath.Join(n.dir, "state.db")))
				if checkpointToo {
					n.must(harm(filepath.Join(n.dir, "checkpoint", "state.db")))
				}
				n.open()
				n.compare()
				n.must(n.Close())
				n.letGo()
				n.open() // and once is enough
				if got := n.files[State].start.seq; got != n.log.Last() {
					t.Errorf("rebuilt up to %d of %d", got, n.log.Last())
				}
			})
		}
	}
}

// Damage that shows in service stops the store, and the next start rebuilds.
func TestDamageInService(t *testing.T) {
	n := newNode(t, Options{})
	fill(n, 0, 400)
	damage(t, n.files[State].path)
	err := n.View(func(v *View) error {
		for range v.Scan(n.files[State].tables[0], nil) {
		}
		return nil
	})
	if !errors.Is(err, ErrCorrupt) {
		t.Fatalf("reading a damaged file: %v", err)
	}
	if _, err := n.Commit(move("i", 1), nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("commit after it: %v", err)
	}
	if err := n.Run(context.Background()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Run ends with %v", err)
	}
	n.letGo()
	n.open()
	n.compare()
}

// A full file refuses growth, of its own records alone, and what must be obeyed
// still goes. Rows expire, sweeps make room, and it takes records again.
func TestFullFile(t *testing.T) {
	n := newNode(t, Options{MaxSize: 4 << 20, FlushRows: 64})
	large := n.Table(State, "large", keep)
	n.Register(State, &deriver{rows: func(tx *Tx, rec *wire.Record) {
		if a := rec.GetActivation(); a != nil {
			tx.Put(large, []byte(a.EventId), make([]byte, 2000))
		}
	}})
	activate := func(i int) error {
		_, err := n.Commit(&wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{EventId: fmt.Sprint(i)}}}, nil)
		return err
	}
	var err error
	accepted := 0
	for ; err == nil && accepted < 5000; accepted++ {
		if err = activate(accepted); err == nil {
			n.must(n.Pace(context.Background()))
		}
	}
	if !errors.Is(err, ErrFull) || accepted < 1000 {
		t.Fatalf("after %d rows of 2 KB in 4 MB: %v", accepted, err)
	}
	if st := n.Stats(); len(st.Full) != 1 || st.Full[0] != "state.db" {
		t.Errorf("%+v", st)
	}
	_, err = n.Commit(move("i", 1), nil)
	n.must(err)
	_, err = n.Commit(&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{}}}, nil)
	n.must(err)
	n.must(n.flush(context.Background(), true))
	n.compare(large)
	n.now = n.now.Add(2 * keep)
	_, err = n.Commit(move("i", 1), nil) // time goes on by records
	n.must(err)
	for flushes := 0; activate(0) != nil; flushes++ {
		n.must(n.flush(context.Background(), true))
		if flushes > 2*accepted/sweep+10 {
			t.Fatal("no room after all rows expired")
		}
	}
	n.cut()
	n.compare()
}

func TestLogThatLostWhatWasDurable(t *testing.T) {
	n := newNode(t, Options{})
	fill(n, 0, 10)
	n.must(n.Close())
	n.letGo()
	held := rows(t, reopened(t, n))
	n.letGo()
	n.must(os.RemoveAll(filepath.Join(n.dir, "log")))
	// A new log has a new epoch, and starts from the tables.
	n.open()
	if d := cmp.Diff(held, rows(t, n.Store)); d != "" {
		t.Error(d)
	}
	_, err := n.Commit(move("0", 1), nil)
	n.must(err)
	n.must(n.Close())
	n.letGo()
	n.open()
	if got, want := rows(t, n.Store)["stock/0"], held["stock/0"]; got <= want {
		t.Errorf("a movement in the new epoch: stock %x, before it %x", got, want)
	}
}

func reopened(t *testing.T, n *node) *Store {
	t.Helper()
	n.open()
	return n.Store
}

func TestLogThatEndsEarlyIsRefused(t *testing.T) {
	n := newNode(t, Options{})
	fill(n, 0, 10)
	n.must(n.files[State].update(1<<30, n.ahead(5)))
	n.must(n.Store.closeFiles())
	if _, err := Open(n.dir, n.log, n.opt); !errors.Is(err, ErrBehind) {
		t.Errorf("tables ahead of the log: %v", err)
	}
}

func TestRunFlushesSweepsAndCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, Options{CheckpointBytes: 1, Now: time.Now})
		ctx, cancel := context.WithCancel(context.Background())
		ran := make(chan error)
		go func() { ran <- n.Run(ctx) }()
		for i := range 600 {
			_, err := n.Commit(outcome(fmt.Sprint(i), "i", 1), nil)
			n.must(err)
		}
		<-time.After(2 * keep)
		if st := n.Stats(); st.Rows != 0 || n.Checkpointed() != 600 {
			t.Errorf("after %v: %+v", 2*keep, st)
		}
		_, err := n.Commit(move("i", 1), nil) // time goes on by records
		n.must(err)
		<-time.After(10 * time.Second)
		cancel()
		n.must(<-ran)
		if left := n.stored("seen"); left != 0 {
			t.Errorf("%d expired rows are still in the file", left)
		}
		n.compare()
		n.letGo()
	})
}

func TestAppendRefused(t *testing.T) {
	n := newNode(t, Options{})
	n.must(n.log.Close())
	if _, err := n.Commit(outcome("a", "b", 1), nil); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if got := rows(t, n.Store); len(got) != 0 {
		t.Errorf("a record that is not in the log left rows: %v", sortedKeys(got))
	}
}

// A deriver's panic leaves tables that are no function of the log: they must
// not be written.
func TestPanicInApplyStopsTheStore(t *testing.T) {
	n := newNode(t, Options{})
	fill(n, 0, 5)
	whole := n.model.state.rows
	n.model.state.rows = func(tx *Tx, rec *wire.Record) {
		tx.Put(n.files[State].tables[0], []byte("half"), []byte("done"))
		panic("bug")
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = n.Commit(outcome("x", "y", 1), nil)
	}()
	if _, err := n.Commit(outcome("x", "y", 1), nil); err == nil {
		t.Error("committed after a panic")
	}
	if err := n.flush(context.Background(), true); err == nil {
		t.Error("flushed after a panic")
	}
	n.model.state.rows = whole
	n.letGo()
	n.open()
	n.compare()
}

// Rebuilding one file writes now and then; the others, which are further on,
// must not fall back.
func TestRebuildingLeavesPositionsAlone(t *testing.T) {
	n := newNode(t, Options{FlushRows: 4})
	fill(n, 0, 30)
	n.must(n.Close())
	n.letGo()
	damage(t, filepath.Join(n.dir, "state.db"))
	crash := 0
	n.opt.step = func(name string) {
		if name == "flushed" {
			if crash++; crash == int(files)+1 { // the first flush is complete
				panic("crash")
			}
		}
	}
	func() {
		defer func() { _ = recover() }()
		n.open()
		t.Error("no flush while rebuilding")
	}()
	n.opt.step = nil
	n.cut()
	n.compare()
}

// Rows that a deriver can't read are damage too, which one start reports and the
// next one mends.
func TestMalformedRowsAreRebuilt(t *testing.T) {
	n := newNode(t, Options{})
	fill(n, 0, 5)
	n.must(n.Close())
	n.letGo()
	var err error
	n.log, err = journal.Open(filepath.Join(n.dir, "log"), n.out)
	n.must(err)
	n.Store, err = Open(n.dir, n.log, n.opt)
	n.must(err)
	register(n.Store).state.load = fmt.Errorf("%w: malformed row", ErrCorrupt)
	if err := n.Recover(context.Background()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	n.letGo()
	n.open()
	n.compare()
	if !exists(filepath.Join(n.dir, "state.db.quarantine")) {
		t.Error("the file was not set aside")
	}
}

// What version 0 wrote is read for ever.
func TestPositionVersion0(t *testing.T) {
	const golden = "00" + "0102030405060708090a0b0c0d0e0f10" + "000000000000012c" + "0000019b76daac00"
	epoch := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	want := position{300, 0x19b76daac00}
	if b := want.encode(epoch); fmt.Sprintf("%x", b) != golden {
		t.Errorf("written as %x", b)
	}
	n := newNode(t, Options{})
	n.must(n.files[State].update(1<<30, func(tx *bolt.Tx) error { return n.files[State].put(tx, want, epoch) }))
	if got, err := readPosition(n.files[State].db, epoch); err != nil || got != want {
		t.Errorf("read as %v, %v", got, err)
	}
	if got, err := readPosition(n.files[State].db, [16]byte{}); err != nil || got != (position{0, want.ms}) {
		t.Errorf("of another epoch it is read as %v, %v", got, err)
	}
}
