package condition

import "fmt"

const known = "$eq $ne $lt $lte $gt $gte $in $nin $ini $nini $inGroup $notInGroup $all $alli $elemMatch $size " +
	"$regex $regexi $veq $vne $vgt $vgte $vlt $vlte $exists $type $not"

// The ways in which one value may lie to another, as bits.
const (
	less = 1 << iota
	same
	greater
)

var relations = map[string]uint8{
	"lt": less, "lte": less | same, "eq": same, "ne": less | greater, "gte": same | greater, "gt": greater,
}

// operator compiles one operator to what must all hold of the current value.
func (c *compiler) operator(name string, arg Value, at string) []node {
	one := func(n node) []node { return []node{n} }
	switch name {
	case "$eq":
		return one(c.identical(arg, at))
	case "$ne":
		return one(c.different(arg, at))
	case "$lt", "$lte", "$gt", "$gte":
		return one(c.order(relations[name[1:]], arg, at))
	case "$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte":
		return one(c.versions(relations[name[2:]], arg, at))
	case "$in", "$ini":
		return one(c.oneOf(arg, name == "$ini", true, at))
	case "$nin", "$nini":
		return one(c.oneOf(arg, name == "$nini", false, at))
	case "$inGroup", "$notInGroup":
		return one(c.group(arg, name == "$inGroup", at))
	case "$all", "$alli":
		return c.all(arg, name == "$alli", at)
	case "$elemMatch":
		return one(c.element(arg, at))
	case "$size":
		return one(c.size(arg, at))
	case "$regex", "$regexi":
		return one(c.matches(arg, name == "$regexi", at))
	case "$exists":
		return one(c.exists(arg, at))
	case "$type":
		return one(c.typed(arg, at))
	case "$not":
		return one(c.opposite(arg, at))
	}
	return one(c.refuse(at, unknown(name, known)))
}

// opposite refuses paths below a value's $not, where they would be taken for a map
// that the value must not equal.
func (c *compiler) opposite(arg Value, at string) node {
	if arg.kind == object && !operates(arg) {
		c.refuse(at, "needs a value or operators; put the $not outside of the path")
	}
	return not(c.must(arg, at))
}

func (c *compiler) identical(arg Value, at string) node {
	if arg.kind > text {
		return c.refuse(at, "compares with a single value; write a list or map without an operator")
	}
	return node{op: opIdentical, value: arg}
}

func (c *compiler) different(arg Value, at string) node {
	return not([]node{c.identical(arg, at)})
}

func (c *compiler) order(want uint8, arg Value, at string) node {
	if arg.kind != number && arg.kind != text {
		c.refuse(at, "orders by a number or a text")
	}
	if arg.kind > text {
		arg = Text(arg.text()) // as JavaScript orders lists and objects
	}
	return node{op: opOrder, mask: want, value: arg, number: arg.number()}
}

func (c *compiler) versions(want uint8, arg Value, at string) node {
	if arg.kind != text {
		c.refuse(at, "needs a version as a text, such as \"1.2.3\"")
	}
	return node{op: opVersion, mask: want, text: string(appendVersion(nil, arg.version()))}
}

func (c *compiler) oneOf(arg Value, insensitive, in bool, at string) node {
	if arg.kind != list {
		return c.refuse(at, "needs a list")
	}
	s, ok := setOf(arg, insensitive)
	if !ok {
		c.refuse(at, "needs a list of single values")
	}
	return node{op: opIn, set: s, want: in}
}

func (c *compiler) group(arg Value, in bool, at string) node {
	if arg.kind != text {
		c.refuse(at, "needs the name of a group")
	}
	group, ok := c.Groups[arg.text()]
	if !ok {
		c.refuse(at, c.noGroup(arg.text()))
		group = Value{kind: list}
	}
	if group.kind == object && identical(of(group, "type"), &groupOfValues) {
		group = group.Lookup("values")
	}
	if group.kind != list {
		return c.refuse(at, fmt.Sprintf("%.64q is no group of values", arg.text()))
	}
	return c.oneOf(group, false, in, at)
}

func (c *compiler) all(arg Value, insensitive bool, at string) []node {
	if arg.kind != list {
		return []node{c.refuse(at, "needs a list")}
	}
	all := []node{{op: opType, mask: uint8(list)}}
	for i := range arg.len() {
		e := arg.at(i)
		kids := c.must(e, fmt.Sprintf("%s[%d]", at, i))
		if insensitive && e.kind == text {
			kids = []node{{op: opFolded, text: string(appendLower(nil, e.s))}}
		}
		all = append(all, node{op: opContains, kids: kids})
	}
	return all
}

func (c *compiler) element(arg Value, at string) node {
	if arg.kind != object {
		return c.refuse(at, "needs a map of operators, or of paths within an element")
	}
	n := node{op: opContains, want: true}
	if operates(arg) {
		n.kids = c.must(arg, at)
	} else {
		n.kids = c.fields(arg, at, true)
	}
	return n
}

func (c *compiler) size(arg Value, at string) node {
	if arg.kind != number && !operates(arg) {
		c.refuse(at, "needs a number, or a map of operators")
	}
	return node{op: opSize, kids: c.must(arg, at)}
}

func (c *compiler) matches(arg Value, insensitive bool, at string) node {
	if arg.kind != text {
		return c.refuse(at, "needs a pattern as a text")
	}
	re, err := pattern(arg.s, insensitive)
	if err != nil {
		return c.refuse(at, err.Error())
	}
	return node{op: opMatch, pattern: re}
}

func (c *compiler) exists(arg Value, at string) node {
	if arg.kind != boolean {
		c.refuse(at, "needs true or false")
	}
	return node{op: opNull, want: !arg.truthy()}
}

var kinds = map[string]kind{"null": null, "boolean": boolean, "number": number, "string": text, "array": list, "object": object}

func (c *compiler) typed(arg Value, at string) node {
	k, ok := kinds[arg.s]
	if arg.kind != text || !ok {
		return c.refuse(at, "needs one of null, boolean, number, string, array, object")
	}
	return node{op: opType, mask: uint8(k)}
}
