package condition

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The types of a group that is written out.
var (
	groupOfValues    = Text("list")
	groupOfCondition = Text("condition")
)

// noGroup says so, and which there are.
func (c *compiler) noGroup(name string) string {
	const some = 16
	known := slices.Sorted(maps.Keys(c.Groups))
	switch {
	case len(known) == 0:
		return fmt.Sprintf("there is no group %.64q, nor any other", name)
	case len(known) > some:
		known = append(known[:some:some], "…")
	}
	return fmt.Sprintf("there is no group %.64q; there are %s", name, strings.Join(known, ", "))
}

// of is a member of an object.
func of(v Value, key string) *Value {
	m := v.member(key)
	return &m
}

// savedGroup compiles {"$savedGroup": {"id": name}} to what the group demands:
// its condition, or that the value at its path, or at attributeKey beside the id,
// is one of its values.
func (c *compiler) savedGroup(ref Value, at string, element bool) []node {
	id, override := of(ref, "id"), of(ref, "attributeKey")
	group, ok := c.Groups[id.s]
	path := of(group, "attributeKey")
	if override.kind != null {
		path = override
	}
	switch {
	case ref.kind != object || id.kind != text || override.kind != null && override.kind != text:
		return []node{c.refuse(at, `needs {"id": the name of a group}, perhaps with a path as attributeKey`)}
	case !ok:
		return []node{c.refuse(at, c.noGroup(id.s))}
	case slices.Contains(c.inside, id.s):
		return []node{c.refuse(at, fmt.Sprintf("group %.64q contains itself", id.s))}
	case identical(of(group, "type"), &groupOfCondition):
		return c.included(id.s, *of(group, "condition"), at, element)
	case identical(of(group, "type"), &groupOfValues) && path.kind == text && of(group, "values").kind == list:
		return []node{c.on(path.s, []node{c.oneOf(*of(group, "values"), false, true, at)}, element)}
	}
	return []node{c.refuse(at, fmt.Sprintf("group %.64q is neither a condition nor a list with an attributeKey", id.s))}
}

// included compiles a group's condition in the place of its name. Each time
// counts towards the limits.
func (c *compiler) included(name string, condition Value, at string, element bool) []node {
	if condition.kind != object {
		return []node{c.refuse(at, fmt.Sprintf("group %.64q has no condition", name))}
	}
	if c.measure(condition, len(c.inside)); c.faults != nil {
		return nil
	}
	c.inside = append(c.inside, name)
	defer func() { c.inside = c.inside[:len(c.inside)-1] }()
	return c.fields(condition, at, element)
}
