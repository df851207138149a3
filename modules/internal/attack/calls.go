package attack

// calls are modules that take time or stack by calling.
func calls() map[string][]byte {
	return map[string][]byte{
		"call tree without a loop":    callTree(34),
		"call tree by twins":          callTree(30, ":i"),
		"direct recursion":            ring(1),
		"mutual recursion":            ring(3),
		"recursion of many":           ring(500),
		"recursion twice":             recursionTwice(1 << 20),
		"recursion twice, not deep":   recursionTwice(40),
		"indirect recursion":          indirectRecursion(),
		"recursion with a big frame":  bigFrame(),
		"recursion with wide results": wideResults(),
		"recursion in explain":        recursionIn("aisle_explain", "iii:i"),
		"recursion in initialize":     recursionIn("_initialize", ":"),
		"recursion behind a loop":     recursionBehindLoop(),
		"deep chain":                  chain(3000),
		"chain through the table":     tableChain(3000),
		"call of the wrong type":      tabled(cat(i32(0), indirect(1), drop)),
		"call of nothing":             tabled(cat(i32(1), indirect(0))),
		"call beyond the table":       tabled(cat(i32(-1), indirect(0))),
	}
}

// callTree is n functions, each of which calls the next twice.
func callTree(n int, signature ...string) []byte {
	m := begin()
	s := ":"
	after := nop
	if len(signature) > 0 {
		s, after = signature[0], drop
	}
	leaf := nop
	if after[0] == drop[0] {
		leaf = i32(0)
	}
	f := m.fn(s, leaf)
	for range n {
		if after[0] == drop[0] {
			f = m.fn(s, call(f), call(f), add)
		} else {
			f = m.fn(s, call(f), call(f))
		}
	}
	return m.scorer(call(f), after, f64(1))
}

// ring is n functions, each of which calls the next, and the last the first.
func ring(n int) []byte {
	m := begin()
	first := m.next()
	for i := range n {
		m.fn(":", call(first+(i+1)%n))
	}
	return m.scorer(call(first), f64(1))
}

// recursionTwice calls itself twice down to a depth: a tree without a loop whose
// height says nothing of its size.
func recursionTwice(depth int32) []byte {
	m := begin()
	f := m.next()
	m.fn("i:", get(0), when(get(0), i32(1), sub, call(f), get(0), i32(1), sub, call(f)))
	return m.scorer(i32(depth), call(f), f64(1))
}

// table adds a table of n entries that begins with these functions.
func (m *module) table(n int, functions ...int) {
	m.tables = [][]byte{cat(op(0x70, 1), u32(n), u32(n))}
	e := cat(op(0), i32(0), op(end), u32(len(functions)))
	for _, f := range functions {
		e = append(e, u32(f)...)
	}
	m.elems = [][]byte{e}
}

func indirectRecursion() []byte {
	m := begin()
	f := m.next()
	m.fn(":", i32(0), indirect(m.typ(":")))
	m.table(1, f)
	return m.scorer(call(f), f64(1))
}

// bigFrame keeps 400 numbers alive over the call of itself.
func bigFrame() []byte {
	const n = 400
	m := begin()
	f := m.next()
	var keep, use []byte
	for i := range n {
		keep = append(keep, cat(get(0), i32(int32(i)), op(0x6c), set(1+i))...)
		use = append(use, cat(get(1+i), add)...)
	}
	body := cat(u32(1), u32(n), op(0x7f), keep, get(0), i32(1), add, call(f), use, op(end))
	m.raw("i:i", body)
	return m.scorer(i32(1), call(f), drop, f64(1))
}

// wideResults answers 16 numbers from each of its frames.
func wideResults() []byte {
	m := begin()
	s := "i:llllllllllllllll"
	f := m.next()
	m.fn(s, get(0), i32(1), add, call(f))
	return m.scorer(i32(0), call(f), repeat(16, drop), f64(1))
}

func recursionIn(name, signature string) []byte {
	m := begin()
	f := m.next()
	m.fn(":", call(f))
	result := nop
	if signature != ":" {
		result = i32(0)
	}
	m.export(name, 0, m.raw(signature, cat(op(0), call(f), result, op(end))))
	return m.scorer(f64(1))
}

// recursionBehindLoop recurs in a loop, so each frame turns for ever as well.
func recursionBehindLoop() []byte {
	m := begin()
	f := m.next()
	m.fn("i:", forever(get(0), i32(100), ltU, when(get(0), i32(1), add, call(f))))
	return m.scorer(i32(0), call(f), f64(1))
}

// chain is n functions, each of which calls the one before.
func chain(n int) []byte {
	m := begin()
	f := m.fn(":")
	for range n {
		f = m.fn(":", call(f))
	}
	return m.scorer(call(f), f64(1))
}

// tableChain is the same through a table: no checker sees that it ends.
func tableChain(n int) []byte {
	m := begin()
	s := m.typ(":")
	all := []int{m.fn(":")}
	for i := range n {
		all = append(all, m.fn(":", i32(int32(i)), indirect(s)))
	}
	m.table(len(all), all...)
	return m.scorer(call(all[n]), f64(1))
}

// tabled has a table of one function () -> (), a null, and a type 1 () -> i32.
func tabled(body []byte) []byte {
	m := begin()
	f := m.fn(":")
	m.typ(":i")
	m.table(2, f)
	return m.scorer(body, f64(1))
}
