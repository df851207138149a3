package journey

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/central/experiment"
)

// a shop of ten items of two categories.
func shop() *Data {
	d := &Data{products: map[string]*product{}}
	for i := range 10 {
		id := fmt.Sprint("i", i)
		d.goods = append(d.goods, Item{ID: id, Category: fmt.Sprint("c", i%2)})
		d.products[id] = &product{place: i + 1}
	}
	return d
}

func basket(household string, day int, items ...string) Basket {
	b := Basket{Household: household, Week: 1 + day/7, At: time.Date(2017, 1, 1+day, 0, 0, 0, 0, time.UTC)}
	for _, id := range items {
		b.Lines = append(b.Lines, Line{Product: id, Known: id != "ghost"})
	}
	return b
}

func TestPredictions(t *testing.T) {
	m := NewMemory(shop())
	if got := m.Popular(3); len(got) != 0 {
		t.Errorf("before any basket %v", got)
	}
	m.since = refresh // sort at the next question
	m.Learn(basket("h", 0, "i1", "i2", "ghost"), true)
	m.Learn(basket("h", 1, "i3", "i1"), true)
	m.Learn(basket("other", 2, "i3", "i4"), false)
	m.Learn(basket("other", 2, "i3", "i4", "i1"), false)
	if got, want := m.Popular(4), []string{"i1", "i3", "i4", "i2"}; !slices.Equal(got, want) {
		t.Errorf("popular %v, want %v", got, want)
	}
	if got, want := m.LastBought("h", 4), []string{"i1", "i3", "i2", "i4"}; !slices.Equal(got, want) {
		t.Errorf("last bought %v, want %v", got, want)
	}
	if got, want := m.LastBought("other", 2), m.Popular(2); !slices.Equal(got, want) {
		t.Errorf("who is not to be known is told apart: %v, want %v", got, want)
	}
}

func TestWhatWasPopularFades(t *testing.T) {
	m := NewMemory(shop())
	for range 3 {
		m.Learn(basket("h", 0, "i1"), true)
	}
	for range 2 {
		m.Learn(basket("h", 7*halfLife, "i2"), true)
	}
	m.since = refresh
	if got := m.Popular(1); got[0] != "i2" {
		t.Errorf("%v", got)
	}
	if m.baskets < 3.49 || m.baskets > 3.51 {
		t.Errorf("%v baskets, want 3.5", m.baskets)
	}
}

func TestCandidates(t *testing.T) {
	d := shop()
	start := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	d.invited = map[string][]*campaign{"h": {{start, start.AddDate(1, 0, 0), map[string]bool{"i3": true}}}}
	m := NewMemory(d)
	m.Learn(basket("h", 0, "i1", "i3"), true)
	m.Learn(basket("h", 1, "i1"), true)
	m.Learn(basket("h", 1, "i5"), false)
	m.Learn(basket("h", 1), false)
	m.since = refresh
	want := []Candidate{
		{"i1", map[string]float64{"popular": 50, "often": 20.0 / 7, "section": 30.0 / 7, "lately": 0.5, "coupon": 0}},
		{"i3", map[string]float64{"popular": 25, "often": 10.0 / 7, "section": 30.0 / 7, "lately": 7.0 / 15, "coupon": 1}},
		{"i5", map[string]float64{"popular": 25, "often": 0, "section": 30.0 / 7, "lately": 0, "coupon": 0}},
	}
	close := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
	if diff := cmp.Diff(want, m.Candidates(basket("h", 8), true, 6), close); diff != "" {
		t.Error(diff)
	}
	for _, c := range m.Candidates(basket("h", 8), false, 6) {
		if len(c.Features) != 1 {
			t.Errorf("of somebody unknown %v", c)
		}
	}
	for _, c := range m.Candidates(basket("new", 8), true, 6) {
		if len(c.Features) != 5 || c.Features["often"] != 0 {
			t.Errorf("of somebody new %v", c)
		}
	}
}

func TestHabitsAreBounded(t *testing.T) {
	d := shop()
	for i := range 2 * remembers {
		id := fmt.Sprint("j", i)
		d.goods = append(d.goods, Item{ID: id})
		d.products[id] = &product{place: len(d.goods)}
	}
	m := NewMemory(d)
	for i := range 2 * remembers {
		m.Learn(basket("h", 1, fmt.Sprint("j", i)), true)
	}
	h := m.people["h"]
	if len(h.recent) != remembers || len(h.items) != remembers || h.recent[0] != fmt.Sprint("j", 2*remembers-1) {
		t.Errorf("%d of %d remembered, last %s", len(h.items), len(h.recent), h.recent[0])
	}
}

func TestBoard(t *testing.T) {
	var s Board
	s.Add(basket("h", 0, "i1", "i2", "i3"), Prediction{"a", []string{"i1", "i2", "i1"}}, Prediction{"b", []string{"i9"}})
	s.Add(basket("h", 0, "i1"), Prediction{"a", []string{"i4"}}, Prediction{"b", []string{"i1"}})
	moments := func(xs ...float64) (m experiment.Moments) {
		for _, x := range xs {
			m.Add(x)
		}
		return m
	}
	want := []BoardLine{{"a", moments(2, 0), moments(0, 0)}, {"b", moments(0, 1), moments(2, -1)}}
	if diff := cmp.Diff(want, s.Lines()); diff != "" {
		t.Error(diff)
	}
}

func TestWordsForPeople(t *testing.T) {
	for _, c := range []struct {
		p           *product
		title, path string
	}{
		{&product{department: "GROCERY", category: "FRZN ICE", kind: "ICE - CRUSHED/CUBED", size: "22 LB"}, "Ice - crushed/cubed 22 lb", "grocery/frzn ice"},
		{&product{department: "MISC"}, "Misc", "misc"},
		{&product{}, "Unnamed product", "other"},
	} {
		if title(c.p) != c.title || category(c.p) != c.path || strings.Contains(title(c.p), "  ") {
			t.Errorf("%q in %q, want %q in %q", title(c.p), category(c.p), c.title, c.path)
		}
	}
}
