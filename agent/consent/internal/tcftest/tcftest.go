// Package tcftest writes consent strings for tests: bits as text, apart from the
// decoder that is judged by them.
package tcftest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// String is what to write. Its zero value is a good string that grants nothing.
type String struct {
	Version   int       `json:"version,omitempty"` // 0: 2, or 1 for Canada
	Canada    bool      `json:"canada,omitempty"`
	Before    bool      `json:"before,omitempty"` // Canada's with ranges as they were written before
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"` // zero: as created
	CMP       int       `json:"cmp,omitempty"`
	List      int       `json:"list,omitempty"`
	Language  string    `json:"language,omitempty"`
	Purposes  []int     `json:"purposes,omitempty"`
	Interests []int     `json:"interests,omitempty"`
	Vendors   []int     `json:"vendors,omitempty"`
	LI        []int     `json:"li,omitempty"` // vendors of legitimate interest
	Ranges    bool      `json:"ranges,omitempty"`
	Restrict  []Rule    `json:"restrict,omitempty"`
	Disclosed []int     `json:"disclosed"` // nil: no segment
	Allowed   []int     `json:"allowed,omitempty"`
	Publisher []int     `json:"publisher"` // nil: no segment
	PubLI     []int     `json:"pubLI,omitempty"`
	Custom    int       `json:"custom,omitempty"`
}

// Rule is a restriction.
type Rule struct {
	Purpose, Type int
	Vendors       []int
}

// Encode writes it.
func (s String) Encode() string {
	parts := []string{pack(s.core())}
	if s.Disclosed != nil {
		parts = append(parts, pack("001"+s.vendors(s.Disclosed)))
	}
	if s.Allowed != nil {
		parts = append(parts, pack("010"+s.vendors(s.Allowed)))
	}
	if s.Publisher != nil {
		own := fmt.Sprintf("%06b", s.Custom) + strings.Repeat("1", s.Custom) + strings.Repeat("0", s.Custom)
		parts = append(parts, pack("011"+field(s.Publisher, 24)+field(s.PubLI, 24)+own))
	}
	return strings.Join(parts, ".")
}

func (s String) core() string {
	version, cmp, list, language := 2, 31, 7, "EN"
	if s.Canada {
		version = 1
	}
	for _, v := range []struct {
		from int
		to   *int
	}{{s.Version, &version}, {s.CMP, &cmp}, {s.List, &list}} {
		if v.from != 0 {
			*v.to = max(v.from, 0) // -1 writes a 0
		}
	}
	if s.Language != "" {
		language = s.Language
	}
	updated := s.Updated
	if updated.IsZero() {
		updated = s.Created
	}
	b := fmt.Sprintf("%06b%036b%036b%012b%012b%06b", version, tenths(s.Created), tenths(updated), cmp, 3, 1)
	b += letters(language) + fmt.Sprintf("%012b%06b", list, 5)
	if s.Canada {
		b += "0" + field(nil, 12) + field(s.Purposes, 24) + field(s.Interests, 24)
	} else {
		b += "10" + field([]int{1}, 12) + field(s.Purposes, 24) + field(s.Interests, 24) + "0" + letters("DE")
	}
	b += s.vendors(s.Vendors) + s.vendors(s.LI) + fmt.Sprintf("%012b", len(s.Restrict))
	for _, r := range s.Restrict {
		b += fmt.Sprintf("%06b%02b", r.Purpose, r.Type)
		if s.coded() {
			ranged := s.Ranges || len(r.Vendors) > 0 && slices.Max(r.Vendors) > 900
			b += String{Canada: true, Ranges: ranged}.vendors(r.Vendors)
		} else {
			b += ranges(r.Vendors, false)
		}
	}
	return b
}

func tenths(t time.Time) int64 { return t.UnixMilli() / 100 }

func letters(s string) string { return fmt.Sprintf("%06b%06b", s[0]-'A', s[1]-'A') }

func field(ids []int, n int) string {
	b := strings.Split(strings.Repeat("0", n), "")
	for _, id := range ids {
		b[id-1] = "1"
	}
	return strings.Join(b, "")
}

// coded tells whether ranges are in Fibonacci coding.
func (s String) coded() bool { return s.Canada && !s.Before }

func (s String) vendors(ids []int) string {
	highest := 0
	if len(ids) > 0 {
		highest = slices.Max(ids)
	}
	if s.Ranges {
		return fmt.Sprintf("%016b1", highest) + ranges(ids, s.coded())
	}
	return fmt.Sprintf("%016b0", highest) + field(ids, highest)
}

// ranges are of ids in order.
func ranges(ids []int, coded bool) string {
	n, before, b := 0, 0, ""
	for i := 0; i < len(ids); n++ {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		switch {
		case coded && i == j:
			b += "0" + fibonacci(ids[i]-before)
		case coded:
			b += "1" + fibonacci(ids[i]-before) + fibonacci(ids[j]-ids[i])
		case i == j:
			b += fmt.Sprintf("0%016b", ids[i])
		default:
			b += fmt.Sprintf("1%016b%016b", ids[i], ids[j])
		}
		before = ids[j]
		i = j + 1
	}
	return fmt.Sprintf("%012b", n) + b
}

// fibonacci writes n, from the greatest term down.
func fibonacci(n int) string {
	terms := []int{1, 2}
	for terms[len(terms)-1] <= n {
		terms = append(terms, terms[len(terms)-1]+terms[len(terms)-2])
	}
	word := ""
	for _, term := range slices.Backward(terms) {
		switch {
		case term <= n:
			n -= term
			word = "1" + word
		case word != "":
			word = "0" + word
		}
	}
	return word + "1"
}

// pack writes bits as base64url.
func pack(bits string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	bits += strings.Repeat("0", (8-len(bits)%8)%8)
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
