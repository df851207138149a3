package coordinate_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

// Each check opens a node many times; -rapid.checks asks for more of them.
func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	_ = flag.Set("rapid.checks", "20")
	os.Exit(m.Run())
}

// shelf is a node with items of which there are ten each.
type shelf struct {
	*storetest.Node
	*coordinate.Holds
	cat *catalogue.Catalogue
}

func newShelf(t testing.TB, items int) *shelf {
	s := &shelf{}
	s.Node = storetest.New(t, func(st *store.Store) {
		s.cat = catalogue.New(st)
		s.Holds = coordinate.New(st, s.cat)
	})
	for i := range items {
		s.commit(t, &wire.Record{Body: &wire.Record_Item{Item: &wire.Item{Id: fmt.Sprint("i", i), Status: "active", Stock: 10, StockKnown: true}}})
	}
	s.Restart() // and the catalogue has a snapshot
	return s
}

func (s *shelf) commit(t testing.TB, rec *wire.Record) {
	t.Helper()
	if _, err := s.Store.Commit(rec, nil); err != nil {
		t.Fatal(err)
	}
}

func decision(n int, items []string, quantity uint32, until int64) *wire.Decision {
	d := &wire.Decision{Id: append(make([]byte, 15), byte(n)), EventId: fmt.Sprint("e", n), Items: items}
	for i := range items {
		d.Shown = append(d.Shown, &wire.Shown{Hold: &wire.Hold{Id: coordinate.ID([16]byte(d.Id), i), UntilMs: until, Quantity: quantity}})
	}
	return d
}

// Promise 4: what can be promised is what is there less what is held, after any
// history of holds, their ends, restarts, power cuts and a damaged file.
func TestHoldsAreWhatTheLogSays(t *testing.T) {
	type hold struct {
		decision, item int
		quantity       int64
		until          time.Time
	}
	rapid.Check(t, func(r *rapid.T) {
		const items = 4
		s := newShelf(t, items)
		defer s.Close()
		var live []hold
		decisions := 0
		drop := func(is func(hold) bool) {
			for i, h := range live {
				if is(h) {
					live = append(live[:i:i], live[i+1:]...)
					return
				}
			}
		}
		one := func(r *rapid.T) (d, item int) {
			return rapid.IntRange(0, decisions).Draw(r, "decision"), rapid.IntRange(0, items-1).Draw(r, "item")
		}
		r.Repeat(map[string]func(*rapid.T){
			"hold": func(r *rapid.T) {
				if decisions == 200 {
					return
				}
				decisions++
				ttl := time.Duration(rapid.IntRange(1, 3).Draw(r, "minutes")) * time.Minute
				quantity := rapid.Uint32Range(1, 2).Draw(r, "quantity")
				shown := rapid.SliceOfNDistinct(rapid.IntRange(0, items-1), 1, 3, rapid.ID[int]).Draw(r, "items")
				var ids []string
				for _, i := range shown {
					ids = append(ids, fmt.Sprint("i", i))
					live = append(live, hold{decisions, i, int64(quantity), s.Now().Add(ttl)})
				}
				s.commit(t, &wire.Record{Body: &wire.Record_Decision{Decision: decision(decisions, ids, quantity, s.Now().Add(ttl).UnixMilli())}})
			},
			"buy": func(r *rapid.T) {
				d, item := one(r)
				kind := rapid.SampledFrom([]wire.OutcomeType{wire.OutcomeType_OUTCOME_PURCHASE, wire.OutcomeType_OUTCOME_VOID, wire.OutcomeType_OUTCOME_CLICK}).Draw(r, "type")
				s.commit(t, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o", Decision: decision(d, nil, 0, 0).Id, Item: fmt.Sprint("i", item), Type: kind}}})
				if kind != wire.OutcomeType_OUTCOME_CLICK {
					drop(func(h hold) bool { return h.decision == d && h.item == item })
				}
			},
			"release": func(r *rapid.T) {
				if decisions == 0 {
					return
				}
				d := rapid.IntRange(1, decisions).Draw(r, "decision")
				if err := s.Release(decision(d, []string{"x", "y", "z"}, 1, 0)); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					drop(func(h hold) bool { return h.decision == d })
				}
			},
			"time":    func(r *rapid.T) { s.Advance(time.Duration(rapid.IntRange(1, 90).Draw(r, "seconds")) * time.Second) },
			"restart": func(*rapid.T) { s.Restart() },
			"cut": func(*rapid.T) {
				if err := s.Store.Sync(ctx, s.Log.Last()); err != nil {
					t.Fatal(err)
				}
				s.Cut()
			},
			"damage": func(*rapid.T) { s.Damage("state.db") },
			"": func(r *rapid.T) {
				before := s.Log.Last()
				if err := s.Settle(); err != nil {
					t.Fatal(err)
				}
				left := map[int]int64{}
				due := false
				for i := 0; i < len(live); {
					if h := live[i]; !h.until.After(s.Now()) {
						live, due = append(live[:i:i], live[i+1:]...), true
					} else {
						left[h.item] += h.quantity
						i++
					}
				}
				if made := s.Log.Last() - before; made > 1 || made == 1 && !due {
					r.Fatalf("settling made %d records, holds were due: %v", made, due)
				}
				for i := range items {
					place, ok := s.cat.Snapshot().Place(fmt.Sprint("i", i))
					if want := 10 - left[i]; !ok || s.cat.Promisable(place) != want || s.cat.Availability().Bits.Has(place) != (want > 0) {
						r.Fatalf("i%d: %d can be promised, want %d", i, s.cat.Promisable(place), want)
					}
				}
				if s.Live() != len(live) {
					r.Fatalf("%d holds, want %d", s.Live(), len(live))
				}
			},
		})
	})
}

// A start with a row that is no hold says that the file is damaged.
func TestMalformedHoldIsDamage(t *testing.T) {
	for _, row := range [][]byte{nil, {0}, {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'i'}} {
		var table *store.Table
		write := true
		n := storetest.New(t, func(st *store.Store) {
			if table = st.Table(store.State, "holds", 0); write {
				st.Register(store.State, writer{table, row})
				return
			}
		})
		if _, err := n.Store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil); err != nil {
			t.Fatal(err)
		}
		if err := n.Store.Close(); err != nil {
			t.Fatal(err)
		}
		st, err := store.Open(n.Dir, n.Log, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		coordinate.New(st, catalogue.New(st))
		if err := st.Recover(ctx); err == nil {
			t.Errorf("a row of %d bytes was taken for a hold", len(row))
		}
		_ = st.Close()
	}
}

type writer struct {
	table *store.Table
	row   []byte
}

func (writer) Load(*store.View) error { return nil }
func (w writer) Apply(tx *store.Tx, _ uint64, _ *wire.Record) {
	tx.Put(w.table, make([]byte, 17), w.row)
}
