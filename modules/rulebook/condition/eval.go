package condition

import (
	"math"
	"regexp"
)

// Outcome is what becomes of a condition. Only True makes eligible.
type Outcome uint8

// In this order, "and" is the least, "or" the greatest, "not" the mirror image.
const (
	False    Outcome = iota
	Withheld         // it may depend on what may not be read
	True
)

type op uint8

const (
	opNever op = iota
	// Logic.
	opAll
	opAny
	opNot
	// What the kids are about.
	opField    // the value of a path
	opMember   // the value of a path within the current value
	opContains // an element of it; with want only those that are not null
	opSize     // its length
	// Tests of the current value.
	opText
	opFolded
	opNumber
	opTruth
	opNull
	opSame
	opIdentical
	opOrder
	opVersion
	opIn
	opMatch
	opType
)

type node struct {
	op      op
	mask    uint8 // relations, or a kind
	want    bool
	path    int
	kids    []node // all must hold, but for opAny
	text    string
	number  float64
	value   Value
	set     *set
	pattern *regexp.Regexp
}

// Eval evaluates the condition; values[i] is what Paths()[i] leads to. It does
// not allocate, except where JavaScript makes a text of a list or number to match
// or order it.
func (c *Condition) Eval(values []Value) Outcome { return all(c.conjuncts, values, nil) }

func all(nodes []node, values []Value, v *Value) Outcome {
	out := True
	for i := range nodes {
		if out = min(out, nodes[i].eval(values, v)); out == False {
			break
		}
	}
	return out
}

func (n *node) eval(values []Value, v *Value) Outcome {
	switch n.op {
	case opAll:
		return all(n.kids, values, v)
	case opAny:
		return n.any(values, v)
	case opNot:
		return True - n.kids[0].eval(values, v)
	case opField:
		if v = &values[n.path]; v.kind == withheld {
			return Withheld
		}
		return all(n.kids, values, v)
	case opMember:
		m := v.Lookup(n.text)
		return all(n.kids, values, &m)
	case opContains:
		return n.contains(values, v)
	case opSize:
		if v.kind != list {
			return False
		}
		size := Number(float64(v.len()))
		return all(n.kids, values, &size)
	}
	if n.test(v) {
		return True
	}
	return False
}

func (n *node) any(values []Value, v *Value) Outcome {
	out := False
	for i := range n.kids {
		if out = max(out, n.kids[i].eval(values, v)); out == True {
			break
		}
	}
	return out
}

func (n *node) contains(values []Value, v *Value) Outcome {
	out := False
	if v.kind != list {
		return out
	}
	var e Value // declared in the loop, it would go to the heap
	for i := range v.len() {
		if e = v.at(i); n.want && e.kind == null {
			continue
		}
		if out = max(out, all(n.kids, values, &e)); out == True {
			break
		}
	}
	return out
}

func (n *node) test(v *Value) bool {
	switch n.op {
	case opText:
		if v.kind == text {
			return v.s == n.text
		}
	case opNumber:
		return v.number() == n.number
	case opTruth:
		return v.kind != null && v.truthy() == n.want
	case opNull:
		return (v.kind == null) == n.want
	case opSame:
		return equal(v, &n.value)
	case opIdentical:
		return identical(v, &n.value)
	case opOrder:
		return n.orders(v)
	case opIn:
		return n.set.meets(v) == n.want
	case opMatch:
		return n.pattern.MatchString(v.text())
	case opType:
		return v.kind == kind(n.mask)
	}
	return n.spelled(v)
}

// spelled are the tests of a value that is made a text first.
func (n *node) spelled(v *Value) bool {
	var room, lower [64]byte
	switch n.op {
	case opText:
		return string(v.appendText(room[:0])) == n.text
	case opFolded:
		return string(appendLower(lower[:0], v.appendText(room[:0]))) == n.text
	case opVersion:
		return n.mask>>(1+compare(appendVersion(room[:0], v.version()), n.text))&1 == 1
	}
	return false
}

// orders compares as texts if both sides are, else as numbers; NaN has no order.
func (n *node) orders(v *Value) bool {
	order := 0
	if n.value.kind == text && v.kind >= text {
		order = compare(v.text(), n.value.s)
	} else {
		switch x := v.number(); {
		case math.IsNaN(x) || math.IsNaN(n.number):
			return false
		case x < n.number:
			order = -1
		case x > n.number:
			order = 1
		}
	}
	return n.mask>>(1+order)&1 == 1
}
