package document

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// JSON reads a JSON text, in which numbers may also be NaN, Infinity and
// -Infinity. When narrow, numbers with a fraction or an exponent are rounded to
// the nearest f32, once.
func JSON(b []byte, narrow bool) (Value, error) {
	p := parser{b: b, narrow: narrow}
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	if p.space(); p.at < len(b) {
		return Value{}, syntax(p.at, "more than one value")
	}
	return newValue(v), nil
}

type parser struct {
	budget
	b      []byte
	at     int
	narrow bool
}

func (p *parser) space() {
	for p.at < len(p.b) && strings.IndexByte(" \t\r\n", p.b[p.at]) >= 0 {
		p.at++
	}
}

// peek is the next byte that is not white space, 0 at the end.
func (p *parser) peek() byte {
	if p.space(); p.at < len(p.b) {
		return p.b[p.at]
	}
	return 0
}

func (p *parser) skip(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) value(depth int) (any, error) {
	if err := p.check(p.at, depth); err != nil {
		return nil, err
	}
	switch c := p.peek(); {
	case c == '{':
		p.made += container
		return p.object(depth)
	case c == '[':
		p.made += container
		return p.array(depth)
	case c == '"':
		return p.text()
	case c == 0:
		return nil, syntax(p.at, "cut off")
	}
	return p.word()
}

func (p *parser) object(depth int) (any, error) {
	p.at++
	out := map[string]any{}
	if p.skip('}') {
		return out, nil
	}
	for {
		if p.peek() != '"' {
			return nil, syntax(p.at, "no key")
		}
		p.made++
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if !p.skip(':') {
			return nil, syntax(p.at, "no value after %.40q", key)
		}
		if out[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		if p.skip('}') {
			return out, nil
		}
		if !p.skip(',') {
			return nil, syntax(p.at, "an object goes on with neither , nor }")
		}
	}
}

func (p *parser) array(depth int) (any, error) {
	p.at++
	var l list
	if p.skip(']') {
		return l.value(), nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l.add(v, &p.budget)
		if p.skip(']') {
			return l.value(), nil
		}
		if !p.skip(',') {
			return nil, syntax(p.at, "an array goes on with neither , nor ]")
		}
	}
}

func (p *parser) text() (string, error) {
	from, plain := p.at, true
	for p.at++; p.at < len(p.b); p.at++ {
		switch c := p.b[p.at]; {
		case c == '\\':
			p.at, plain = p.at+1, false
		case c < ' ' || c > '~':
			plain = false
		case c == '"':
			p.at++
			if plain {
				return string(p.b[from+1 : p.at-1]), nil
			}
			var s string
			if err := json.Unmarshal(p.b[from:p.at], &s); err != nil {
				return "", syntax(from, "not a string")
			}
			return s, nil
		}
	}
	return "", syntax(from, "a string is cut off")
}

// word reads a number or a name.
func (p *parser) word() (any, error) {
	from := p.at
	for p.at < len(p.b) && strings.IndexByte(" \t\r\n,]}:[{\"", p.b[p.at]) < 0 {
		p.at++
	}
	switch s := string(p.b[from:min(p.at, from+400)]); s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	default:
		f, ok := parseNumber(s, p.narrow)
		if !ok {
			return nil, syntax(from, "%.40q is not a value", s)
		}
		return f, nil
	}
}

func parseNumber(s string, narrow bool) (float64, bool) {
	if strings.Trim(s, "+-.eE0123456789") != "" || s == "" {
		return 0, false
	}
	bits := 64
	if narrow && strings.ContainsAny(s, ".eE") {
		bits = 32
	}
	f, err := strconv.ParseFloat(s, bits)
	return f, err == nil
}
