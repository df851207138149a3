package localapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/segmentio/encoding/json"

	"github.com/aisle-edge/aisle/agent/features"
)

// readBody appends all of r to dst.
func readBody(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		} else if err != nil {
			return dst, err
		}
	}
}

// parse reads one JSON value strictly: keys that mean nothing are refused, for
// most are misspelt.
func parse(b []byte, into any) *Details {
	if !utf8.Valid(b) {
		return refuse(malformed, "it is not UTF-8")
	}
	if string(bytes.TrimSpace(b)) == "null" {
		return refuse(malformed, "null says nothing; send a list or an object")
	}
	if !shallow(b) {
		return refuse(malformed, fmt.Sprintf("it nests more than %d deep", deepest))
	}
	rest, err := json.Parse(b, into, json.DisallowUnknownFields|json.DontMatchCaseInsensitiveStructFields)
	if err != nil {
		return misread(err)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return refuse(malformed, "something follows the value; send one value only")
	}
	return nil
}

// misread says what is wrong with a body, and never what stands in it.
func misread(err error) *Details {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return refuse(invalid, "a value is of the wrong kind", Fault{Path: kind.Field, Problem: "must be " + kindName(kind.Type.String())})
	case errors.Is(err, features.ErrValue):
		return refuse(invalid, features.ErrValue.Error())
	case strings.Contains(err.Error(), "unknown field"):
		_, name, _ := strings.Cut(err.Error(), "unknown field ")
		return refuse(invalid, fmt.Sprintf("there is no field %.66s; leave it out, or see /openapi.json", name))
	}
	return refuse(malformed, "send one well-formed JSON value")
}

func kindName(goType string) string {
	switch goType {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "int", "int64", "uint64":
		return "a whole number"
	case "float64":
		return "a number"
	}
	if strings.HasPrefix(goType, "[]") {
		return "a list"
	}
	return "an object"
}

// deepest is how many lists and objects may stand in one another. No request has
// more than six; the decoder calls itself for each, and a body of brackets alone
// would take down the process.
const deepest = 32

// shallow tells whether a body nests no deeper than that.
func shallow(b []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text:
			if c == '\\' {
				i++
			} else if c == '"' {
				text = false
			}
		case c == '"':
			text = true
		case c == '[' || c == '{':
			if depth++; depth > deepest {
				return false
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return true
}

func sizeText(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
