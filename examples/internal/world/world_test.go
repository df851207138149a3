package world

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

var north = Sites()[0]

func first(w *World, site Site, n int) []Visit {
	var list []Visit
	for v := range w.Visits(site) {
		if list = append(list, v); len(list) == n {
			break
		}
	}
	return list
}

func until(w *World, site Site, end time.Duration) []Visit {
	var list []Visit
	for v := range w.Visits(site) {
		if v.At > end {
			break
		}
		list = append(list, v)
	}
	return list
}

func TestSameSeedSameWorld(t *testing.T) {
	a, b, c := New(7), New(7), New(8)
	same := cmp.AllowUnexported(Visit{}, shopper{}, Reaction{})
	va, vb := first(a, north, 5000), first(b, north, 5000)
	if diff := cmp.Diff(va, vb, same); diff != "" {
		t.Fatal(diff)
	}
	if cmp.Equal(va, first(c, north, 5000), same) {
		t.Error("another seed brings the same people")
	}
	shown := []string{a.Items()[3].ID, a.Items()[100].ID, "unknown"}
	reactions := 0
	for i := range va {
		ra, rb := a.React(va[i], shown), b.React(vb[i], shown)
		if !cmp.Equal(ra, rb, same) {
			t.Fatalf("%v and %v", ra, rb)
		}
		reactions += len(ra)
	}
	if reactions == 0 {
		t.Error("nobody did anything")
	}
	sa, sb := a.Stock(north), b.Stock(north)
	if diff := cmp.Diff(sa.Advance(5*time.Minute), sb.Advance(5*time.Minute)); diff != "" {
		t.Error(diff)
	}
}

func TestImportFilesAreRead(t *testing.T) {
	w := New(1)
	var items, profiles, stock bytes.Buffer
	at := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	for _, err := range []error{w.WriteItems(&items, north), w.WriteProfiles(&profiles, north, at), w.Stock(north).WriteStock(&stock, at)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for it, err := range item.Items(&items, item.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if known, ok := w.Item(it.Id); !ok || known.Price != it.Price.Amount || item.StoreLocal(it.Id) || !it.StockKnown {
			t.Fatalf("%v came back as %v", known, it)
		}
		n++
	}
	for s, err := range item.Stock(&stock, item.Options{Scheme: item.GTIN}) {
		if err != nil || s.AsOfMs != at.UnixMilli() {
			t.Fatal(s, err)
		}
		n--
	}
	if n != 0 {
		t.Errorf("%d more items than counts", n)
	}
	kinds := map[string]int{}
	for p, err := range item.Profiles(&profiles, item.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if (len(p.Fields) > 0) != slices.Contains(p.Purposes, wire.ProfileBuilding) {
			t.Fatalf("%s said %v and grants %v", p.ID, len(p.Fields), p.Purposes)
		}
		kinds[fmt.Sprint(p.Purposes)]++
	}
	if len(kinds) != 4 {
		t.Errorf("kinds of consent: %v", kinds)
	}
}

func TestVisits(t *testing.T) {
	w := New(1)
	visits := until(w, north, 4*time.Minute)
	if rate := float64(len(visits)) / 240; rate < 60 || rate > 100 {
		t.Errorf("%.0f visits a second", rate)
	}
	events, weather, changes := map[string]bool{}, map[string]bool{}, map[bool]int{}
	said := map[string]string{}
	for i, v := range visits {
		if i > 0 && v.At < visits[i-1].At {
			t.Fatal("visits out of order")
		}
		if v.Profile == "" && len(v.Granted) > 0 && v.Changed {
			t.Fatal("somebody unknown changes a consent")
		}
		grants := fmt.Sprint(v.Granted)
		if before, ok := said[v.Profile]; ok && v.Profile != "" && (before != grants) != v.Changed {
			t.Fatalf("%s granted %s, now %s; changed: %v", v.Profile, before, grants, v.Changed)
		}
		said[v.Profile] = grants
		if v.Changed {
			changes[len(v.Granted) > 0]++
		}
		events[v.Event], weather[v.Weather] = true, true
	}
	if len(events) != len(visits) || len(weather) < 2 || changes[true] == 0 || changes[false] == 0 {
		t.Errorf("%d events of %d visits, weather %v, changes of mind %v", len(events), len(visits), weather, changes)
	}
	if a, b := dayparts[daypart(0)], dayparts[daypart(opening)]; a != "morning" || b != "evening" {
		t.Errorf("it begins in the %s and is %s nine hours later", a, b)
	}
}

// TestUpperPositionsAreSeenMore shows the same items in both orders to the same
// people.
func TestUpperPositionsAreSeenMore(t *testing.T) {
	w := New(3)
	clicks := map[bool]int{}
	var on []string
	for _, it := range w.Items() {
		if it.Percent > 0 {
			on = append(on, it.ID)
		}
	}
	a, b := on[0], on[9]
	for _, v := range first(w, north, 20_000) {
		for _, first := range []bool{true, false} {
			shown := []string{a, b, b, b}
			if !first {
				shown = []string{b, b, b, a}
			}
			for _, r := range w.React(v, shown) {
				if r.Item == a && r.Click {
					clicks[first]++
				}
			}
		}
	}
	if share := float64(clicks[false]) / float64(clicks[true]); share < 0.55 || share > 0.75 {
		t.Errorf("at the fourth position %.2f of the clicks of the first, want %.2f", share, seen[3])
	}
}

func TestTastesShift(t *testing.T) {
	tr := New(1).truth
	for s := range segments {
		loved := func(era int) int { return slices.Index(tr.taste[era][s], slices.Max(tr.taste[era][s])) }
		if loved(0) == loved(1) {
			t.Errorf("%s loves section %d before and after", segments[s], loved(0))
		}
	}
	if era(Shift-1) != 0 || era(Shift) != 1 {
		t.Error("tastes don't change at Shift")
	}
}

// TestNoSectionIsEverybodys: else the best fixed choice would be as good as a
// personal one.
func TestNoSectionIsEverybodys(t *testing.T) {
	for seed := range uint64(20) {
		loves := map[int]int{}
		for _, l := range New(seed).truth.taste[0] {
			loves[slices.Index(l, slices.Max(l))]++
		}
		for section, n := range loves {
			if n > 2 {
				t.Errorf("seed %d: %d segments love section %d most", seed, n, section)
			}
		}
	}
}

// TestTruthOfShelves: what was told and what stands there differ only by what
// went missing, until somebody counts.
func TestTruthOfShelves(t *testing.T) {
	w := New(1)
	s := w.Stock(north)
	told := slices.Clone(s.shelf)
	counted, below, ids := 0, 0, map[string]bool{}
	for at := time.Duration(0); at < 20*time.Minute; at += time.Second {
		for i := range 32 { // four a second of eight items
			if it := w.items[i%8]; s.Take(it.ID) {
				told[s.place[it.ID]]--
			}
		}
		for _, m := range s.Advance(at) {
			i := s.place[m.Item]
			if ids[m.ID] {
				t.Fatalf("movement %s twice", m.ID)
			}
			ids[m.ID] = true
			if m.Counted {
				if told[i] < m.Found {
					t.Errorf("%s: told of %d, found %d: more than there can be", m.Item, told[i], m.Found)
				}
				told[i] = m.Found
				counted++
			} else {
				told[i] += m.Change
			}
		}
	}
	for i, n := range s.shelf {
		if n < 0 || n > told[i] {
			t.Errorf("%d on the shelf, told of %d", n, told[i])
		}
		if n < told[i] {
			below++
		}
	}
	if counted == 0 || below == 0 {
		t.Errorf("%d counts, %d miscounted items: nothing goes wrong here", counted, below)
	}
}

func TestTheLastOneIsSoldOnce(t *testing.T) {
	w := New(1)
	s := w.Stock(north)
	id := w.items[0].ID
	s.shelf[0] = 5
	var sold sync.Map
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if s.Take("0" + id) {
				sold.Store(i, true)
			}
		})
	}
	wg.Wait()
	n := 0
	sold.Range(func(any, any) bool { n++; return true })
	if n != 5 || s.OnShelf(id) != 0 || !s.missed[0] {
		t.Errorf("sold %d of 5, %d left, missed: %v", n, s.OnShelf(id), s.missed[0])
	}
	if s.PutBack(id); s.OnShelf("0"+id) != 1 {
		t.Error("what came back is not there")
	}
	if s.Take("nothing") || s.OnShelf("nothing") != 0 {
		t.Error("sold what is not there")
	}
}

// TestOnlyTheDeclaredIsWritten: a person's true segment is in no file.
func TestOnlyTheDeclaredIsWritten(t *testing.T) {
	w := New(1)
	var b bytes.Buffer
	if err := w.WriteProfiles(&b, north, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	people := map[string]shopper{}
	for _, p := range population(1, north) {
		people[p.card] = p
	}
	differ := 0
	for p, err := range item.Profiles(&b, item.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		who := people[p.ID]
		if taste, ok := p.Fields["taste"]; ok && taste != segments[who.declared] {
			t.Fatalf("%s declared %s, and %s is written", p.ID, segments[who.declared], taste)
		}
		if who.declared != who.segment {
			differ++
		}
	}
	if differ == 0 {
		t.Error("everybody says what is true: this test proves nothing")
	}
}
