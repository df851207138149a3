// Package document reads JSON and UBJSON into one kind of tree, as model files
// use them: JSON with NaN and Infinity, UBJSON with typed arrays. Files are
// hostile: nesting is bounded, and so is the number of values; those that arrays
// of nothing but numbers hold take 8 bytes each and are not counted.
package document

import (
	"errors"
	"fmt"
	"math"
)

const (
	// MaxDepth is how deep values nest.
	MaxDepth = 2048
	// MaxValues is the most values; an object or array counts as four.
	MaxValues = 1 << 23
)

// ErrSyntax is returned for bytes that are no document.
var ErrSyntax = errors.New("not a valid document")

func syntax(at int, format string, args ...any) error {
	return fmt.Errorf("%w: byte %d: %s", ErrSyntax, at, fmt.Sprintf(format, args...))
}

// Value is one value of a document and the way to it. Getters on what is not
// there, or of another kind, give nothing and note an error, the first of which
// Err tells.
type Value struct {
	path string
	v    any // map[string]any, []any, []float64, float64, string, bool or nil
	err  *error
}

func newValue(v any) Value { return Value{v: v, err: new(error)} }

// Err is the first error of a getter anywhere in the document.
func (v Value) Err() error { return *v.err }

func (v Value) fail(format string, args ...any) {
	if *v.err == nil {
		at := v.path
		if at == "" {
			at = "the file"
		}
		*v.err = fmt.Errorf("%s %s", at, fmt.Sprintf(format, args...))
	}
}

// Has tells whether an object has a key with a value other than null.
func (v Value) Has(key string) bool {
	o, _ := v.v.(map[string]any)
	return o[key] != nil
}

// Get is a member of an object, and of that one, and so on.
func (v Value) Get(keys ...string) Value {
	for _, key := range keys {
		o, ok := v.v.(map[string]any)
		if !ok {
			v.fail("is not an object")
		}
		path := key
		if v.path != "" {
			path = v.path + "." + key
		}
		v = Value{path, o[key], v.err}
		if o != nil && v.v == nil {
			v.fail("is missing")
		}
	}
	return v
}

// List is the members of an array.
func (v Value) List() []Value {
	var out []Value
	switch l := v.v.(type) {
	case []any:
		for i, e := range l {
			out = append(out, Value{fmt.Sprintf("%s[%d]", v.path, i), e, v.err})
		}
	case []float64:
		for i, e := range l {
			out = append(out, Value{fmt.Sprintf("%s[%d]", v.path, i), e, v.err})
		}
	default:
		v.fail("is not an array")
	}
	return out
}

// Len is how many members an array has.
func (v Value) Len() int {
	switch l := v.v.(type) {
	case []any:
		return len(l)
	case []float64:
		return len(l)
	}
	v.fail("is not an array")
	return 0
}

// Text is a string.
func (v Value) Text() string {
	s, ok := v.v.(string)
	if !ok {
		v.fail("is not a string")
	}
	return s
}

// IsText tells whether the value is a string.
func (v Value) IsText() bool {
	_, ok := v.v.(string)
	return ok
}

// Number is a number; true is 1, false 0.
func (v Value) Number() float64 {
	n, ok := number(v.v)
	if !ok {
		v.fail("is not a number")
	}
	return n
}

// Int is a whole number of at most 32 bits.
func (v Value) Int() int { return v.whole(v.Number()) }

func (v Value) whole(n float64) int {
	if n != math.Trunc(n) || math.Abs(n) > math.MaxUint32 {
		v.fail("is %v, not a whole number of 32 bits", n)
		return 0
	}
	return int(n)
}

// Numbers is an array of n numbers, or of any number of them when n is below 0.
func (v Value) Numbers(n int) []float64 {
	var out []float64
	switch l := v.v.(type) {
	case []float64:
		out = l
	case []any:
		out = make([]float64, len(l))
		for i, e := range l {
			f, ok := number(e)
			if !ok {
				v.fail("holds what is not a number at %d", i)
			}
			out[i] = f
		}
	default:
		v.fail("is not an array")
	}
	if n >= 0 && len(out) != n {
		v.fail("has %d members, not %d", len(out), n)
		return make([]float64, n)
	}
	return out
}

// Ints is an array of n whole numbers of at most 32 bits, or of any number of
// them when n is below 0.
func (v Value) Ints(n int) []int {
	numbers := v.Numbers(n)
	out := make([]int, len(numbers))
	for i, f := range numbers {
		out[i] = v.whole(f)
	}
	return out
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case bool:
		if n {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// container is what an object or array counts.
const container = 4

// budget counts values.
type budget struct{ made int }

// check is an error once there are too many values, or they nest too deep.
func (b *budget) check(at, depth int) error {
	if depth > MaxDepth {
		return syntax(at, "nested deeper than %d", MaxDepth)
	}
	if b.made > MaxValues {
		return syntax(at, "more than %d values", MaxValues)
	}
	return nil
}

// list collects an array: numbers as such until there comes something else.
type list struct {
	numbers []float64
	values  []any
}

func (l *list) add(v any, b *budget) {
	f, ok := v.(float64)
	if ok && l.values == nil {
		l.numbers = append(l.numbers, f)
		return
	}
	if l.values == nil {
		b.made += len(l.numbers)
		for _, n := range l.numbers {
			l.values = append(l.values, n)
		}
		l.numbers = nil
	}
	b.made++
	l.values = append(l.values, v)
}

func (l *list) value() any {
	if l.values == nil {
		return l.numbers
	}
	return l.values
}
