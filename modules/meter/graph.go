package meter

// graph is who calls whom: for each function the callees, with repeats.
type graph struct {
	callees map[int][]int
}

func (g *graph) add(caller, callee int) {
	if g.callees == nil {
		g.callees = map[int][]int{}
	}
	list := g.callees[caller]
	if len(list) == 0 || list[len(list)-1] != callee {
		g.callees[caller] = append(list, callee)
	}
}

// check refuses cycles and chains longer than the limit. It takes callers
// before callees, so a function's depth is final when it is taken.
func (g *graph) check(c *checker) {
	callers := make([]int, len(c.funcs))
	for _, list := range g.callees {
		for _, f := range list {
			callers[f]++
		}
	}
	var ready []int
	depth := make([]int, len(c.funcs))
	for f, n := range callers {
		if n == 0 {
			ready, depth[f] = append(ready, f), 1
		}
	}
	for i := 0; i < len(ready); i++ {
		f := ready[i]
		if depth[f] > c.limits.Depth {
			c.refuse(Depth, "calls nest deeper than %d", c.limits.Depth)
		}
		for _, callee := range g.callees[f] {
			depth[callee] = max(depth[callee], depth[f]+1)
			if callers[callee]--; callers[callee] == 0 {
				ready = append(ready, callee)
			}
		}
	}
	if len(ready) != len(c.funcs) {
		c.refuse(Recursion, "a function reaches itself")
	}
}
