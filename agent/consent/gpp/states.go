package gpp

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/aisle-edge/aisle/agent/consent/internal/sextet"
)

// Privacy is the id of the US Privacy section.
const Privacy = 6

// States is a section of the United States: what a person chose in one of them,
// or in all.
type States struct {
	ID, Version int
	GPC         bool // Global Privacy Control, as the section says it
	hasGPC      bool
	hasClasses  bool  // of a subsection
	denied      uint8 // a bit for each Kind
	layout      layout
	values      [48]uint8
	classes     [16]uint8
}

// ParseStates decodes a section of the United States, ids 6 to 27.
func ParseStates(s Section) (States, error) {
	if s.ID == Privacy {
		return parsePrivacy(s.Text)
	}
	l, known := layouts[s.ID]
	if !known {
		return States{}, errUnknown
	}
	t := States{ID: s.ID, layout: l}
	body, parts, ok := unheaded(s)
	if !ok {
		return States{}, errSection
	}
	text, rest, more := strings.Cut(body, ".")
	var buffer [64]byte
	r, _, ok := sextet.Decode(buffer[:0], text)
	t.Version = r.Int(6)
	if !ok || len(text) > 48 {
		return States{}, errSection
	}
	if parts < 0 && t.Version != 1 && (s.ID != 7 || t.Version != 2) {
		return States{}, errVersion
	}
	if s.ID == 7 && (t.Version == 2 || wide(r)) {
		t.layout = nationalTwo
	}
	if !numbers(&r, t.values[:t.layout.size()]) || !r.Padded() {
		return States{}, errSection
	}
	if parts >= 0 && more != (parts == 1) {
		return States{}, errSection
	}
	for more {
		text, rest, more = strings.Cut(rest, ".")
		if !t.subsection(text) {
			return States{}, errSection
		}
	}
	t.sum()
	return t, nil
}

// headed is the first section that may have a header.
const headed = 24

// unheaded takes the header off a section that has one: the section's own id,
// where others have their version, a version, and the ids of the parts behind the
// core as a string's own header has them. There is one such part, and parts is
// whether it stands there; -1 without a header, where nothing says so.
func unheaded(s Section) (body string, parts int, ok bool) {
	header, body, more := strings.Cut(s.Text, ".")
	var buffer [64]byte
	r, _, ok := sextet.Decode(buffer[:0], header[:min(len(header), 48)])
	if s.ID < headed || r.Int(6) != s.ID {
		return s.Text, -1, true
	}
	version, parts := r.Int(6), r.Int(12)
	if parts == 1 && (r.Bool() || r.Fibonacci(1) != 1) || parts > 1 {
		return "", 0, false
	}
	return body, parts, ok && more && len(header) <= 48 && version == 1 && !r.Broken() && r.Padded()
}

// wide tells whether a national core that calls itself version 1 is laid out as
// version 2, which the IAB's library wrote for a while: where the narrow layout
// has padding, it has the covered transaction, which is never 0.
func wide(r sextet.Reader) bool {
	if r.Left() < 64 {
		return false
	}
	r.Uint(29)
	r.Uint(29)
	return r.Uint(2) != 0
}

func (l *layout) size() (n int) {
	for _, f := range l.fields {
		n += f.count
	}
	return n
}

// numbers reads two bits each; none is 3.
func numbers(r *sextet.Reader, into []uint8) bool {
	for i := range into {
		if into[i] = uint8(r.Uint(2)); into[i] == 3 {
			return false
		}
	}
	return !r.Broken()
}

// subsection reads one behind the core; each stands at most once.
func (t *States) subsection(text string) bool {
	var buffer [64]byte
	if len(text) > 48 {
		return false
	}
	r, _, ok := sextet.Decode(buffer[:0], text)
	if n := t.layout.sensitive; ok && n > 0 && r.Left() >= 2*n && !t.hasClasses {
		t.hasClasses = true
		return numbers(&r, t.classes[:n]) && r.Padded()
	}
	if !ok || t.hasGPC || r.Uint(2) != 1 {
		return false
	}
	t.hasGPC, t.GPC = true, r.Bool()
	return !r.Broken() && r.Padded()
}

// privacy is the layout of the four letters.
var privacy = layout{"uspv1", "Version", []field{{"Notice", 1, Other}, {"OptOutSale", 1, Sale}, {"LspaCovered", 1, Other}}, 0}

// letters are those of a US Privacy string by the number they stand for.
const letters = "-YN"

func parsePrivacy(text string) (States, error) {
	t := States{ID: Privacy, Version: 1, layout: privacy}
	if len(text) != 4 || text[0] != '1' {
		return States{}, errSection
	}
	for i, c := range []byte(text[1:]) {
		n := strings.IndexByte(letters, c)
		if n < 0 {
			return States{}, errSection
		}
		t.values[i] = uint8(n)
	}
	t.sum()
	return t, nil
}

// Denied tells whether any choice of the kind is an opt-out, or no consent.
func (t *States) Denied(k Kind) bool { return t.denied>>k&1 == 1 }

// sum notes which kinds of choices are denied.
func (t *States) sum() {
	at := 0
	for _, f := range t.layout.fields {
		if bytes.IndexByte(t.values[at:at+f.count], 1) >= 0 {
			t.denied |= 1 << f.kind
		}
		at += f.count
	}
	if bytes.IndexByte(t.classes[:t.layout.sensitive], 1) >= 0 {
		t.denied |= 1 << Sensitive
	}
}

// MarshalJSON gives the fields the names of their specification, in its order.
func (t *States) MarshalJSON() ([]byte, error) {
	b, at := []byte{'{'}, 0
	put := func(name string, value any) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		v, _ := json.Marshal(value) // numbers, letters and truths always can be
		b = append(append(append(append(b, '"'), name...), `":`...), v...)
	}
	put(t.layout.version, t.Version)
	for _, f := range t.layout.fields {
		v := t.values[at : at+f.count]
		switch at += f.count; {
		case t.ID == Privacy:
			put(f.name, letters[v[0]:v[0]+1])
		case f.kind == Sensitive, f.count > 1:
			put(f.name, list(v))
		default:
			put(f.name, v[0])
		}
	}
	if t.hasClasses {
		put("SensitiveDataProcessing", list(t.classes[:t.layout.sensitive]))
	}
	if t.ID != Privacy {
		put("GpcSegmentIncluded", t.hasGPC)
	}
	if t.hasGPC {
		put("Gpc", t.GPC)
	}
	return append(b, '}'), nil
}

func list(v []uint8) []int {
	all := make([]int, len(v))
	for i := range v {
		all[i] = int(v[i])
	}
	return all
}
