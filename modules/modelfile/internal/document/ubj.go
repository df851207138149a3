package document

import (
	"encoding/binary"
	"math"
	"strings"
)

// UBJ reads a UBJSON value, all of b, arrays and objects with and without types
// and counts.
func UBJ(b []byte) (Value, error) {
	p := ubj{b: b}
	v, err := p.value(p.marker(), 0)
	if err != nil {
		return Value{}, err
	}
	if p.short {
		return Value{}, syntax(p.at, "cut off")
	}
	if p.at < len(b) {
		return Value{}, syntax(p.at, "more than one value")
	}
	return newValue(v), nil
}

type ubj struct {
	budget
	b     []byte
	at    int
	short bool // asked for bytes beyond the end
}

func (p *ubj) take(n int) []byte {
	if n < 0 || n > len(p.b)-p.at {
		p.short, p.at = true, len(p.b)
		return nil
	}
	b := p.b[p.at : p.at+n]
	p.at += n
	return b
}

// marker is the next byte but for no-ops, 0 at the end.
func (p *ubj) marker() byte {
	for {
		b := p.take(1)
		if b == nil {
			return 0
		}
		if b[0] != 'N' {
			return b[0]
		}
	}
}

func (p *ubj) skip(c byte) bool {
	for p.at < len(p.b) && p.b[p.at] == 'N' {
		p.at++
	}
	if p.at < len(p.b) && p.b[p.at] == c {
		p.at++
		return true
	}
	return false
}

// width is the bytes of a number's type, 0 of other types.
func width(kind byte) int {
	switch kind {
	case 'i', 'U':
		return 1
	case 'I', 'u':
		return 2
	case 'l', 'd', 'm':
		return 4
	case 'L', 'D', 'M':
		return 8
	}
	return 0
}

func decodeNumber(kind byte, b []byte) float64 {
	be := binary.BigEndian
	switch kind {
	case 'i':
		return float64(int8(b[0]))
	case 'U':
		return float64(b[0])
	case 'I':
		return float64(int16(be.Uint16(b)))
	case 'u':
		return float64(be.Uint16(b))
	case 'l':
		return float64(int32(be.Uint32(b)))
	case 'm':
		return float64(be.Uint32(b))
	case 'L':
		return float64(int64(be.Uint64(b)))
	case 'M':
		return float64(be.Uint64(b))
	case 'd':
		return float64(math.Float32frombits(be.Uint32(b)))
	}
	return math.Float64frombits(be.Uint64(b))
}

// length reads a count with its own type, or -1.
func (p *ubj) length() int {
	kind := p.marker()
	n := width(kind)
	if n == 0 || kind == 'd' || kind == 'D' {
		return -1
	}
	b := p.take(n)
	if b == nil {
		return -1
	}
	f := decodeNumber(kind, b)
	if f < 0 || f > float64(len(p.b)) {
		return -1
	}
	return int(f)
}

func (p *ubj) text() (string, error) {
	from := p.at
	n := p.length()
	if n < 0 || n > len(p.b)-p.at {
		return "", syntax(from, "a string is cut off")
	}
	return string(p.take(n)), nil
}

func (p *ubj) value(kind byte, depth int) (any, error) {
	if err := p.check(p.at, depth); err != nil {
		return nil, err
	}
	if n := width(kind); n > 0 {
		if b := p.take(n); b != nil {
			return decodeNumber(kind, b), nil
		}
		return nil, syntax(p.at, "cut off")
	}
	switch kind {
	case 'Z':
		return nil, nil
	case 'T':
		return true, nil
	case 'F':
		return false, nil
	case 'S':
		return p.text()
	case 'C':
		if b := p.take(1); b != nil {
			return string(b), nil
		}
	case 'H':
		s, err := p.text()
		if err != nil {
			return nil, err
		}
		f, ok := parseNumber(s, false)
		if !ok {
			return nil, syntax(p.at, "%.40q is not a number", s)
		}
		return f, nil
	case '[':
		p.made += container
		return p.array(depth)
	case '{':
		p.made += container
		return p.object(depth)
	case 0:
		return nil, syntax(p.at, "cut off")
	}
	return nil, syntax(p.at-1, "no type %q", kind)
}

// header reads what may stand before the members: their type, or 0, and their
// count, or -1.
func (p *ubj) header() (kind byte, count int, err error) {
	count = -1
	if p.skip('$') {
		kind = p.marker()
		if strings.IndexByte("\x00ZTF", kind) >= 0 || p.at >= len(p.b) || p.b[p.at] != '#' {
			return 0, 0, syntax(p.at, "no type and count of members that have bytes")
		}
	}
	if p.skip('#') {
		if count = p.length(); count < 0 || count > len(p.b)-p.at && kind != 0 {
			return 0, 0, syntax(p.at, "a count beyond the end")
		}
	}
	return kind, count, nil
}

func (p *ubj) array(depth int) (any, error) {
	kind, count, err := p.header()
	if err != nil {
		return nil, err
	}
	if n := width(kind); n > 0 {
		b := p.take(count * n)
		if b == nil && count > 0 {
			return nil, syntax(p.at, "an array is cut off")
		}
		out := make([]float64, count)
		for i := range out {
			out[i] = decodeNumber(kind, b[i*n:])
		}
		return out, nil
	}
	var l list
	for i := 0; count < 0 || i < count; i++ {
		if count < 0 && p.skip(']') {
			break
		}
		k := kind
		if k == 0 {
			k = p.marker()
		}
		v, err := p.value(k, depth+1)
		if err != nil {
			return nil, err
		}
		l.add(v, &p.budget)
	}
	return l.value(), nil
}

func (p *ubj) object(depth int) (any, error) {
	kind, count, err := p.header()
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for i := 0; count < 0 || i < count; i++ {
		if count < 0 && p.skip('}') {
			break
		}
		p.made++
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		k := kind
		if k == 0 {
			k = p.marker()
		}
		if out[key], err = p.value(k, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}
