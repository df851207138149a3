package condition

import "slices"

// Truths are the paths whose values are compared with true or false. A text is neither,
// and compared without an operator any but the empty one is true, whatever it says.
func (c *Condition) Truths() (paths []string) {
	for i := range c.conjuncts {
		paths = c.conjuncts[i].truths(c.paths, "", paths)
	}
	return paths
}

func (n *node) truths(all []string, path string, found []string) []string {
	switch {
	case n.op == opField:
		path = all[n.path]
	case n.op == opContains || n.op == opMember || n.op == opSize:
		return found // of something else than the path's value
	case path != "" && (n.op == opTruth || n.op == opIdentical && n.value.kind == boolean) && !slices.Contains(found, path):
		found = append(found, path)
	}
	for i := range n.kids {
		found = n.kids[i].truths(all, path, found)
	}
	return found
}
