package condition

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
	withheld
)

// Value is what a path leads to: null (the zero Value, also what is missing), a
// boolean, number, text, list, object, or what may not be read. It shares the
// slices it was made of.
type Value struct {
	kind  kind
	n     float64 // 1 for true
	s     string
	texts []string // a list of nothing but texts, or the keys of an object
	list  []Value  // any other list, or the values of an object
}

// Bool is true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: boolean, n: 1}
	}
	return Value{kind: boolean}
}

// Number is a number; NaN, which JSON does not have, is null.
func Number(x float64) Value {
	if math.IsNaN(x) {
		return Value{}
	}
	return Value{kind: number, n: x}
}

// Text is a text.
func Text(s string) Value { return Value{kind: text, s: s} }

// Texts is a list of texts.
func Texts(l []string) Value { return Value{kind: list, texts: l} }

// List is a list; one that holds something withheld is withheld.
func List(l []Value) Value { return whole(Value{kind: list, list: l}) }

// Object is an object of distinct keys, the value of each at the same index;
// one that holds something withheld is withheld.
func Object(keys []string, values []Value) Value {
	return whole(Value{kind: object, texts: keys, list: values[:len(keys)]})
}

// Withhold is in the place of a value that may not be read.
func Withhold() Value { return Value{kind: withheld} }

// whole keeps a part that may not be read from passing for one that is not there.
func whole(v Value) Value {
	if slices.ContainsFunc(v.list, func(e Value) bool { return e.kind == withheld }) {
		return Withhold()
	}
	return v
}

// Lookup follows a dotted path through objects, and by index through lists. What
// is not there is null; all of what is withheld is.
func (v Value) Lookup(path string) Value {
	for more := true; more; {
		var step string
		step, path, more = strings.Cut(path, ".")
		v = v.member(step)
	}
	return v
}

func (v *Value) member(step string) Value {
	switch v.kind {
	case withheld:
		return *v
	case object:
		if i := slices.Index(v.texts, step); i >= 0 {
			return v.list[i]
		}
	case list:
		if step == "length" {
			return Number(float64(v.len()))
		}
		i, err := strconv.Atoi(step)
		if err == nil && i >= 0 && i < v.len() && strconv.Itoa(i) == step {
			return v.at(i)
		}
	}
	return Value{}
}

// len is the number of elements of a list or object, 0 for others.
func (v *Value) len() int { return max(len(v.texts), len(v.list)) }

// at is an element of a list or object.
func (v *Value) at(i int) Value {
	if v.list == nil {
		return Text(v.texts[i])
	}
	return v.list[i]
}
