package condition

import (
	"fmt"
	"slices"
	"strings"
)

type compiler struct {
	Options
	paths  []string
	inside []string // groups whose conditions are being compiled
	values int
	faults Faults
}

// maxFaults: whoever has more reads them in turns.
const maxFaults = 100

func (c *compiler) fault(at, problem string) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, Fault{at, problem})
	}
}

// refuse is what becomes of an operator that can't be evaluated.
func (c *compiler) refuse(at, problem string) node {
	if !c.Lenient {
		c.fault(at, problem)
	}
	return node{op: opNever}
}

// measure holds a condition to the limits, however it was made.
func (c *compiler) measure(v Value, depth int) {
	if c.faults != nil {
		return
	}
	if err := within(depth, &c.values); err != nil {
		c.fault("", err.Error())
		return
	}
	for i := range v.len() {
		c.measure(v.at(i), depth+1)
	}
}

// fields compiles a map of paths and logical operators to what must all hold of
// the whole context, or of the current value where that is an element.
func (c *compiler) fields(v Value, at string, element bool) (all []node) {
	if v.kind != object {
		c.fault(at, "must be a map of paths and what their values must be")
		return nil
	}
	for i, key := range v.texts {
		at, arg := join(at, key), v.list[i]
		switch key {
		case "$and":
			all = append(all, flatten(c.each(arg, at, element))...)
		case "$or":
			if kids := c.each(arg, at, element); len(kids) > 0 {
				all = append(all, node{op: opAny, kids: kids})
			}
		case "$nor":
			all = append(all, c.nor(arg, at, element)...)
		case "$not":
			all = append(all, not(c.fields(arg, at, element)))
		case "$savedGroup":
			all = append(all, c.savedGroup(arg, at, element)...)
		default:
			all = append(all, c.field(key, arg, at, element))
		}
	}
	return all
}

// each compiles a list of maps, each to one node.
func (c *compiler) each(v Value, at string, element bool) []node {
	if v.kind != list {
		c.fault(at, "must be a list of conditions")
		return nil
	}
	kids := make([]node, v.len())
	for i := range kids {
		kids[i] = together(c.fields(v.at(i), fmt.Sprintf("%s[%d]", at, i), element))
	}
	return kids
}

// nor is that none holds; GrowthBook lets an empty $or hold, so an empty $nor
// does not.
func (c *compiler) nor(v Value, at string, element bool) []node {
	kids := c.each(v, at, element)
	if len(kids) == 0 {
		return []node{{op: opNever}}
	}
	for i := range kids {
		kids[i] = not(kids[i : i+1 : i+1])
	}
	return kids
}

func not(all []node) node { return node{op: opNot, kids: []node{together(all)}} }

func together(all []node) node {
	if len(all) == 1 {
		return all[0]
	}
	return node{op: opAll, kids: all}
}

// flatten brings conjuncts of conjuncts up, so that Split and Keep find them.
func flatten(all []node) (flat []node) {
	for _, n := range all {
		if n.op == opAll {
			flat = append(flat, n.kids...)
		} else {
			flat = append(flat, n)
		}
	}
	return flat
}

func (c *compiler) field(path string, v Value, at string, element bool) node {
	switch {
	case c.Lenient:
	case strings.HasPrefix(path, "$"):
		c.fault(at, unknown(path, "$and $or $nor $not $savedGroup, and paths"))
	case slices.Contains(strings.Split(path, "."), ""):
		c.fault(at, "is no path: names with dots between them")
	}
	return c.on(path, c.must(v, at), element)
}

// on is that all kids hold of the value at a path.
func (c *compiler) on(path string, kids []node, element bool) node {
	if element {
		return node{op: opMember, text: path, kids: kids}
	}
	return node{op: opField, path: c.path(path), kids: kids}
}

func (c *compiler) path(path string) int {
	if i := slices.Index(c.paths, path); i >= 0 {
		return i
	}
	c.paths = append(c.paths, path)
	return len(c.paths) - 1
}

// must compiles what a value must be.
func (c *compiler) must(v Value, at string) []node {
	switch v.kind {
	case text:
		return []node{{op: opText, text: v.s}}
	case number:
		return []node{{op: opNumber, number: v.n}}
	case boolean:
		return []node{{op: opTruth, want: v.truthy()}}
	case null:
		return []node{{op: opNull, want: true}}
	case withheld:
		return []node{c.refuse(at, "can't be compared with what is withheld")}
	}
	if !operates(v) {
		c.plain(v, at)
		return []node{{op: opSame, value: v}}
	}
	var all []node
	for i, name := range v.texts {
		all = append(all, c.operator(name, v.list[i], join(at, name))...)
	}
	return all
}

// operates tells whether v is a map of operators: all its keys begin with $.
func operates(v Value) bool {
	return v.kind == object && len(v.texts) > 0 && operatorsIn(v) == len(v.texts)
}

func operatorsIn(v Value) (n int) {
	for _, key := range v.texts {
		if strings.HasPrefix(key, "$") {
			n++
		}
	}
	return n
}

// plain refuses a map to be equal to that was hardly meant as one.
func (c *compiler) plain(v Value, at string) {
	switch {
	case v.kind != object:
	case len(v.texts) == 0:
		c.refuse(at, "is an empty map, which only an empty map equals; for any value use $exists")
	case operatorsIn(v) > 0:
		c.refuse(at, "mixes operators with names; put the paths outside")
	}
}

func unknown(name, known string) string {
	return fmt.Sprintf("unknown operator %.64q; known here are %s", name, known)
}
