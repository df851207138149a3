package rulebook

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// When is a condition, written as a map or as a text of JSON. Without one the
// Condition is nil.
type When struct {
	*condition.Condition
	Said condition.Value // as it was written
}

// when reads what a condition says, and where each part of it stands. It is
// compiled later ([decoder.compile]), once the groups that it may name are known.
func (d *decoder) when(n ast.Node, w *When, path string) {
	w.Said = d.said(n, path)
	if s, ok := textOf(n); ok {
		v, err := condition.Decode([]byte(s))
		if err != nil {
			d.fault(path, err.Error())
		}
		w.Said = v
	}
}

func textOf(n ast.Node) (s string, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// said is the value that YAML says.
func (d *decoder) said(n ast.Node, path string) condition.Value {
	d.lines[d.name][path] = n.GetToken().Position.Line
	if s, ok := textOf(n); ok {
		return condition.Text(s)
	}
	switch v := n.(type) {
	case *ast.NullNode:
		return condition.Value{}
	case *ast.BoolNode:
		return condition.Bool(v.Value)
	case *ast.SequenceNode:
		list := make([]condition.Value, len(v.Values))
		for i, e := range v.Values {
			list[i] = d.said(e, fmt.Sprintf("%s[%d]", path, i))
		}
		return condition.List(list)
	case ast.MapNode:
		var keys []string
		var values []condition.Value
		d.pairs(n, path, func(key string, n ast.Node) {
			keys, values = append(keys, key), append(values, d.said(n, join(path, key)))
		})
		return condition.Object(keys, values)
	}
	x, err := strconv.ParseFloat(n.GetToken().Value, 64)
	if err != nil || !number.MatchString(n.GetToken().Value) {
		d.fault(path, "must be a plain number; put a text into quotes")
	}
	return condition.Number(x)
}

// compile makes the condition of what was said at path, and reports its faults
// where they were written.
func (d *decoder) compile(w *When, path string, o condition.Options) {
	c, err := condition.Compile(w.Said, o)
	if faults, ok := err.(condition.Faults); ok && d.sound(path) {
		for _, f := range faults {
			if f.Path != "" {
				f.Path = "." + f.Path
			}
			d.fault(path+f.Path, f.Problem)
		}
	}
	w.Condition = c
}
