package meter

// graph is who may call whom. Its nodes are the functions and, after them, the
// types: an indirect call goes to a type, and from there to each function of
// that type that a reference names.
type graph struct {
	calls []call
	needs []need // of each node
}

// call is an edge between nodes; repeats do no harm.
type call struct{ from, to int }

// need is what a node wants of the stack, in units of depth.
type need struct {
	own   int
	below int // the most that what it calls wants, as far as that takes no depth
	taken int // depth that it takes; 0: none
}

func (n need) all() int { return n.own + n.below }

func (g *graph) add(from, to int) {
	if n := len(g.calls); n == 0 || g.calls[n-1] != (call{from, to}) {
		g.calls = append(g.calls, call{from, to})
	}
}

// settle computes what is wanted below each node, callees before callers, and
// returns the nodes in that order. Those that are missing in it reach
// themselves through functions that take no depth. If cut says so of a node
// that takes none, the node counts as one that does.
func (g *graph) settle(cut func(node int) bool) (order []int) {
	open, callers := g.waiting()
	for n, left := range open {
		if left == 0 {
			order = append(order, n)
		}
	}
	for i := 0; i < len(order); i++ {
		n := order[i]
		if g.needs[n].taken > 0 {
			continue // nobody waits for it
		}
		passes := g.needs[n].all()
		if cut != nil && cut(n) {
			passes = 0
		}
		for _, from := range callers[n] {
			g.needs[from].below = max(g.needs[from].below, passes)
			if open[from]--; open[from] == 0 {
				order = append(order, from)
			}
		}
	}
	return order
}

// waiting counts for each node the calls that take no depth, and turns the calls
// around.
func (g *graph) waiting() (open []int, callers [][]int) {
	open, callers = make([]int, len(g.needs)), make([][]int, len(g.needs))
	for _, e := range g.calls {
		callers[e.to] = append(callers[e.to], e.from)
		if g.needs[e.to].taken == 0 {
			open[e.from]++
		}
	}
	return open, callers
}

// references adds the calls that references to functions make possible.
func (c *checker) references() {
	for f := range c.named {
		c.calls.add(len(c.funcs)+c.same[c.funcs[f]], f)
	}
}

// stacks proves that the stack is bounded. Every stack is a row of stretches:
// the first function, or one that takes depth, and then functions that take
// none. So a ring of functions must hold one that takes depth, no stretch may be
// too long, and what is taken at its start must cover it.
func (c *checker) stacks() {
	if order := c.calls.settle(nil); len(order) != len(c.calls.needs) {
		c.refuse(Recursion, "a function reaches itself and takes no depth")
	}
	for _, n := range c.calls.needs {
		switch {
		case n.all() > maxStretch:
			c.refuse(Depth, "calls nest deeper than %d", maxStretch)
		case n.taken > 0 && n.taken < n.all():
			c.refuse(Depth, "a function takes %d of depth and wants %d", n.taken, n.all())
		}
	}
}
