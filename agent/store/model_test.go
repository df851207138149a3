package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// The model's tables: what a table does with rows is written here once with the
// store (model), and once without it (oracle), from the same log.
const keep = 10 * time.Second

type model struct {
	state, catalogue deriver
}

type deriver struct {
	rows func(tx *Tx, rec *wire.Record)
	load error
}

func (d *deriver) Load(*View) error                         { return d.load }
func (d *deriver) Apply(tx *Tx, _ uint64, rec *wire.Record) { d.rows(tx, rec) }
func register(s *Store) *model {
	m := &model{}
	last, seen, all := s.Table(State, "last", 0), s.Table(State, "seen", keep), s.Table(State, "all", 0)
	stock := s.Table(Catalogue, "stock", 0)
	m.state.rows = func(tx *Tx, rec *wire.Record) {
		o := rec.GetOutcome()
		if o == nil {
			return
		}
		tx.Put(all, []byte(o.Item), append(tx.Get(all, []byte(o.Item)), 'x')) // shows a record applied twice
		if o.Value < 0 {
			tx.Delete(last, []byte(o.Item))
			return
		}
		if tx.Get(seen, []byte(o.Id)) != nil {
			return // a repeat within keep changes nothing
		}
		tx.Put(seen, []byte(o.Id), []byte{})
		tx.Put(last, []byte(o.Item), append(tx.Get(last, []byte(o.Item)), o.Id...))
	}
	m.catalogue.rows = func(tx *Tx, rec *wire.Record) {
		if move := rec.GetStockMove(); move != nil {
			n := int64(0)
			if b := tx.Get(stock, []byte(move.Item)); b != nil {
				n = int64(binary.BigEndian.Uint64(b))
			}
			tx.Put(stock, []byte(move.Item), binary.BigEndian.AppendUint64(nil, uint64(n+move.Delta)))
		}
	}
	s.Register(State, &m.state)
	s.Register(Catalogue, &m.catalogue)
	return m
}

// oracle gives the rows that a log must lead to.
func oracle(t testing.TB, log *journal.Journal) map[string]string {
	t.Helper()
	rows := map[string]string{}
	seen, stock := map[string]int64{}, map[string]int64{}
	var now int64
	if log.Last() > 0 {
		err := log.Read(log.First(), log.Last(), func(_ uint64, b []byte) error {
			rec, err := wire.Decode(b)
			if err != nil {
				return err
			}
			if rec.AtMs < now {
				return fmt.Errorf("time fell from %d to %d", now, rec.AtMs)
			}
			now = rec.AtMs
			if move := rec.GetStockMove(); move != nil {
				stock[move.Item] += move.Delta
			}
			if o := rec.GetOutcome(); o != nil {
				rows["all/"+o.Item] += "x"
			}
			if o := rec.GetOutcome(); o != nil && o.Value < 0 {
				delete(rows, "last/"+o.Item)
			} else if at, ok := seen[o.GetId()]; o != nil && (!ok || at+keep.Milliseconds() <= now) {
				seen[o.Id] = now
				rows["last/"+o.Item] += o.Id
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, at := range seen {
		if at+keep.Milliseconds() > now {
			rows["seen/"+id] = ""
		}
	}
	for item, n := range stock {
		rows["stock/"+item] = string(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	return rows
}

// rows are all rows in service, read by Scan, each read again by Get.
func rows(t testing.TB, s *Store) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := s.View(func(v *View) error {
		for _, f := range s.files {
			for _, table := range f.tables {
				var keys []string
				for key, value := range v.Scan(table, nil) {
					keys = append(keys, string(key))
					got[string(table.name)+"/"+string(key)] = string(value)
					if again := v.Get(table, key); again == nil || string(again) != string(value) {
						t.Errorf("%s %q: Scan gives %x, Get %x", table.name, key, value, again)
					}
				}
				if !slices.IsSorted(keys) {
					t.Errorf("%s: Scan gives %q", table.name, keys)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// node is a state folder with an open log and store, and what crashes do to it.
type node struct {
	t   testing.TB
	dir string
	opt Options
	out journal.Options
	log *journal.Journal
	*Store
	model *model
	now   time.Time
}

func newNode(t testing.TB, opt Options) *node {
	n := &node{t: t, dir: t.TempDir(), opt: opt, out: journal.Options{FileBytes: 64 << 10, MinFree: 1}, now: time.UnixMilli(1_767_225_600_000)}
	if opt.Now == nil {
		n.opt.Now = func() time.Time { return n.now }
	}
	t.Cleanup(func() { n.letGo() })
	n.open()
	return n
}

func (n *node) open() {
	n.t.Helper()
	var err error
	if n.log, err = journal.Open(filepath.Join(n.dir, "log"), n.out); err != nil {
		n.t.Fatal(err)
	}
	if n.Store, err = Open(n.dir, n.log, n.opt); err != nil {
		n.t.Fatal(err)
	}
	n.model = register(n.Store)
	if err := n.Recover(context.Background()); err != nil {
		n.t.Fatal(err)
	}
}

// letGo frees what the process holds, as its death would, and writes nothing.
func (n *node) letGo() {
	_ = n.closeFiles()
	_ = n.log.Close()
}

// cut pulls the plug: what the log did not sync is gone. The store goes on in a
// copy of what the disk holds.
func (n *node) cut() {
	n.t.Helper()
	dir := n.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(n.dir)); err != nil {
		n.t.Fatal(err)
	}
	n.letGo()
	n.dir = dir
	n.open()
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// compare leaves out tables that the oracle does not know.
func (n *node) compare(but ...*Table) {
	n.t.Helper()
	got := rows(n.t, n.Store)
	for _, t := range but {
		maps.DeleteFunc(got, func(key, _ string) bool { return strings.HasPrefix(key, string(t.name)+"/") })
	}
	if d := cmp.Diff(oracle(n.t, n.log), got); d != "" {
		n.t.Fatalf("the tables are not what the log says (-log +tables):\n%s", d)
	}
	if got := n.Stats().Applied; got != n.log.Last() {
		n.t.Fatalf("applied %d of %d", got, n.log.Last())
	}
}

func outcome(id, item string, value float64) *wire.Record {
	return &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: id, Item: item, Value: value}}}
}

func move(item string, delta int64) *wire.Record {
	return &wire.Record{Body: &wire.Record_StockMove{StockMove: &wire.StockMove{Item: item, Delta: delta}}}
}

// damage writes over the middle of a file, where its rows are.
func damage(t testing.TB, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 2 * os.Getpagesize(); i < len(b); i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func sortedKeys(m map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// ahead writes a position that the log has not reached.
func (n *node) ahead(by uint64) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		return n.files[State].put(tx, position{n.log.Last() + by, 0}, n.log.Epoch())
	}
}

// stored counts the rows of a table in its file.
func (n *node) stored(table string) (count int) {
	n.t.Helper()
	n.must(n.files[State].db.View(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(table)).ForEach(func(_, _ []byte) error { count++; return nil })
	}))
	return count
}
