package meter

import (
	"maps"
	"slices"
)

// rings chooses functions that take depth so that each ring of calls holds one:
// where a walk over the calls comes back to a function it is still in, that one,
// or, where it comes back through a table, the one that calls indirectly.
func (w *rewriter) rings() map[int]uint32 {
	takes := map[int]uint32{}
	types := 1 + len(w.funcs)
	calls := w.callees()
	state := make([]byte, len(calls)) // 0: not seen, 1: walked through, 2: done
	for start := range calls {
		if state[start] != 0 {
			continue
		}
		state[start] = 1
		for path := []int{start}; len(path) > 0; {
			at := path[len(path)-1]
			if len(calls[at]) == 0 {
				state[at] = 2
				path = path[:len(path)-1]
				continue
			}
			next := calls[at][0]
			calls[at] = calls[at][1:]
			switch {
			case state[next] == 0:
				state[next] = 1
				path = append(path, next)
			case state[next] == 1 && next >= types:
				takes[at] = maxStretch
			case state[next] == 1 && takes[at] == 0:
				takes[next] = maxStretch
			}
		}
	}
	return takes
}

// callees lists whom each function calls, and after the functions whom an
// indirect call of each type may reach.
func (w *rewriter) callees() [][]int {
	types := 1 + len(w.funcs)
	calls := make([][]int, types+len(w.types))
	for i, f := range w.funcs {
		for _, callee := range f.calls {
			if callee < 0 {
				callee = types + w.typeOf(w.types[^callee])
			}
			calls[1+i] = append(calls[1+i], callee)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(w.named)) {
		t := types + w.typeOf(w.types[w.funcs[f-1].typ])
		calls[t] = append(calls[t], f)
	}
	return calls
}
