package catalogue

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

// Each check opens a node some ten times; -rapid.checks asks for more of them.
func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	_ = flag.Set("rapid.checks", "20")
	os.Exit(m.Run())
}

type shop struct {
	*storetest.Node
	*Catalogue
	t testing.TB
}

func newShop(t testing.TB, attributes ...string) *shop {
	s := &shop{t: t}
	s.Node = storetest.New(t, func(st *store.Store) {
		s.Catalogue = New(st)
		if err := s.SetAttributes(attributes...); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

func each[T any](rows ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// all takes the report of a write in which nothing may be refused.
func (s *shop) all(r store.Report, err error) store.Report {
	s.t.Helper()
	if err != nil || r.Refused > 0 {
		s.t.Fatalf("%+v, %v", r, err)
	}
	return r
}

func (s *shop) put(items ...*wire.Item) { s.t.Helper(); s.all(s.PutItems(ctx, each(items...))) }
func (s *shop) count(id string, n, asOf int64) {
	s.t.Helper()
	s.all(s.PutStock(ctx, each(&wire.StockCount{Item: id, OnHand: n, AsOfMs: asOf})))
}
func (s *shop) move(id, item string, delta, at int64) store.Report {
	s.t.Helper()
	return s.all(s.Move(ctx, each(&wire.StockMove{Id: id, Item: item, Delta: delta, HappenedMs: at})))
}

func (s *shop) place(id string) int {
	s.t.Helper()
	i, ok := s.Snapshot().Place(id)
	if !ok {
		s.t.Fatalf("%s has no place", id)
	}
	return i
}

func (s *shop) onHand(id string) int64 { s.t.Helper(); return s.OnHand(s.place(id)) }
func (s *shop) available(id string) bool {
	s.t.Helper()
	return s.Availability().Bits.Has(s.place(id))
}

func (s *shop) ms() int64 { return s.Now().UnixMilli() }

func thing(id string, change ...func(*wire.Item)) *wire.Item {
	it := &wire.Item{Id: id, Scheme: "own", Title: "Thing " + id, Brand: "B", Category: "a/b", TaxRate: 0.19, Cost: 50, CostKnown: true,
		Price: &wire.Money{Amount: 119, Currency: "EUR"}, Status: "active", Attributes: map[string]string{"colour": "red", "size": id}}
	for _, c := range change {
		c(it)
	}
	return it
}

// view is all of a snapshot that a reader can see, as texts.
func view(s *Snapshot) []string {
	var rows []string
	for i := range s.Len() {
		row := fmt.Sprintln(i, s.ID(i), s.Hash[i], s.Status[i], s.Gross[i], s.Net[i], s.Cost[i], s.TaxRate[i],
			s.Currency.At(i), s.Brand.At(i), s.Category.At(i))
		for key, column := range s.attributes {
			row += key + "=" + column.At(i)
		}
		rows = append(rows, row)
	}
	return rows
}

// However the items came in, one by one or at once, and whatever happened to the
// node meanwhile, the same rows make the same snapshot.
func TestSnapshotIsAFunctionOfTheRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newShop(t, "colour")
		defer s.Close()
		latest := map[string]*wire.Item{}
		var order []string
		text := rapid.SampledFrom([]string{"", "a", "a/b", "a/b/c", "a b", "b", "z"})
		draw := rapid.Custom(func(r *rapid.T) *wire.Item {
			return thing(rapid.SampledFrom([]string{"1", "2", "3", "4", "5"}).Draw(r, "id"), func(it *wire.Item) {
				it.Brand, it.Category = text.Draw(r, "brand"), text.Draw(r, "category")
				it.Price.Amount = rapid.Int64Range(0, 300).Draw(r, "price")
				it.CostKnown = rapid.Bool().Draw(r, "cost known")
				it.Status = rapid.SampledFrom([]string{"active", "hidden", "discontinued"}).Draw(r, "status")
				it.Attributes = map[string]string{"colour": text.Draw(r, "colour")}
				it.Stock, it.StockKnown = rapid.Int64Range(0, 3).Draw(r, "stock"), rapid.Bool().Draw(r, "counted")
				it.SafetyStock = rapid.Int64Range(0, 2).Draw(r, "safety")
			})
		})
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				items := rapid.SliceOfN(draw, 1, 6).Draw(r, "items")
				for _, it := range items {
					if latest[it.Id] == nil {
						order = append(order, it.Id)
					}
					latest[it.Id] = it
				}
				s.put(items...)
			},
			"restart": func(*rapid.T) { s.Restart() },
			"cut":     func(*rapid.T) { s.Cut() },
			"damage":  func(*rapid.T) { s.Damage("catalogue.db") },
			"attributes": func(r *rapid.T) {
				if err := s.SetAttributes(rapid.SampledFrom([]string{"colour", "size"}).Draw(r, "key")); err != nil {
					t.Fatal(err)
				}
				if err := s.SetAttributes("colour"); err != nil {
					t.Fatal(err)
				}
			},
			"": func(r *rapid.T) {
				var changes []change
				for i, id := range order {
					row, err := appendItem(make([]byte, placeSize), latest[id])
					if err != nil {
						r.Fatal(err)
					}
					c, err := newChange(row, new(wire.Item), []string{"colour"})
					if err != nil {
						r.Fatal(err)
					}
					c.place = uint32(i)
					changes = append(changes, c)
				}
				want := (&Snapshot{}).with(changes, []string{"colour"})
				if d := cmp.Diff(view(want), view(s.Snapshot())); d != "" || want.Version != s.Snapshot().Version {
					r.Fatalf("versions %d and %d: %s", want.Version, s.Snapshot().Version, d)
				}
				for i, id := range order {
					if p := s.place(id); p != i {
						r.Fatalf("%s came in as number %d and has place %d", id, i, p)
					}
					if p, ok := s.Snapshot().PlaceOf(s.Snapshot().Hash[i]); !ok || p != i {
						r.Fatalf("by its hash %s has place %d", id, p)
					}
				}
			},
		})
	})
}

// Promise 4: on hand is the last count and all movements after it, each once, in
// whatever order they come in; what can be promised is never more. After every
// acknowledgement it shows, and a power cut changes nothing.
func TestStockIsCountPlusLaterMovements(t *testing.T) {
	type event struct{ at, n int64 }
	rapid.Check(t, func(r *rapid.T) {
		s := newShop(t)
		defer s.Close()
		s.put(thing("i", func(it *wire.Item) { it.SafetyStock = 1 }))
		var last event // the last count
		var moves []event
		version, was := s.Availability().Version, false
		when := func(r *rapid.T) int64 { return s.ms() - rapid.Int64Range(0, 50).Draw(r, "ago") }
		r.Repeat(map[string]func(*rapid.T){
			"count": func(r *rapid.T) {
				c := event{when(r), rapid.Int64Range(0, 9).Draw(r, "n")}
				report, err := s.PutStock(ctx, each(&wire.StockCount{Item: "i", OnHand: c.n, AsOfMs: c.at}))
				if stale := c.at < last.at; err != nil || (report.Refused == 1) != stale {
					r.Fatalf("a count as of %d after one as of %d: %+v, %v", c.at, last.at, report, err)
				} else if !stale {
					last = c
				}
			},
			"move": func(r *rapid.T) {
				m := event{when(r), rapid.Int64Range(-4, 4).Draw(r, "delta")}
				id := fmt.Sprint("m", len(moves))
				moves = append(moves, m)
				s.move(id, "i", m.n, m.at)
				if d := s.move(id, "i", m.n, m.at); d.Duplicate != 1 {
					r.Fatalf("the same movement again: %+v", d)
				}
			},
			"time":    func(r *rapid.T) { s.Advance(time.Duration(rapid.IntRange(1, 20).Draw(r, "ms")) * time.Millisecond) },
			"restart": func(*rapid.T) { s.Restart(); version, was = s.Availability().Version, s.available("i") },
			"cut":     func(*rapid.T) { s.Cut(); version, was = s.Availability().Version, s.available("i") },
			"": func(r *rapid.T) {
				want := last.n
				for _, m := range moves {
					if m.at > last.at {
						want += m.n
					}
				}
				if got := s.onHand("i"); got != want {
					r.Fatalf("%d on hand, want %d", got, want)
				}
				can, at := s.available("i"), s.Availability().Version
				if can != (want-1 >= 1) || s.Promisable(0) != want-1 {
					r.Fatalf("%d on hand, safety stock 1: available %v, promisable %d", want, can, s.Promisable(0))
				}
				if can != was && at <= version || at < version {
					r.Fatalf("available %v then %v, version %d then %d", was, can, version, at)
				}
				version, was = at, can
			},
		})
	})
}

// Records without a time of their own come after what is in the log already,
// also within one millisecond.
func TestStockWithoutTimes(t *testing.T) {
	s := newShop(t)
	s.put(thing("i"))
	s.count("i", 10, 0)
	s.move("1", "i", -3, 0)
	if got := s.onHand("i"); got != 7 {
		t.Errorf("a movement right after a count: %d on hand, want 7", got)
	}
	s.count("i", 20, 0)
	if got := s.onHand("i"); got != 20 {
		t.Errorf("a count right after a movement: %d on hand, want 20", got)
	}
	s.put(thing("i", func(it *wire.Item) { it.Stock, it.StockKnown = 5, true }))
	if got := s.onHand("i"); got != 5 {
		t.Errorf("an item with its stock: %d on hand, want 5", got)
	}
}

// A till whose clock is off by years must neither hide its sales nor let a count
// hide the sales to come.
func TestStockWithImplausibleTimes(t *testing.T) {
	const year = int64(365 * 24 * time.Hour / time.Millisecond)
	s := newShop(t)
	s.put(thing("i"))
	s.count("i", 10, s.ms()+2*year)
	s.Advance(time.Minute)
	s.move("1", "i", -1, s.ms())
	s.move("2", "i", -1, s.ms()-2*year)
	s.move("3", "i", -1, s.ms()+2*year)
	if got := s.onHand("i"); got != 7 {
		t.Errorf("%d on hand, want 7", got)
	}
	s.Advance(time.Minute)
	s.count("i", 5, s.ms())
	if got := s.onHand("i"); got != 5 {
		t.Errorf("after a count: %d on hand, want 5", got)
	}
}

func TestManyMovementsKeepTheirSum(t *testing.T) {
	s := newShop(t)
	s.put(thing("i"))
	start := s.ms()
	for i := range 3 * maxMoves {
		s.Advance(time.Second)
		s.move(fmt.Sprint(i), "i", -1, s.ms())
	}
	if got := s.onHand("i"); got != -3*maxMoves {
		t.Errorf("%d on hand, want %d", got, -3*maxMoves)
	}
	if s.available("i") {
		t.Error("available below zero")
	}
	s.count("i", 1000, start)
	if got := s.onHand("i"); got != 1000-3*maxMoves {
		t.Errorf("after a count of before: %d on hand, want %d", got, 1000-3*maxMoves)
	}
	s.count("i", 1000, s.ms()-10_000)
	if got := s.onHand("i"); got != 990 {
		t.Errorf("after a count of ten seconds ago: %d on hand, want 990", got)
	}
}

// Dangling ids are part of real data: what is said of an item before it is known
// counts once it is.
func TestStockAndHoldsOfUnknownItems(t *testing.T) {
	s := newShop(t)
	s.count("late", 5, 0)
	s.move("m", "late", -2, 0)
	s.Hold("late", 1)
	s.put(thing("late"))
	if on, p := s.onHand("late"), s.Promisable(s.place("late")); on != 3 || p != 2 {
		t.Errorf("%d on hand, %d promisable; want 3, 2", on, p)
	}
	s.Restart() // what is held is its keeper's, who would say it again
	if on, p := s.onHand("late"), s.Promisable(s.place("late")); on != 3 || p != 3 {
		t.Errorf("%d on hand, %d promisable; want 3, 3", on, p)
	}
}

func TestHoldsReduceWhatCanBePromised(t *testing.T) {
	s := newShop(t)
	s.put(thing("i", func(it *wire.Item) { it.Stock, it.StockKnown, it.SafetyStock = 3, true, 1 }))
	before := s.Availability()
	s.Hold("i", 1)
	if !s.available("i") || s.Availability().Version != before.Version {
		t.Error("one of two is held, and the availability has changed")
	}
	s.Hold("i", 1)
	if s.available("i") || s.Availability().Version == before.Version {
		t.Error("two of two are held, and it is available")
	}
	if !before.Bits.Has(0) {
		t.Error("an availability has changed in place")
	}
	s.Hold("i", -2)
	if !s.available("i") || len(s.held) != 0 {
		t.Error("nothing is held, and it is not available")
	}
}

func TestRefusedRowsAreReportedAndTheOthersKept(t *testing.T) {
	s := newShop(t)
	rows := item.Items(strings.NewReader("id,price,currency\na,100,EUR\nb,-1,EUR\nc,100,XXX\nd,200,EUR\n"), item.Options{})
	r, err := s.PutItems(ctx, rows)
	if err != nil || r.Accepted != 2 || r.Refused != 2 || len(r.Errors) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, line := range []int{3, 4} {
		if r.Errors[i].Line != line {
			t.Error(r.Errors[i])
		}
	}
	if s.place("a") != 0 || s.place("d") != 1 {
		t.Error("good rows are not in order")
	}
	r, err = s.Move(ctx, each(&wire.StockMove{Item: "a"}, &wire.StockMove{Id: "m", Delta: 1}, &wire.StockMove{Id: "n", Item: "a", Delta: 1}))
	if err != nil || r.Accepted != 1 || r.Refused != 2 {
		t.Errorf("movements without id or item: %+v, %v", r, err)
	}
	broken := errors.New("connection reset")
	r, err = s.PutItems(ctx, func(yield func(*wire.Item, error) bool) {
		_ = yield(thing("e"), nil) && yield(nil, broken)
	})
	if !errors.Is(err, broken) || r.Accepted != 1 || s.place("e") != 2 {
		t.Errorf("cut in the middle: %+v, %v", r, err)
	}
}

// A write that changes nothing keeps the version, so that a nightly import does
// not look like a new catalogue.
func TestTheSameItemsAgainKeepTheVersion(t *testing.T) {
	s := newShop(t)
	items := []*wire.Item{thing("a"), thing("b", func(it *wire.Item) { it.Stock, it.StockKnown = 4, true })}
	s.put(items...)
	first := s.Snapshot()
	s.Advance(time.Hour)
	items[1].Stock = 9
	s.put(items...)
	if s.Snapshot() != first {
		t.Error("the snapshot was made anew")
	}
	if s.onHand("b") != 9 {
		t.Error("its stock was not counted")
	}
	if at := s.Changed(); at != s.ms()-time.Hour.Milliseconds() {
		t.Errorf("changed at %d", at)
	}
	items[0].Price.Amount++
	s.put(items...)
	if s.Snapshot().Version == first.Version || s.Snapshot().Gross[0] != 120 || first.Gross[0] != 119 {
		t.Error("a price changed, and not the version; or the old snapshot did")
	}
}

func TestSelect(t *testing.T) {
	s := newShop(t)
	in := func(category, brand, status string) func(*wire.Item) {
		return func(it *wire.Item) { it.Category, it.Brand, it.Status = category, brand, status }
	}
	s.put(
		thing("0", in("a", "x", "active")), thing("1", in("a/b", "x", "active")), thing("2", in("a b", "x", "active")),
		thing("3", in("a/b/c", "y", "hidden")), thing("4", in("a/bc", "y", "active")), thing("5", in("", "", "active")),
		thing("6", in("a/b", "x", "discontinued")))
	for _, c := range []struct {
		from rulebook.Catalogue
		want []uint32
	}{
		{rulebook.Catalogue{}, []uint32{0, 1, 2, 3, 4, 5}},
		{rulebook.Catalogue{Limit: 2}, []uint32{0, 1}},
		{rulebook.Catalogue{Categories: []string{"a"}}, []uint32{0, 1, 3, 4}},
		{rulebook.Catalogue{Categories: []string{"a/b"}}, []uint32{1, 3}},
		{rulebook.Catalogue{Categories: []string{"a/b"}, Limit: 1}, []uint32{1}},
		{rulebook.Catalogue{Categories: []string{"a/b", "a b"}, Brands: []string{"x"}}, []uint32{1, 2}},
		{rulebook.Catalogue{Brands: []string{"y"}}, []uint32{3, 4}},
		{rulebook.Catalogue{Brands: []string{"nobody's"}}, nil},
		{rulebook.Catalogue{Categories: []string{"b"}}, nil},
	} {
		if got := s.Snapshot().Select(c.from); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.from, got, c.want)
		}
	}
	if got := s.Snapshot().Places([]string{"4", "none", "1", "4"}); !slices.Equal(got, []uint32{1, 4}) {
		t.Errorf("places of ids: %v", got)
	}
}

func TestNamesBelow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		path := rapid.StringMatching(`([ab .é-]{1,2}(/[ab .é-]{1,2}){0,2})?`)
		texts := rapid.SliceOf(path).Draw(r, "texts")
		c := newColumn(texts)
		of := path.Draw(r, "path")
		low, high := c.Names.Below(of)
		for i, text := range texts {
			if c.At(i) != text {
				r.Fatalf("text %d is %q, want %q", i, c.At(i), text)
			}
			want := text == of || strings.HasPrefix(text, of+"/")
			if id := c.IDs[i]; (low <= id && id < high) != want {
				r.Fatalf("%q below %q: %v", text, of, !want)
			}
			if id, ok := c.Names.ID(text); !ok || id != c.IDs[i] {
				r.Fatalf("%q is number %d, %v", text, id, ok)
			}
		}
		if _, ok := c.Names.ID(of); ok != (of == "" || slices.Contains(texts, of)) {
			r.Fatalf("%q is known: %v", of, ok)
		}
	})
}

func TestRawItem(t *testing.T) {
	s := newShop(t)
	s.put(thing("a"))
	it, err := s.Item("a")
	if err != nil || it.Title != "Thing a" || it.Attributes["size"] != "a" || it.Source != "local" {
		t.Errorf("%v, %v", it, err)
	}
	if _, err := s.Item("b"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

// Readers and writers at the same time: a place of a snapshot is in the
// availability taken after it, and what was acknowledged shows.
func TestReadersBesideWriters(t *testing.T) {
	s := newShop(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			id := fmt.Sprint(i)
			s.put(thing(id, func(it *wire.Item) { it.Stock, it.StockKnown = 1, true }))
			s.move(id, id, -int64(i%2), 0)
			if s.available(id) != (i%2 == 0) {
				t.Errorf("%s was acknowledged and does not show", id)
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		snapshot, available := s.Snapshot(), s.Availability()
		for i := range snapshot.Len() {
			if i < snapshot.Len()-1 && i%2 == 0 && !available.Bits.Has(i) {
				t.Fatalf("place %d of %d is not available", i, snapshot.Len())
			}
		}
		_ = s.OnHand(snapshot.Len())
	}
}

func FuzzParseCount(f *testing.F) {
	full := count{onHand: -3, asOf: 1_767_225_600_000, moves: []movement{{1_767_225_600_001, -1}, {1_767_225_700_000, 5}}}
	f.Add(full.append(nil))
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCount(b)
		if err != nil {
			return
		}
		again, err := parseCount(c.append(nil))
		if err != nil || !cmp.Equal(c, again, cmp.AllowUnexported(count{}, movement{})) {
			t.Errorf("%+v becomes %+v, %v", c, again, err)
		}
	})
}

// What version 0 wrote is read for ever.
func TestCountVersion0(t *testing.T) {
	const golden = "00" + "05" + "80a0d5edee66" + "00" + "02" + "01" + "c09a0c" + "0a"
	c := count{onHand: -3, asOf: 0x19b76daa800, moves: []movement{{0x19b76daa801, -1}, {0x19b76daa801 + 100_000, 5}}}
	if b := c.append(nil); fmt.Sprintf("%x", b) != golden {
		t.Errorf("written as %x", b)
	}
	if got, err := parseCount(c.append(nil)); err != nil || !cmp.Equal(got, c, cmp.AllowUnexported(count{}, movement{})) {
		t.Errorf("read as %+v, %v", got, err)
	}
}
