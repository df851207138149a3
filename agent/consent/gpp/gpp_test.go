package gpp

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// alphabet and pack are an encoder apart from the decoder: bits as text.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func pack(bits string) string {
	bits += strings.Repeat("0", (6-len(bits)%6)%6)
	var b strings.Builder
	for ; bits != ""; bits = bits[6:] {
		n := 0
		for _, c := range bits[:6] {
			n = 2*n + int(c-'0')
		}
		b.WriteByte(alphabet[n])
	}
	return b.String()
}

// fibonacci writes n greedily, from the greatest term down.
func fibonacci(n int) string {
	terms := []int{1, 2}
	for terms[len(terms)-1] <= n {
		terms = append(terms, terms[len(terms)-1]+terms[len(terms)-2])
	}
	word := make([]byte, 0, len(terms))
	for i := len(terms) - 1; i >= 0; i-- {
		if terms[i] <= n {
			n -= terms[i]
			word = append(word, '1')
		} else if len(word) > 0 {
			word = append(word, '0')
		}
	}
	slices.Reverse(word)
	return string(word) + "1"
}

func header(ids ...int) string {
	b, last := fmt.Sprintf("%06b%06b%012b", 3, 1, len(ids)), 0
	for _, id := range ids {
		b += "0" + fibonacci(id-last)
		last = id
	}
	return pack(b)
}

func ids(sections []Section) (all []int) {
	for _, s := range sections {
		all = append(all, s.ID)
	}
	return all
}

// The headers that the specification and the IAB's library print.
func TestHeader(t *testing.T) {
	for text, want := range map[string][]int{
		"DBAA": nil, "DBABM~a": {2}, "DBABMA~a": {2}, "DBACNY~a~b": {2, 6}, "DBACNYA~a~b": {2, 6}, "DBABjw~a~b": {5, 6},
		header(2, 5, 6, 7, 8, 23) + "~a~b~c~d~e~f": {2, 5, 6, 7, 8, 23},
	} {
		got, err := Parse(nil, text)
		if err != nil || !slices.Equal(ids(got), want) {
			t.Errorf("%s: %v, %v; want %v", text, ids(got), err, want)
		}
		for i, s := range got {
			if s.Text != string(rune('a'+i)) {
				t.Errorf("%s: section %d is %q", text, s.ID, s.Text)
			}
		}
	}
	for _, text := range []string{"", "D", "DB", "DBA", "DBAB", "DBABM", "DBABM~a~b", "DBACNY~a", "DBAA~", "CBABM~a", "DCABM~a", "DBABN~a",
		"DBAB=~a", "DB//~a", "DBABMAB~a", pack(fmt.Sprintf("%06b%06b%012b1%s%s", 3, 1, 1, fibonacci(1), fibonacci(4000))) + strings.Repeat("~a", 4001),
		pack(fmt.Sprintf("%06b%06b%012b", 3, 1, 1)) + strings.Repeat("A", 5000) + "~a", "DBAA" + strings.Repeat("A", MaxLength)} {
		if got, err := Parse(nil, text); err == nil {
			t.Errorf("%.60s: %v", text, ids(got))
		}
	}
}

// Strings that the IAB's library writes of these numbers.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		id               int
		text, want       string
		sale, class, gpc bool
	}{
		{6, "1YNN", `{"Version":1,"Notice":"Y","OptOutSale":"N","LspaCovered":"N"}`, false, false, false},
		{6, "1-Y-", `{"Version":1,"Notice":"-","OptOutSale":"Y","LspaCovered":"-"}`, true, false, false},
		{7, "BVVVkkkklWA.YA", `{"Version":1,"SharingNotice":1,"SaleOptOutNotice":1,"SharingOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SensitiveDataProcessingOptOutNotice":1,"SensitiveDataLimitUseNotice":1,"SaleOptOut":1,"SharingOptOut":1,"TargetedAdvertisingOptOut":1,"SensitiveDataProcessing":[2,1,0,2,1,0,2,1,0,2,1,0],"KnownChildSensitiveDataConsents":[2,1],"PersonalDataConsents":1,"MspaCoveredTransaction":1,"MspaOptOutOptionMode":1,"MspaServiceProviderMode":2,"GpcSegmentIncluded":true,"Gpc":true}`, true, true, true},
		{14, "BVWSSZFY", `{"Version":1,"SharingNotice":1,"SaleOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SaleOptOut":1,"TargetedAdvertisingOptOut":1,"SensitiveDataProcessing":[2,1,0,2,1,0,2,1],"KnownChildSensitiveDataConsents":[2,1,0],"AdditionalDataProcessingConsent":1,"MspaCoveredTransaction":1,"MspaOptOutOptionMode":1,"MspaServiceProviderMode":2,"GpcSegmentIncluded":false}`, true, true, false},
		{12, "BVWSSZFg.YA", `{"Version":1,"SharingNotice":1,"SaleOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SaleOptOut":1,"TargetedAdvertisingOptOut":1,"SensitiveDataProcessing":[2,1,0,2,1,0,2,1],"KnownChildSensitiveDataConsents":[2,1,0],"MspaCoveredTransaction":1,"MspaOptOutOptionMode":1,"MspaServiceProviderMode":2,"GpcSegmentIncluded":true,"Gpc":true}`, true, true, true},
		{11, "BVVkklWA", `{"Version":1,"SharingNotice":1,"SaleOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SensitiveDataProcessingOptOutNotice":1,"SaleOptOut":1,"TargetedAdvertisingOptOut":1,"SensitiveDataProcessing":[2,1,0,2,1,0,2,1],"KnownChildSensitiveDataConsents":1,"MspaCoveredTransaction":1,"MspaOptOutOptionMode":1,"MspaServiceProviderMode":2,"GpcSegmentIncluded":false}`, true, true, false},
		{24, "BVVU.YA", `{"MspaVersion":1,"MspaCoveredTransaction":1,"MspaMode":1,"ProcessingNotice":1,"SaleOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SaleOptOut":1,"TargetedAdvertisingOptOut":1,"AdditionalDataProcessingConsent":1,"GpcSegmentIncluded":true,"Gpc":true}`, true, false, true},
		{25, "BVVV.kkk", `{"MspaVersion":1,"MspaCoveredTransaction":1,"MspaMode":1,"ProcessingNotice":1,"SaleOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SaleOptOut":1,"TargetedAdvertisingOptOut":1,"KnownChildSensitiveDataConsents":1,"AdditionalDataProcessingConsent":1,"SensitiveDataProcessing":[2,1,0,2,1,0,2,1],"GpcSegmentIncluded":false}`, true, true, false},
		{25, "ZBABYA.BVVV.kkk", `{"MspaVersion":1,"MspaCoveredTransaction":1,"MspaMode":1,"ProcessingNotice":1,"SaleOptOutNotice":1,"TargetedAdvertisingOptOutNotice":1,"SaleOptOut":1,"TargetedAdvertisingOptOut":1,"KnownChildSensitiveDataConsents":1,"AdditionalDataProcessingConsent":1,"SensitiveDataProcessing":[2,1,0,2,1,0,2,1],"GpcSegmentIncluded":false}`, true, true, false},
		{26, "aBAA.AQAA", `{"MspaVersion":0,"MspaCoveredTransaction":1,"MspaMode":0,"ProcessingNotice":0,"SaleOptOutNotice":0,"TargetedAdvertisingOptOutNotice":0,"SaleOptOut":0,"TargetedAdvertisingOptOut":0,"KnownChildSensitiveDataConsents":0,"AdditionalDataProcessingConsent":0,"GpcSegmentIncluded":false}`, false, false, false},
	} {
		s, err := ParseStates(Section{c.id, c.text})
		got, _ := json.Marshal(&s)
		if err != nil || string(got) != c.want {
			t.Errorf("%d %s: %v\n got %s\nwant %s", c.id, c.text, err, got, c.want)
		}
		if s.Denied(Sale) != c.sale || s.Denied(Sensitive) != c.class || s.GPC != c.gpc {
			t.Errorf("%d %s: sale denied %v, sensitive data %v, control %v", c.id, c.text, s.Denied(Sale), s.Denied(Sensitive), s.GPC)
		}
	}
}

// fields are how many numbers each section has, by its specification, counted
// apart from the layouts.
var fields = map[int]int{7: 27, 8: 20, 9: 17, 10: 16, 11: 18, 12: 19, 13: 20, 14: 20, 15: 23, 16: 18, 17: 23, 18: 18, 19: 18, 20: 20,
	21: 24, 22: 18, 23: 18, 24: 8, 25: 9, 26: 9, 27: 9}

// Promise 3: every number of every section stands where its specification has
// it, a number that does not exist breaks the section, and so does another length.
func TestEveryField(t *testing.T) {
	if len(layouts) != len(fields) {
		t.Fatalf("%d layouts, want %d", len(layouts), len(fields))
	}
	for _, id := range slices.Sorted(maps.Keys(fields)) {
		n := fields[id]
		core := func(at, value, n int) string {
			b := "000001"
			for i := range n {
				if i == at {
					b += fmt.Sprintf("%02b", value)
				} else {
					b += "10"
				}
			}
			return pack(b)
		}
		for at := range n {
			s, err := ParseStates(Section{id, core(at, 1, n)})
			if err != nil {
				t.Fatalf("%s: %v", Name(id), err)
			}
			ones := 0
			for i, v := range s.values {
				if v == 1 {
					ones++
				}
				if (v == 1) != (i == at) {
					t.Errorf("%s: number %d is %d", Name(id), i, v)
				}
			}
			if _, err := ParseStates(Section{id, core(at, 3, n)}); err == nil || ones != 1 {
				t.Errorf("%s: a 3 at %d is read", Name(id), at)
			}
		}
		for _, text := range []string{"", core(0, 2, n-4), core(0, 2, n+6), "C" + core(0, 2, n)[1:] + "B", core(0, 2, n) + ".", core(0, 2, n) + ".A",
			core(0, 2, n) + ".QA.QA", core(0, 2, n) + ".g", core(0, 2, n) + ".QB", core(0, 2, n) + "!", core(0, 2, n) + "=", "A" + core(0, 2, n)[1:],
			core(0, 2, n) + strings.Repeat("A", 60)} {
			if s, err := ParseStates(Section{id, text}); err == nil {
				t.Errorf("%s: %q is read as %+v", Name(id), text, s.values)
			}
		}
	}
}

// A header names what stands behind the core, or the section is broken.
func TestSectionHeader(t *testing.T) {
	for _, text := range []string{"ZBABYA.BVVV", "ZBAA.BVVV.kkk", "ZBABYA.BVVV.kkk.kkk", "ZCABYA.BVVV.kkk", "aBABYA.BVVV.kkk", "ZBACYA.BVVV.kkk", "ZBAB4A.BVVV.kkk",
		"ZBABYB.BVVV.kkk", "ZBABYA", "ZBABYA.", "Z", "Z.BVVV", "ZBABMA.BVVV.kkk", "ZBABYA.BVVV.", "ZB" + strings.Repeat("A", 60) + ".BVVV"} {
		if s, err := ParseStates(Section{25, text}); err == nil {
			t.Errorf("%q is read as %+v", text, s.values)
		}
	}
	if _, err := ParseStates(Section{23, "XBAA.BVVWSSZFY"}); err == nil {
		t.Error("a section without a header is read with one")
	}
}

// usnat has two layouts, and the IAB's library wrote the second under the first's
// version for a while.
func TestNationalVersions(t *testing.T) {
	two := func(version int) string {
		return pack(fmt.Sprintf("%06b", version) + strings.Repeat("10", 9) + strings.Repeat("10", 15) + "01" + strings.Repeat("10", 7))
	}
	for _, text := range []string{two(1), two(2)} {
		s, err := ParseStates(Section{7, text})
		if err != nil || s.layout.fields[9].count != 16 || !s.Denied(Sensitive) || s.Denied(Child) {
			t.Errorf("%s: %v, %+v", text, err, s)
		}
	}
	if s, err := ParseStates(Section{7, "BAAAAAAAAQAA"}); err != nil || s.layout.fields[9].count != 12 {
		t.Errorf("padded: %v, %+v", err, s)
	}
	for _, id := range []int{0, 1, 2, 3, 4, 5, 28, -1} {
		if _, err := ParseStates(Section{id, "BAAAAAAAAQA"}); err == nil {
			t.Errorf("%d is read", id)
		}
	}
	for _, text := range []string{"", "1", "1YN", "2YNN", "1ynn", "1YNX", "1YNNN"} {
		if _, err := ParseStates(Section{6, text}); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"DBABMA~CPSG_8APSG_8AAAAAAENAACgAAAAAAAAAAAAAAAAAAAA", "DBACNYA~a~1YNN", "DBABrw~BVVVkkkklWA.YA", header(25) + "~BVVV.kkk"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sections, err := Parse(nil, s)
		if err != nil {
			return
		}
		if len(sections) != strings.Count(s, "~") || !slices.IsSorted(ids(sections)) {
			t.Fatalf("%q: sections %v", s, sections)
		}
		for _, section := range sections {
			states, err := ParseStates(section)
			if err != nil {
				continue
			}
			if b, err := json.Marshal(&states); err != nil || !json.Valid(b) {
				t.Fatalf("%q: %s, %v", s, b, err)
			}
		}
	})
}
