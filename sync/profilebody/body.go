package profilebody

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	version   = 0
	maxFields = 256
	maxName   = 64
	// MaxBody is the largest encoding in bytes.
	MaxBody = 64 << 10
)

var (
	// ErrVersion: a body of a format this build does not read.
	ErrVersion = errors.New("profilebody: unknown version; update this program")
	// ErrMalformed: bytes, or fields, that are no body of this version.
	ErrMalformed = errors.New("profilebody: malformed body")
)

// Kind says which of a Value's fields counts.
type Kind uint8

const (
	Text Kind = iota + 1
	Number
	List
	History
)

// Value is a text, a finite number, a list of texts or a history.
type Value struct {
	Kind    Kind
	Text    string
	Number  float64
	List    []string
	History []Purchase // ascending by item, each item once
}

// Field is one thing known about a person.
type Field struct {
	Name    string // 1 to 64 bytes
	Value   Value
	SetAtMs int64 // Unix milliseconds
}

// Append appends the encoding of fields, in whatever order they come, to dst.
// On ErrMalformed (a name twice, empty or too long, a number that is not finite,
// text that is not UTF-8, more than MaxBody bytes) it returns dst as it was.
func Append(dst []byte, fields []Field) ([]byte, error) {
	fields = slices.SortedFunc(slices.Values(fields), func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	if len(fields) > maxFields {
		return dst, ErrMalformed
	}
	out := append(dst, version)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(fields)))
	for i, f := range fields {
		if !validName(f.Name) || i > 0 && f.Name == fields[i-1].Name || !f.Value.valid() {
			return dst, ErrMalformed
		}
		out = append(append(out, byte(len(f.Name))), f.Name...)
		out = binary.LittleEndian.AppendUint64(out, uint64(f.SetAtMs))
		out = f.Value.append(out)
		if len(out)-len(dst) > MaxBody {
			return dst, ErrMalformed
		}
	}
	return out, nil
}

func validName(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name)
}

func (v Value) valid() bool {
	switch v.Kind {
	case Text:
		return validText(v.Text)
	case Number:
		return !math.IsNaN(v.Number) && !math.IsInf(v.Number, 0)
	case List:
		return len(v.List) < MaxBody && !slices.ContainsFunc(v.List, func(s string) bool { return !validText(s) })
	case History:
		return validHistory(v.History)
	}
	return false
}

func validText(s string) bool { return len(s) < MaxBody && utf8.ValidString(s) }

func (v Value) append(dst []byte) []byte {
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case Text:
		dst = appendText(dst, v.Text)
	case Number:
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Number))
	case List:
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(v.List)))
		for _, s := range v.List {
			dst = appendText(dst, s)
		}
	case History:
		dst = appendHistory(dst, v.History)
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(dst, uint16(len(s))), s...)
}

// Decode returns the fields whose name permitted lets through, in order of their
// names. A value that is not permitted is checked, stepped over and never
// built. The result shares no memory with b.
func Decode(b []byte, permitted func(name string) bool) ([]Field, error) {
	switch {
	case len(b) == 0 || len(b) > MaxBody:
		return nil, ErrMalformed
	case b[0] != version:
		return nil, ErrVersion
	}
	r := reader{rest: b[1:]}
	n := int(r.uint16())
	if n > maxFields {
		return nil, ErrMalformed
	}
	var fields []Field
	last := ""
	for range n {
		f := Field{Name: string(r.bytes(int(r.byte()))), SetAtMs: int64(r.uint64())}
		if !validName(f.Name) || f.Name <= last {
			return nil, ErrMalformed
		}
		last = f.Name
		build := permitted(f.Name)
		f.Value = r.value(build)
		if build {
			fields = append(fields, f)
		}
	}
	if r.bad || len(r.rest) > 0 {
		return nil, ErrMalformed
	}
	return fields, nil
}

// reader walks over a body; once it has run past the end it yields zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.rest, r.bad = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// value reads or, without build, steps over one value.
func (r *reader) value(build bool) Value {
	v := Value{Kind: Kind(r.byte())}
	switch v.Kind {
	case Text:
		v.Text = r.text(build)
	case Number:
		v.Number = math.Float64frombits(r.uint64())
		r.bad = r.bad || !v.valid()
	case List:
		n := int(r.uint16())
		if build && n > 0 {
			v.List = make([]string, 0, min(n, len(r.rest)/2))
		}
		for range n {
			s := r.text(build)
			if r.bad {
				break
			}
			if build {
				v.List = append(v.List, s)
			}
		}
	case History:
		v.History = r.history(build)
	default:
		r.bad = true
	}
	return v
}

func (r *reader) text(build bool) string {
	b := r.bytes(int(r.uint16()))
	r.bad = r.bad || !utf8.Valid(b)
	if !build {
		return ""
	}
	return string(b)
}
