package consent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/wire"
)

var remembering = []Declared{
	{Name: "taste", Purpose: wire.PersonalisedOffers},
	{Name: "purchases", Purpose: wire.PersonalisedOffers, TTL: 48 * time.Hour},
	{Name: "purchases", Purpose: wire.AudienceStatistics, TTL: 24 * time.Hour},
}

// bought is what a person is remembered to have bought, as a request for offers
// reads it.
func (s *site) bought(t testing.TB, who wire.Pseudonym) []Purchase {
	t.Helper()
	a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, remembering)
	check(t, err)
	return historyOf(a.Fields)
}

func (s *site) buy(t testing.TB, all ...Bought) {
	t.Helper()
	seq, err := s.Bought(terms, remembering, all)
	check(t, err)
	check(t, s.Store.Sync(ctx, seq))
}

// What is bought is kept only while a profile may be built for a purpose that it
// is declared for, is read only for that, and goes with the withdrawal.
func TestHistoryNeedsGrants(t *testing.T) {
	s := newSite(t)
	who := person(1)
	now := s.Store.Now()
	one := Bought{Who: who, Item: 7, AtMs: now, Price: 100}
	kept := []Purchase{{Item: 7, Day: uint16(DayOf(now)), Times: 1, Price: 100}}

	s.buy(t, one)
	check(t, s.Set(ctx, grant(who, wire.PersonalisedOffers)))
	s.buy(t, one)
	check(t, s.Set(ctx, grant(who, wire.ProfileBuilding)))
	s.buy(t, one)
	check(t, s.Set(ctx, grant(who, wire.ProfileBuilding, wire.PersonalisedOffers)))
	if got := s.bought(t, who); got != nil {
		t.Errorf("kept without a grant: %v", got)
	}
	s.buy(t, one)
	if got := s.bought(t, who); !cmp.Equal(got, kept) {
		t.Errorf("%v, want %v", got, kept)
	}
	// An import without a history leaves the one that is kept, one with it counts.
	_, err := s.Write(ctx, Request{Who: who, Terms: terms}, []Field{text("taste", "sweet"), text("purchases", "planted")}, remembering)
	check(t, err)
	if got := s.bought(t, who); !cmp.Equal(got, kept) {
		t.Errorf("after an import: %v, want %v", got, kept)
	}
	a, err := s.Read(Request{Who: who, Terms: terms, Signals: Signals{TCF: "x"}}, wire.PersonalisedOffers, remembering)
	check(t, err)
	if len(a.Fields) > 0 || whys(a.Withheld)["purchases"] != "personalised_offers unparsable" {
		t.Errorf("with a signal: %v, %v", a.Fields, a.Withheld)
	}
	for _, w := range []wire.Purpose{wire.ProfileBuilding, wire.PersonalisedOffers} {
		left := slices.DeleteFunc(slices.Clone(everything), func(p wire.Purpose) bool { return p == w })
		check(t, s.Set(ctx, grant(who, left...)))
		a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedContent, remembering)
		check(t, err)
		if got := historyOf(a.Fields); got != nil && w == wire.ProfileBuilding {
			t.Errorf("%s withdrawn: %v", w, got)
		}
		check(t, s.Set(ctx, grant(who, everything...)))
	}
	if _, fields, err := s.Held(who); err != nil || !cmp.Equal(names(fields), []string{"taste"}) {
		t.Errorf("after a withdrawal %v is held, %v", names(fields), err)
	}
}

// A history is what an oracle keeps of the same purchases, each with the time it
// has to live, however they come.
func TestHistoryIsWhatWasBought(t *testing.T) {
	s := newSite(t)
	who := person(2)
	check(t, s.Set(ctx, grant(who, everything...)))
	const day = 86_400_000
	now := s.Store.Now()
	type kept struct {
		day, times int
		price      float64
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		who := person(100 + n)
		check(t, s.Set(ctx, grant(who, everything...)))
		want := map[uint64]*kept{}
		for range rapid.IntRange(1, 5).Draw(r, "baskets") {
			var basket []Bought
			for range rapid.IntRange(1, 8).Draw(r, "lines") {
				b := Bought{Who: who, Item: uint64(rapid.IntRange(0, 5).Draw(r, "item")), Price: uint32(rapid.SampledFrom([]int{0, 100, 200}).Draw(r, "price")),
					AtMs: now - int64(rapid.IntRange(0, 3).Draw(r, "age"))*day, Back: rapid.IntRange(0, 3).Draw(r, "back") == 0}
				basket = append(basket, b)
				k := want[b.Item]
				switch {
				case k == nil && !b.Back:
					want[b.Item] = &kept{int(b.AtMs / day), 1, float64(b.Price)}
				case k != nil && b.Back:
					if k.times--; k.times == 0 {
						delete(want, b.Item)
					}
				case k != nil:
					k.times++
					k.day = max(k.day, int(b.AtMs/day))
					if k.price == 0 {
						k.price = float64(b.Price)
					} else if b.Price > 0 {
						k.price += (float64(b.Price) - k.price) / float64(k.times)
					}
				}
			}
			s.buy(t, basket...)
			for item, k := range want {
				if now-int64(k.day)*day >= 48*3_600_000 {
					delete(want, item)
				}
			}
		}
		got := s.bought(t, who)
		for _, p := range got {
			k := want[p.Item]
			if k == nil || int(p.Day) != k.day || int(p.Times) != k.times || float64(p.Price) < k.price-8 || float64(p.Price) > k.price+8 {
				r.Fatalf("%+v, want %+v", p, k)
			}
		}
		if len(got) != len(want) {
			r.Fatalf("%d items, want %d", len(got), len(want))
		}
	})
}

// The oldest go where a history is too long.
func TestHistoryIsBounded(t *testing.T) {
	s := newSite(t)
	who := person(3)
	check(t, s.Set(ctx, grant(who, everything...)))
	declared := []Declared{{Name: "purchases", Purpose: wire.PersonalisedOffers}}
	var basket []Bought
	for i := range 300 {
		basket = append(basket, Bought{Who: who, Item: uint64(i * 7919 % 1000), AtMs: s.Store.Now() - int64(i%150)*86_400_000})
	}
	if _, err := s.Bought(terms, declared, basket); err != nil {
		t.Fatal(err)
	}
	a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
	check(t, err)
	got := historyOf(a.Fields)
	oldest := slices.MinFunc(got, func(a, b Purchase) int { return int(a.Day) - int(b.Day) })
	if len(got) != 256 || int(DayOf(s.Store.Now()))-int(oldest.Day) != 127 {
		t.Errorf("%d items, the oldest of %d days ago", len(got), int(DayOf(s.Store.Now()))-int(oldest.Day))
	}
	if seq, err := s.Bought(terms, fieldsOf("taste"), basket); seq != 0 || err != nil {
		t.Errorf("kept for no feature: %d, %v", seq, err)
	}
}

func fieldsOf(name string) []Declared {
	return []Declared{{Name: name, Purpose: wire.PersonalisedOffers}}
}

// A value is given as long as the longest of its declarations says, and no longer.
func TestLongestOfDeclarations(t *testing.T) {
	s := newSite(t)
	who := person(4)
	check(t, s.Set(ctx, grant(who, everything...)))
	declared := []Declared{{Name: "size", Purpose: wire.PersonalisedOffers, TTL: 10 * time.Hour}, {Name: "size", Purpose: wire.AudienceStatistics, TTL: time.Hour}}
	for age, want := range map[time.Duration]int{0: 1, 2 * time.Hour: 1, 10 * time.Hour: 0} {
		f := text("size", fmt.Sprint(age))
		f.SetAtMs = s.Store.Now() - age.Milliseconds()
		_, err := s.Write(ctx, Request{Who: who, Terms: terms}, []Field{f}, declared)
		check(t, err)
		a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
		check(t, err)
		if len(a.Fields) != want {
			t.Errorf("%v old: %v", age, a.Fields)
		}
	}
}
