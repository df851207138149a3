package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/aisle-edge/aisle/central/store"
)

var marks = store.Schema{Name: "mark", Steps: []string{`CREATE TABLE mark (seq INTEGER PRIMARY KEY)`}}

type fixture struct {
	*Ledger
	db  *store.DB
	dir string
}

func open(t testing.TB, dir string) fixture {
	t.Helper()
	db, err := store.Open(dir, nil, Schema, marks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	l, err := Open(t.Context(), filepath.Join(dir, "ledger"), db)
	if err != nil {
		t.Fatal(err)
	}
	return fixture{l, db, dir}
}

// reopen is what a new process finds.
func (f fixture) reopen(t testing.TB) fixture {
	t.Helper()
	f.db.Close()
	return open(t, f.dir)
}

func nothing(*store.Tx) error { return nil }

// mark records the last sequence, as ingest does, refusing a second time.
func mark(seq uint64) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO mark (seq) VALUES (?)`, seq)
		return err
	}
}

func (f fixture) rows(t testing.TB) (rows []Row) {
	t.Helper()
	files, err := f.Files(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		err := f.Read(t.Context(), file, func(n int64, r *Row) error {
			if want := int64(len(rows)) - before(files, file); n != want {
				t.Errorf("row %d was called %d", want, n)
			}
			rows = append(rows, copied(r))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func before(files []File, f File) (n int64) {
	for _, g := range files {
		if g.Ordinal < f.Ordinal {
			n += g.Rows
		}
	}
	return n
}

func copied(r *Row) Row {
	c := *r
	for _, b := range []*[]byte{&c.EventID, &c.Slot, &c.Item, &c.Decision, &c.Pseudonym, &c.Record} {
		*b = append([]byte{}, *b...)
	}
	return c
}

// mixed makes n consecutive rows of one log: half decisions of the given size.
func mixed(agent string, first uint64, n, size int) []Row {
	rng := rand.New(rand.NewPCG(first, uint64(n)))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	rows := make([]Row, n)
	for i := range rows {
		seq := first + uint64(i)
		r := &rows[i]
		*r = Row{Agent: agent, Site: "site-" + agent, Epoch: [16]byte{1, 2, 3}, Seq: seq, AtMs: 1_700_000_000_000 + int64(seq)*17, ReceivedMs: 1_700_000_100_000, Kind: Tick,
			EventID: []byte{}, Slot: []byte{}, Item: []byte{}, Decision: []byte{}, Pseudonym: []byte{}, Record: append([]byte{0}, fmt.Sprintf("%d", seq)...)}
		switch rng.IntN(4) {
		case 0, 1:
			r.Kind, r.Slot, r.Decision, r.Pseudonym = Decision, []byte("home_hero"), random(16), random(16)
			r.EventID = fmt.Appendf(nil, "%x", r.Decision)
			r.Record = append([]byte{0}, decisionLike(rng, size)...)
		case 2:
			r.Kind, r.Slot, r.Item, r.Decision, r.OutcomeKey = Outcome, []byte("home_hero"), fmt.Appendf(nil, "item-%d", rng.IntN(900)), random(16), rng.Uint64()
			r.Duplicate = rng.IntN(20) == 0
			r.Record = append([]byte{0}, decisionLike(rng, 150)...)
		}
	}
	return rows
}

// decisionLike compresses about as real records do: half of it is random.
func decisionLike(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		if i%8 < 4 {
			b[i] = byte(rng.Uint32())
		} else {
			b[i] = byte(i)
		}
	}
	return b
}

func TestRowsComeBack(t *testing.T) {
	f := open(t, t.TempDir())
	want := append(mixed("store-1", 1, 5000, 900), mixed("store-2", 7, 300, 900)...)
	file, err := f.Append(t.Context(), want, nothing)
	if err != nil {
		t.Fatal(err)
	}
	second := mixed("store-1", 5001, 10, 100)
	if _, err := f.Append(t.Context(), second, nothing); err != nil {
		t.Fatal(err)
	}
	same(t, append(want, second...), f.rows(t))
	// The library's own reader must agree: others read these files too.
	got, err := parquet.ReadFile[Row](filepath.Join(f.dir, "ledger", filepath.FromSlash(file.Path)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = copied(&got[i])
	}
	same(t, want, got)
}

func TestOutcomeKeysAreThoseOfTheRows(t *testing.T) {
	f := open(t, t.TempDir())
	rows := mixed("store-1", 1, 3000, 100)
	file, err := f.Append(t.Context(), rows, nothing)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []uint64
	for i := range rows {
		if rows[i].OutcomeKey != 0 {
			want = append(want, rows[i].OutcomeKey)
		}
	}
	if err := f.OutcomeKeys(t.Context(), file, func(key uint64) { got = append(got, key) }); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
}

func same(t *testing.T, want, got []Row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("row %d: %s", i, cmp.Diff(want[i], got[i]))
		}
	}
}

// TestFilesOfAPersonAreFoundFromTheirFooters is what erasure will build on.
func TestFilesOfAPersonAreFoundFromTheirFooters(t *testing.T) {
	f := open(t, t.TempDir())
	rows := mixed("store-1", 1, 1000, 100)
	file, err := f.Append(t.Context(), rows, nothing)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.load(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	filter := p.RowGroups()[0].ColumnChunks()[12].BloomFilter()
	misses := 0
	for i := range rows {
		if found, err := filter.Check(parquet.ByteArrayValue(rows[i].Pseudonym)); err != nil || !found {
			t.Fatalf("person of row %d not found: %v", i, err)
		}
		if found, _ := filter.Check(parquet.ByteArrayValue([]byte{byte(i), byte(i >> 8), 99})); found {
			misses++
		}
	}
	if misses > 50 {
		t.Errorf("%d of 1000 strangers would have their file rewritten", misses)
	}
}

func TestFileTellsWhatItHolds(t *testing.T) {
	f := open(t, t.TempDir())
	rows := append(mixed("store-1", 1, 10, 100), mixed("store-1", 21, 10, 100)...)
	rows = append(rows, mixed("store-2", 1, 5, 100)...)
	file, err := f.Append(t.Context(), rows, nothing)
	if err != nil {
		t.Fatal(err)
	}
	if file.Ordinal != 1 || file.Rows != 25 || file.MinAtMs != rows[0].AtMs || file.MaxAtMs != rows[19].AtMs || filepath.Dir(file.Path) != "day=2023-11-14" {
		t.Errorf("file is %+v", file)
	}
	var ranges []string
	err = f.db.View(t.Context(), func(tx *store.Tx) error {
		for row, err := range tx.Query(`SELECT agent || ' ' || first || '-' || last FROM ledger_range ORDER BY 1`) {
			var s string
			if err := errors.Join(err, row.Scan(&s)); err != nil {
				return err
			}
			ranges = append(ranges, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"store-1 1-10", "store-1 21-30", "store-2 1-5"}, ranges); d != "" {
		t.Error(d)
	}
	if _, err := f.Append(t.Context(), rows[:10], nothing); err == nil {
		t.Error("the same range was committed twice")
	}
}

var errCrash = errors.New("crash")

// TestCrashBetweenStepsLeavesRowsAndMarkTogether stops Append after each of its
// steps, reopens, and demands all of it or nothing, and no stray file.
func TestCrashBetweenStepsLeavesRowsAndMarkTogether(t *testing.T) {
	for step, committed := range map[string]bool{"write": false, "sync": false, "rename": false, "sync folder": false, "with": false, "commit": true} {
		t.Run(step, func(t *testing.T) {
			f := open(t, t.TempDir())
			if _, err := f.Append(t.Context(), mixed("store-1", 1, 10, 100), mark(10)); err != nil {
				t.Fatal(err)
			}
			f.after = func(s string) error {
				if s == step {
					return errCrash
				}
				return nil
			}
			with := mark(20)
			if step == "with" {
				with = func(*store.Tx) error { return errCrash }
			}
			if _, err := f.Append(t.Context(), mixed("store-1", 11, 10, 100), with); !errors.Is(err, errCrash) {
				t.Fatalf("got %v, want the crash", err)
			}
			f = f.reopen(t)
			want := 10
			if committed {
				want = 20
			}
			check(t, f, want)
			// The process that comes after goes on where the mark says.
			if !committed {
				if _, err := f.Append(t.Context(), mixed("store-1", 11, 10, 100), mark(20)); err != nil {
					t.Fatal(err)
				}
			} else if _, err := f.Append(t.Context(), mixed("store-1", 11, 10, 100), mark(20)); err == nil {
				t.Fatal("what had been committed was committed again")
			}
			check(t, f.reopen(t), 20)
		})
	}
}

// check demands n rows in sequence, the mark at n, and no file without a row.
func check(t *testing.T, f fixture, n int) {
	t.Helper()
	rows := f.rows(t)
	for i, r := range rows {
		if r.Seq != uint64(i+1) {
			t.Fatalf("row %d has sequence %d", i, r.Seq)
		}
	}
	var last int
	if err := f.db.View(t.Context(), func(tx *store.Tx) error { return tx.One(`SELECT max(seq) FROM mark`).Scan(&last) }); err != nil {
		t.Fatal(err)
	}
	if len(rows) != n || last != n {
		t.Fatalf("%d rows and the mark at %d, want %d", len(rows), last, n)
	}
	files, err := f.Files(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	onDisk := 0
	fs.WalkDir(os.DirFS(filepath.Join(f.dir, "ledger")), ".", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			onDisk++
		}
		return err
	})
	if onDisk != len(files) {
		t.Fatalf("%d files on disk, %d committed", onDisk, len(files))
	}
}

func TestSweepLeavesForeignFiles(t *testing.T) {
	f := open(t, t.TempDir())
	stray := filepath.Join(f.dir, "ledger", "README")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.reopen(t)
	if _, err := os.Stat(stray); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFound(t *testing.T) {
	f := open(t, t.TempDir())
	file, err := f.Append(t.Context(), mixed("store-1", 1, 100, 100), nothing)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.dir, "ledger", filepath.FromSlash(file.Path))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, whole...)
	flipped[len(flipped)/2] ^= 1
	for name, b := range map[string][]byte{"flipped": flipped, "cut": whole[:len(whole)-1], "empty": {}} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		err := f.Read(t.Context(), file, func(int64, *Row) error { return errors.New("a row came out") })
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
}

func TestReadStopsWithItsCallersError(t *testing.T) {
	f := open(t, t.TempDir())
	file, err := f.Append(t.Context(), mixed("store-1", 1, 100, 100), nothing)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	n := 0
	if err := f.Read(t.Context(), file, func(int64, *Row) error { n++; return enough }); err != enough || n != 1 {
		t.Errorf("got %v after %d rows", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Read(ctx, file, func(int64, *Row) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
}

func TestWaitWakesOnCommit(t *testing.T) {
	f := open(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		l := &Ledger{grew: make(chan struct{}), end: 3}
		woken := make(chan error, 1)
		go func() { woken <- l.Wait(context.Background(), 4) }()
		synctest.Wait()
		l.announce(4)
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken by a file that was known")
		}
		l.announce(5)
		if err := <-woken; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := l.Wait(ctx, 5); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	if _, err := f.Append(t.Context(), mixed("store-1", 1, 1, 1), nothing); err != nil {
		t.Fatal(err)
	}
	if err := f.Wait(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.reopen(t).Wait(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}
