package gpp

import (
	"errors"
	"strings"

	"github.com/aisle-edge/aisle/agent/consent/internal/sextet"
)

// MaxLength is the longest string that is looked at, in bytes.
const MaxLength = 32 << 10

// maxSections bounds a string; there are some thirty ids.
const maxSections = 64

// Ids of sections that are a TCF string.
const (
	Europe = 2
	Canada = 5
)

var (
	errLength  = errors.New("is longer than 32 KiB")
	errHeader  = errors.New("has no header of GPP version 1; such a string begins with DB")
	errCount   = errors.New("has not the sections that its header names")
	errSection = errors.New("is a section that can't be read")
	errVersion = errors.New("is of an unknown version of its section")
	errUnknown = errors.New("is a section of an unknown kind")
)

// Section is one as it stands in the string.
type Section struct {
	ID   int
	Text string
}

// Parse reads the header and parts the sections, which it appends to dst, in
// their order. Ids grow, and each section has one.
func Parse(dst []Section, s string) ([]Section, error) {
	if len(s) > MaxLength {
		return nil, errLength
	}
	header, rest, more := strings.Cut(s, "~")
	var buffer [256]byte
	r, _, ok := sextet.Decode(buffer[:0], header)
	if !ok || r.Uint(6) != 3 || r.Uint(6) != 1 {
		return nil, errHeader
	}
	last, start := 0, len(dst)
	for range r.Int(12) {
		ranged := r.Bool()
		first := last + r.Fibonacci(1<<12)
		if last = first; ranged {
			last += r.Fibonacci(1 << 12)
		}
		if r.Broken() || len(dst)-start+last-first >= maxSections {
			return nil, errHeader
		}
		for id := first; id <= last; id++ {
			dst = append(dst, Section{ID: id})
		}
	}
	if r.Broken() || !r.Padded() {
		return nil, errHeader
	}
	for i := start; i < len(dst); i++ {
		if !more {
			return nil, errCount
		}
		dst[i].Text, rest, more = strings.Cut(rest, "~")
	}
	if more {
		return nil, errCount
	}
	return dst, nil
}
