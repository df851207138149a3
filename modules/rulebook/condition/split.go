package condition

import "slices"

// Parts are three conditions that together are one: it holds where all of them
// do, and where one of them is False it is. Each lists its own paths.
type Parts struct {
	Item    *Condition // about items alone: the same for every request
	Request *Condition // about the request alone: the same for every candidate
	Mixed   *Condition // the rest
}

// Split divides what must all hold, at the top, in lists of $and and in those of
// $nor, by the paths that each reads. A part without a demand is one that is
// [Condition.Always] true.
func (c *Condition) Split(isItem func(path string) bool) Parts {
	p := Parts{&Condition{}, &Condition{}, &Condition{}}
	for _, n := range c.conjuncts {
		item, request := false, false
		for _, i := range n.reads(nil) {
			if isItem(c.paths[i]) {
				item = true
			} else {
				request = true
			}
		}
		switch {
		case item && request:
			p.Mixed.add(n, c.paths)
		case item:
			p.Item.add(n, c.paths)
		default:
			p.Request.add(n, c.paths)
		}
	}
	return p
}

// reads appends the paths that a node reads.
func (n *node) reads(paths []int) []int {
	if n.op == opField && !slices.Contains(paths, n.path) {
		return append(paths, n.path)
	}
	for i := range n.kids {
		paths = n.kids[i].reads(paths)
	}
	return paths
}

// add takes in a conjunct of a condition with other paths.
func (c *Condition) add(n node, paths []string) {
	to := compiler{paths: c.paths}
	c.conjuncts = append(c.conjuncts, to.move(n, paths))
	c.paths = to.paths
}

func (c *compiler) move(n node, paths []string) node {
	if n.op == opField {
		n.path = c.path(paths[n.path])
		return n // no paths of the context below one
	}
	n.kids = slices.Clone(n.kids)
	for i := range n.kids {
		n.kids[i] = c.move(n.kids[i], paths)
	}
	return n
}
