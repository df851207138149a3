package features

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/segmentio/encoding/json"

	"github.com/aisle-edge/aisle/agent/consent"
)

// Kind says which field of a Value counts.
type Kind uint8

const (
	Text   Kind = iota + 1
	Number      // finite
	List        // of texts
)

// Value is one thing a caller says: of the context, or of an action.
type Value struct {
	Name   string
	Kind   Kind
	Text   string
	Number float64
	List   []string
}

// Values is what a JSON object of texts, numbers, booleans and lists says; its
// names are in the order in which they came. A slice costs less than a map where
// there are a thousand actions with three values each.
type Values []Value

// ErrValue: a value that is no text, number, boolean or list of them, or more
// than a request may hold.
var ErrValue = errors.New("context and features hold texts, finite numbers, booleans and lists of them, at most 256 of them, each at most 1024 bytes")

const (
	maxValues = 256
	maxText   = 1024
	maxList   = 256
)

// UnmarshalJSON reads an object; null leaves no values. Booleans become texts.
func (v *Values) UnmarshalJSON(b []byte) error {
	*v = (*v)[:0]
	t := json.NewTokenizer(b)
	if !t.Next() || t.Delim != '{' {
		if t.Err == nil && t.Value.Null() {
			return nil
		}
		return ErrValue
	}
	if *v == nil { // a name ends in a colon; texts may hold more of them
		*v = make(Values, 0, min(bytes.Count(b, []byte{':'}), 16))
	}
	for t.Next() && t.Delim != '}' {
		if t.Delim == ',' {
			continue
		}
		one, err := readValue(t)
		if err != nil {
			return err
		}
		if one.Kind != 0 {
			*v = append(*v, one)
		}
		if len(*v) > maxValues {
			return ErrValue
		}
	}
	return t.Err
}

// readValue reads a key and its value; null has no kind.
func readValue(t *json.Tokenizer) (Value, error) {
	name, ok := text(t.Value)
	if !ok || name == "" || !t.Next() || t.Delim != ':' || !t.Next() {
		return Value{}, ErrValue
	}
	one := Value{Name: name}
	switch {
	case t.Delim == '[':
		one.Kind = List
		return one, readList(t, &one)
	case t.Delim != 0:
		return one, ErrValue
	case t.Value.Null():
		return one, nil
	case t.Value.Number():
		x, err := strconv.ParseFloat(string(t.Value), 64)
		if err != nil || math.IsInf(x, 0) {
			return one, ErrValue
		}
		one.Kind, one.Number = Number, x
		return one, nil
	}
	one.Kind = Text
	one.Text, ok = text(t.Value)
	if !ok {
		return one, ErrValue
	}
	return one, nil
}

func readList(t *json.Tokenizer, one *Value) error {
	for t.Next() && t.Delim != ']' {
		if t.Delim == ',' {
			continue
		}
		s, ok := text(t.Value)
		if !ok || t.Delim != 0 || len(one.List) == maxList {
			return ErrValue
		}
		one.List = append(one.List, s)
	}
	return t.Err
}

// text is a JSON text, number or boolean as text.
func text(v json.RawValue) (string, bool) {
	switch {
	case v.String():
		s, ok := unquote(v)
		return s, ok && len(s) <= maxText
	case v.Number(), v.True(), v.False():
		return string(v), len(v) <= maxText
	}
	return "", false
}

func unquote(v json.RawValue) (string, bool) {
	if bytes.IndexByte(v, '\\') < 0 && len(v) >= 2 {
		return string(v[1 : len(v)-1]), utf8.Valid(v)
	}
	return unescape(v)
}

// unescape is apart from unquote, whose text would else be allocated twice.
func unescape(v json.RawValue) (s string, ok bool) {
	ok = json.Unmarshal(v, &s) == nil
	return s, ok
}

// find is the value of that name, nil when there is none; the last one counts.
func (v Values) find(name string) *Value {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i].Name == name {
			return &v[i]
		}
	}
	return nil
}

// Find is the value of that name as consent gives those of a person, if there is
// one.
func (v Values) Find(name string) (found consent.Value, ok bool) {
	one := v.find(name)
	if one == nil {
		return found, false
	}
	found = consent.Value{Kind: consent.Text, Text: one.Text, Number: one.Number, List: one.List}
	switch one.Kind {
	case Number:
		found.Kind = consent.Number
	case List:
		found.Kind = consent.List
	}
	return found, true
}

// text is the value as a name to be hashed; a list gives its first.
func (v *Value) text() (string, bool) {
	switch v.Kind {
	case Text:
		return v.Text, v.Text != ""
	case Number:
		return strconv.FormatFloat(v.Number, 'g', -1, 64), true
	case List:
		if len(v.List) > 0 {
			return v.List[0], v.List[0] != ""
		}
	}
	return "", false
}

// number is the value as a number; a text that is one counts.
func (v *Value) number() (float64, bool) {
	if v.Kind == Number {
		return v.Number, true
	}
	s, ok := v.text()
	if !ok {
		return 0, false
	}
	return parseNumber(s)
}

// parseNumber reads a finite number; true is 1 and false 0.
func parseNumber(s string) (float64, bool) {
	switch s {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsInf(x, 0) && x == x
}
