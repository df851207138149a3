package condition

import "github.com/aisle-edge/aisle/modules/bitmap"

// Column is what a path leads to for every item: a dictionary of texts, or At.
type Column struct {
	IDs   []uint32 // of each item, into Names
	Names []string // distinct; an empty one is missing
	At    func(item int) Value
}

func (c *Column) value(item int) Value {
	if c.At != nil {
		return c.At(item)
	}
	return named(c.Names[c.IDs[item]])
}

func named(s string) Value {
	if s == "" {
		return Value{}
	}
	return Text(s)
}

// Keep takes out of allowed the items for which the condition is not True;
// columns[i] is for Paths()[i]. What reads a single dictionary is evaluated once
// for each of its texts, all else for each item that is left.
func (c *Condition) Keep(allowed bitmap.Bits, columns []Column) {
	values := make([]Value, len(c.paths))
	for i := range c.conjuncts {
		n := &c.conjuncts[i]
		reads := n.reads(nil)
		if len(reads) == 1 && columns[reads[0]].At == nil {
			n.keepNamed(allowed, &columns[reads[0]], reads[0], values)
			continue
		}
		for item := range allowed.All() {
			for _, p := range reads {
				values[p] = columns[p].value(item)
			}
			if n.eval(values, nil) != True {
				allowed.Clear(item)
			}
		}
	}
}

func (n *node) keepNamed(allowed bitmap.Bits, column *Column, path int, values []Value) {
	held := bitmap.New(len(column.Names))
	for id, name := range column.Names {
		if values[path] = named(name); n.eval(values, nil) == True {
			held.Set(id)
		}
	}
	for item := range allowed.All() {
		if !held.Has(int(column.IDs[item])) {
			allowed.Clear(item)
		}
	}
}
