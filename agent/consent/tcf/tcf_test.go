package tcf

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/consent/internal/sextet"
	"github.com/aisle-edge/aisle/agent/consent/internal/tcftest"
)

var day = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)

// some are up to n numbers from 1 to highest, in order.
func some(r *rand.Rand, n, highest int) []int {
	ids := []int{}
	for range r.IntN(n + 1) {
		ids = append(ids, 1+r.IntN(highest))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func random(r *rand.Rand) tcftest.String {
	s := tcftest.String{Canada: r.IntN(4) == 0, Created: day, Updated: day.Add(time.Duration(r.IntN(1000)) * 100 * time.Millisecond),
		CMP: 2 + r.IntN(4094), List: 1 + r.IntN(4095), Purposes: some(r, 12, 24), Interests: some(r, 12, 24),
		Vendors: some(r, 40, 900), LI: some(r, 40, 65535), Ranges: r.IntN(2) == 0}
	s.Before = s.Canada && r.IntN(2) == 0
	for range r.IntN(4) {
		s.Restrict = append(s.Restrict, tcftest.Rule{Purpose: 1 + r.IntN(11), Type: r.IntN(4), Vendors: some(r, 20, 65535)})
	}
	if r.IntN(2) == 0 {
		s.Disclosed = some(r, 40, 900)
	}
	if !s.Canada && r.IntN(4) == 0 {
		s.Allowed = some(r, 40, 900)
	}
	if r.IntN(2) == 0 {
		s.Publisher, s.PubLI, s.Custom = some(r, 12, 24), some(r, 12, 24), r.IntN(64)
	}
	return s
}

func read(text string, canada bool) (*String, error) {
	if canada {
		return ParseCanada(text)
	}
	return Parse(text)
}

// Promise 3: what was written is what is read, set by set and vendor by vendor.
func TestReadsWhatWasWritten(t *testing.T) {
	r, either := rand.New(rand.NewPCG(1, 2)), 0
	defer func() {
		if either > 10 {
			t.Errorf("%d of 2000 strings are refused since they can be read in two ways", either)
		}
	}()
	for range 2000 {
		want := random(r)
		text := want.Encode()
		got, err := read(text, want.Canada)
		if want.Canada && errors.Is(err, errEither) {
			either++
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		check := func(name string, got, want any) {
			t.Helper()
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %s is %v, want %v", text, name, got, want)
			}
		}
		p, disclosed, allowed := got.segments()
		check("created", got.Created, want.Created.UnixMilli())
		check("updated", got.LastUpdated, want.Updated.UnixMilli())
		check("platform", [2]int{got.Platform, got.VendorList}, [2]int{want.CMP, want.List})
		check("purposes", [2][]int{got.Purposes.All(), got.Interests.All()}, [2][]int{want.Purposes, want.Interests})
		check("vendors", [2][]int{got.Vendors.All(), got.VendorInterests.All()}, [2][]int{want.Vendors, want.LI})
		check("segments", [3]bool{got.Disclosed != nil, got.Allowed != nil, got.Publisher != nil}, [3]bool{want.Disclosed != nil, want.Allowed != nil, want.Publisher != nil})
		check("publisher", [2][]int{p.Purposes.All(), p.Interests.All()}, [2][]int{append([]int{}, want.Publisher...), append([]int{}, want.PubLI...)})
		check("custom", [2]int{len(p.CustomPurposes.All()), len(p.CustomInterests.All())}, [2]int{want.Custom, 0})
		check("disclosed", disclosed.All(), append([]int{}, want.Disclosed...))
		check("allowed", allowed.All(), append([]int{}, want.Allowed...))
		for range 20 {
			purpose, vendor := 1+r.IntN(11), 1+r.IntN(900)
			if len(want.Vendors) > 0 && r.IntN(2) == 0 {
				vendor = want.Vendors[r.IntN(len(want.Vendors))]
			}
			if n := len(want.Restrict); n > 0 && r.IntN(2) == 0 {
				rule := want.Restrict[r.IntN(n)]
				if purpose = rule.Purpose; len(rule.Vendors) > 0 {
					vendor = rule.Vendors[r.IntN(len(rule.Vendors))]
				}
			}
			check("vendor", got.Vendors.Has(vendor), slices.Contains(want.Vendors, vendor))
			var types uint8
			for _, rule := range want.Restrict {
				if rule.Purpose == purpose && slices.Contains(rule.Vendors, vendor) {
					types |= 1 << rule.Type
				}
			}
			for kind := range 4 {
				check("restriction", got.Restrictions.Purposes(vendor, 1<<kind).Has(purpose), types>>kind&1 == 1)
			}
		}
	}
}

// Promise 3: no part of a string stands for the whole, nor does more than it.
func TestNothingLessAndNothingMore(t *testing.T) {
	s := tcftest.String{Created: day, Purposes: []int{1, 3}, Vendors: []int{1, 9}, Ranges: true, Disclosed: []int{9}, Publisher: []int{1}}
	text := s.Encode()
	ends := []int{strings.IndexByte(text, '.'), strings.LastIndexByte(text, '.'), len(text)}
	for i := range text {
		padded := slices.ContainsFunc(ends, func(end int) bool { return i <= end && end-i < 4 })
		if got, err := Parse(text[:i]); err == nil && !padded {
			t.Errorf("the first %d of %d letters are read as %+v", i, len(text), got)
		}
	}
	for _, more := range []string{".", "B", ".IAAA", ".gAAA", ".AAAA", "=", " ", ".YAAAAAAAAAA", "~"} {
		if _, err := Parse(text + more); err == nil {
			t.Errorf("%q behind it is read", more)
		}
	}
}

// Strings that the IAB's library for the Global Privacy Platform writes of
// Canada's framework: ranges in Fibonacci coding, and before that as Europe's.
// Whatever holds no range is the same in both.
func TestCanada(t *testing.T) {
	restricted := []sextet.Restriction{{Purpose: 1, Type: 1, Vendors: []int{1, 2, 3, 5, 6, 7, 9}}}
	for _, c := range []struct {
		text       string
		vendors    []int
		restricted []sextet.Restriction
	}{
		{"BPSG_8APSG_8AAyAAAENGdCAAVVVVAAAAABhADVqxGAD0AILVgAA.YAAAAAAAAAA", []int{12, 24, 48}, []sextet.Restriction{}},
		{"BPSG_8APSG_8AAyAAAENGdCAAVVVVAAAAABgABABAAABAB4AACACAAA.YAAAAAAAAAA", []int{12, 24, 48}, []sextet.Restriction{}},
		{"BPSG_8APSG_8AAyAAAENGdCAAVVVVAAAAAPFADVq5FGwu4gBBYCCMAA.YAAAAAAAAAA.JGUQAsIm1QQm", []int{12, 24, 480, 481, 482}, []sextet.Restriction{}},
		{"BPSG_8APSG_8AAyAAAENGdCAAVVVVAAAAAPFADAAYABiA8ADxBdxACAAkC7gAAA.YAAAAAAAAAA.JGUQAoDwAPEIygAA", []int{12, 24, 480, 481, 482}, []sextet.Restriction{}},
		{"BPSG_8APSG_8AAyAAAENGdCAAVVVVAAAAAAOAgAAABBQAJd0.YAAAAAAAAAA", []int{7}, restricted},
		{"BPSG_8APSG_8AAyAAAENGdCAAVVVVAAAAAAOAgAAABBQA4AAgAHAAUABwAEg.YAAAAAAAAAA", []int{7}, restricted},
	} {
		s, err := ParseCanada(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if !slices.Equal(s.Vendors.All(), c.vendors) || !reflect.DeepEqual(s.Restrictions.All(), c.restricted) {
			t.Errorf("%s: vendors %v, restrictions %v", c.text, s.Vendors.All(), s.Restrictions.All())
		}
	}
}

func TestRefused(t *testing.T) {
	good := func(change func(*tcftest.String)) string {
		s := tcftest.String{Created: day}
		change(&s)
		return s.Encode()
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"version 1":    {good(func(s *tcftest.String) { s.Version = 1 }), ErrV1},
		"version 3":    {good(func(s *tcftest.String) { s.Version = 3 }), errVersion},
		"no platform":  {good(func(s *tcftest.String) { s.CMP = -1 }), errPlatform},
		"no list":      {good(func(s *tcftest.String) { s.List = -1 }), errPlatform},
		"language":     {good(func(s *tcftest.String) { s.Language = "[A" }), errLanguage},
		"backwards":    {good(func(s *tcftest.String) { s.Vendors, s.Ranges = []int{9, 0}, true }), errShort},
		"letter":       {"C" + strings.Repeat("!", 60), errLetter},
		"other base64": {strings.ReplaceAll(good(func(s *tcftest.String) { s.Purposes = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11} }), "_", "/"), errLetter},
		"long":         {strings.Repeat("C", MaxLength+1), errLength},
		"empty":        {"", errVersion},
	} {
		if _, err := Parse(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A range of every vendor costs no more than its bytes.
func TestRangesAreNotWrittenOut(t *testing.T) {
	all := make([]int, 65535)
	for i := range all {
		all[i] = i + 1
	}
	s := tcftest.String{Created: day, Vendors: all, LI: all, Ranges: true, Disclosed: all}
	for range 200 {
		s.Restrict = append(s.Restrict, tcftest.Rule{Purpose: 2, Type: 1, Vendors: all})
	}
	text := s.Encode()
	if n := testing.AllocsPerRun(10, func() {
		if got, err := Parse(text); err != nil || !got.Vendors.Has(65535) || got.Restrictions.Purposes(40000, 1<<1) != 1<<1 || got.Restrictions.Purposes(40000, 1<<0|1<<2) != 0 {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(random(r).Encode())
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, canada := range []bool{false, true} {
			s, err := read(text, canada)
			if err != nil {
				continue
			}
			if s.Platform == 0 || s.VendorList == 0 || s.Vendors.Max > 65535 || canada != s.Canada {
				t.Fatalf("%q: %+v", text, s)
			}
			for _, v := range s.Vendors.All() {
				if !s.Vendors.Has(v) || v > s.Vendors.Max {
					t.Fatalf("%q: vendor %d is listed and not in the set", text, v)
				}
			}
			if len(text) < 2000 {
				if b, err := json.Marshal(s); err != nil || !json.Valid(b) {
					t.Fatalf("%q: %v", text, err)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	ids := some(r, 600, 1200)
	for name, s := range map[string]tcftest.String{
		"short":   {Created: day, Purposes: []int{1, 3, 4}, Disclosed: []int{9}, Publisher: []int{1, 3, 4}},
		"typical": {Created: day, Purposes: []int{1, 2, 3, 4, 5, 6}, Vendors: ids, LI: ids, Disclosed: ids, Publisher: []int{1, 3, 4}},
	} {
		text := s.Encode()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(text)), "letters")
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
