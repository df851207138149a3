package scoring

import "errors"

// Validate returns ErrShape for columns or heads outside the limits, or ErrModel
// for what is no ensemble of trees.
func (t *Trees) Validate() error {
	f := t.Frame
	if f.Validate() != nil || f.Variance || f.ContextCategorical != 0 || f.Categorical != 0 {
		return ErrShape
	}
	if len(t.Base) != f.Heads || len(t.Trees) > MaxTrees || !finite(t.Divisor) || t.Divisor <= 0 {
		return ErrModel
	}
	for _, v := range t.Base {
		if !t.sound(v) {
			return ErrModel
		}
	}
	nodes, words := 0, 0
	for i := range t.Trees {
		tree := &t.Trees[i]
		nodes += len(tree.Nodes)
		if nodes > MaxTreeNodes || !t.validTree(tree) {
			return ErrModel
		}
		for j := range tree.Nodes {
			words += len(tree.Nodes[j].Set)
		}
	}
	if words > MaxSetWords {
		return ErrModel
	}
	return nil
}

func (t *Trees) validTree(tree *Tree) bool {
	if tree.Head < 0 || tree.Head >= t.Frame.Heads || len(tree.Leaves) != len(tree.Nodes)+1 || len(tree.Expect) != len(tree.Nodes) {
		return false
	}
	for _, v := range tree.Leaves {
		if !t.sound(v) {
			return false
		}
	}
	for _, v := range tree.Expect {
		if !finite(v) {
			return false
		}
	}
	for i := range tree.Nodes {
		if !tree.Nodes[i].valid(t.Frame.ContextDense + t.Frame.Dense) {
			return false
		}
	}
	return tree.shape() == nil
}

func (n *Node) valid(columns int) bool {
	if n.Column < 0 || n.Column >= columns || n.Test > Among || !number(n.Threshold) {
		return false
	}
	if n.Test == Among {
		return len(n.Set) >= 1 && len(n.Set) <= MaxSet && n.Threshold == 0 && !n.ZeroMissing
	}
	return len(n.Set) == 0
}

var errTree = errors.New("not a tree")

// shape returns errTree unless each node but the first and each leaf is the child
// of one node before it, none too deep.
func (t *Tree) shape() error {
	depth := make([]int, len(t.Nodes))
	leaf := make([]bool, len(t.Leaves))
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if i > 0 && depth[i] == 0 {
			return errTree
		}
		for _, child := range [...]int{n.Left, n.Right} {
			switch {
			case child < 0:
				if ^child >= len(leaf) || leaf[^child] {
					return errTree
				}
				leaf[^child] = true
			case child <= i || child >= len(depth) || depth[child] != 0 || depth[i]+1 >= MaxTreeDepth:
				return errTree
			default:
				depth[child] = depth[i] + 1
			}
		}
	}
	return nil
}
