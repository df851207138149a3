package tcf

import (
	"errors"
	"strings"

	"github.com/aisle-edge/aisle/agent/consent/internal/sextet"
)

// MaxLength is the longest string that is looked at, in bytes.
const MaxLength = 16 << 10

// ErrV1: a string of TCF version 1, which has not been valid since 2020-08-15.
var ErrV1 = errors.New("is of TCF version 1, which is no longer valid; ask for consent anew")

var (
	errLength   = errors.New("is longer than 16 KiB")
	errLetter   = errors.New("holds a letter that is not base64url's; pass it on as the consent platform wrote it")
	errVersion  = errors.New("is of no TCF version that exists")
	errShort    = errors.New("ends early, or names vendors out of range; pass it on as the consent platform wrote it")
	errTail     = errors.New("goes on behind its last field")
	errLanguage = errors.New("names a language or country in something else than letters")
	errPlatform = errors.New("names no consent platform (id 0) or no vendor list (version 0)")
	errEither   = errors.New("can be read in two ways; ask for consent anew")
	errSegment  = errors.New("has a segment of an unknown type, or one twice")
)

// Letters are two capital letters.
type Letters [2]byte

// Vendors is a set of vendor ids; Restrictions are what a publisher forbids of
// vendors. Both are views of the decoded bytes.
type (
	Vendors      = sextet.Vendors
	Restrictions = sextet.Restrictions
)

// Numbers is a set of purposes or features, from 1 on.
type Numbers = sextet.Set

// String is what a consent string says. Of Canada's, Purposes and Vendors are of
// express consent, and those of legitimate interest are of implied consent.
type String struct {
	Canada                    bool
	Version                   int
	Created, LastUpdated      int64 // Unix milliseconds
	Platform, PlatformVersion int
	Screen                    int
	Language, Country         Letters
	VendorList, Policy        int
	ServiceSpecific           bool
	NonStandardTexts          bool
	OneTreatment              bool // purpose 1 was not asked about
	Features                  Numbers
	Purposes, Interests       Numbers
	Vendors, VendorInterests  Vendors
	Restrictions              Restrictions
	Disclosed, Allowed        *Vendors   // nil without the segment
	Publisher                 *Publisher // nil without the segment
}

// Publisher is what the publisher was granted for itself.
type Publisher struct {
	Purposes, Interests Numbers
	Custom              int // how many purposes of its own it has
	CustomPurposes      Numbers
	CustomInterests     Numbers
}

// Parse decodes a string of Europe's framework.
func Parse(s string) (*String, error) { return parse(s, false, false) }

// ParseCanada decodes a string of Canada's framework: with ranges in Fibonacci
// coding, or as they were written before. What could be either is refused.
func ParseCanada(s string) (*String, error) {
	now, err := parse(s, true, true)
	if err == nil && !now.ranged() {
		return now, nil
	}
	before, otherwise := parse(s, true, false)
	switch {
	case otherwise != nil:
		return now, err
	case err != nil:
		return before, nil
	}
	return nil, errEither
}

// ranged tells whether the coding of ranges matters to what the string says.
func (t *String) ranged() bool {
	return t.Vendors.Ranged() || t.VendorInterests.Ranged() || t.Restrictions.Some() ||
		t.Disclosed != nil && t.Disclosed.Ranged()
}

func parse(s string, canada, coded bool) (*String, error) {
	if len(s) > MaxLength {
		return nil, errLength
	}
	type whole struct { // one allocation for all
		String
		disclosed, allowed Vendors
		publisher          Publisher
	}
	all := &whole{}
	t := &all.String
	buffer := make([]byte, 0, len(s)*3/4+2*(strings.Count(s, ".")+1))
	text, rest, more := strings.Cut(s, ".")
	r, buffer, ok := sextet.Decode(buffer, text)
	if !ok {
		return nil, errLetter
	}
	if err := t.core(&r, canada, coded); err != nil {
		return nil, err
	}
	for more {
		text, rest, more = strings.Cut(rest, ".")
		if r, buffer, ok = sextet.Decode(buffer, text); !ok {
			return nil, errLetter
		}
		switch kind := r.Int(3); {
		case kind == 1 && t.Disclosed == nil:
			all.disclosed = r.Vendors(coded)
			t.Disclosed = &all.disclosed
		case kind == 2 && t.Allowed == nil && !canada:
			all.allowed = r.Vendors(coded)
			t.Allowed = &all.allowed
		case kind == 3 && t.Publisher == nil:
			all.publisher.read(&r)
			t.Publisher = &all.publisher
		default:
			return nil, errSegment
		}
		switch {
		case r.Broken():
			return nil, errShort
		case !r.Padded():
			return nil, errTail
		}
	}
	return t, nil
}

func (t *String) core(r *sextet.Reader, canada, coded bool) error {
	t.Canada, t.Version = canada, r.Int(6)
	switch {
	case !canada && t.Version == 1:
		return ErrV1
	case !canada && t.Version != 2, canada && t.Version != 1 && t.Version != 2:
		return errVersion
	}
	t.Created, t.LastUpdated = 100*int64(r.Uint(36)), 100*int64(r.Uint(36))
	t.Platform, t.PlatformVersion, t.Screen = r.Int(12), r.Int(12), r.Int(6)
	t.Language = letters(r)
	t.VendorList, t.Policy = r.Int(12), r.Int(6)
	t.ServiceSpecific = !canada && r.Bool()
	t.NonStandardTexts = r.Bool()
	t.Features, t.Purposes, t.Interests = r.Set(12), r.Set(24), r.Set(24)
	if t.Country = (Letters{'A', 'A'}); !canada {
		t.OneTreatment, t.Country = r.Bool(), letters(r)
	}
	t.Vendors, t.VendorInterests = r.Vendors(coded), r.Vendors(coded)
	if !canada || r.Left() >= 12 {
		t.Restrictions = r.Restrictions(coded)
	}
	switch {
	case r.Broken():
		return errShort
	case !r.Padded():
		return errTail
	case !t.Language.valid() || !t.Country.valid():
		return errLanguage
	case t.Platform == 0 || t.VendorList == 0:
		return errPlatform
	}
	return nil
}

func (p *Publisher) read(r *sextet.Reader) {
	p.Purposes, p.Interests, p.Custom = r.Set(24), r.Set(24), r.Int(6)
	if p.Custom > 0 {
		p.CustomPurposes, p.CustomInterests = custom(r, p.Custom), custom(r, p.Custom)
	}
}

// custom reads up to 63 bits, of which a reader takes 57 at once.
func custom(r *sextet.Reader, n int) Numbers {
	low := r.Set(min(n, 32))
	if n > 32 {
		low |= r.Set(n-32) << 32
	}
	return low
}

func letters(r *sextet.Reader) Letters { return Letters{'A' + byte(r.Int(6)), 'A' + byte(r.Int(6))} }

func (l Letters) valid() bool { return l[0] <= 'Z' && l[1] <= 'Z' }
