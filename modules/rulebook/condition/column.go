package condition

import "github.com/aisle-edge/aisle/modules/bitmap"

// Column is what a path leads to for every item: a dictionary, or At.
type Column struct {
	IDs    []uint32 // of each item, into Names or Values
	Names  []string // distinct; an empty one is missing
	Values []Value  // instead of Names, of what is no text
	At     func(item int) Value
}

// Value is what the column has of an item.
func (c *Column) Value(item int) Value {
	if c.At != nil {
		return c.At(item)
	}
	return c.entry(c.IDs[item])
}

// entry is one of the dictionary.
func (c *Column) entry(id uint32) Value {
	if c.Values != nil {
		return c.Values[id]
	}
	return named(c.Names[id])
}

func named(s string) Value {
	if s == "" {
		return Value{}
	}
	return Text(s)
}

// Keep takes out of allowed the items for which the condition is not True;
// columns[i] is for Paths()[i]. What reads a single dictionary is evaluated once
// for each of its entries, all else for each item that is left.
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
				values[p] = columns[p].Value(item)
			}
			if n.eval(values, nil) != True {
				allowed.Clear(item)
			}
		}
	}
}

func (n *node) keepNamed(allowed bitmap.Bits, column *Column, path int, values []Value) {
	held := bitmap.New(max(len(column.Names), len(column.Values)))
	for id := range max(len(column.Names), len(column.Values)) {
		if values[path] = column.entry(uint32(id)); n.eval(values, nil) == True {
			held.Set(id)
		}
	}
	for item := range allowed.All() {
		if !held.Has(int(column.IDs[item])) {
			allowed.Clear(item)
		}
	}
}
