package attack

// times are modules that take time.
func times() map[string][]byte {
	initialize := func(body ...[]byte) []byte {
		m := begin()
		m.export("_initialize", 0, m.fn(":", body...))
		return m.scorer(f64(1))
	}
	return map[string][]byte{
		"endless loop":               scorer(forever(), f64(1)),
		"endless loop on memory":     scorer(forever(i32(0), i32(0), load(0), i32(1), add, store(0)), f64(1)),
		"endless loop over br_table": scorer(loop(get(a), op(0x0e, 3, 0, 0, 0, 0)), f64(1)),
		"endless loop over br_if":    scorer(loop(i32(1), brIf(0)), f64(1)),
		"endless loop between labels": scorer(loop(block(get(a), brIf(0), i32(1), set(a), br(1)), i32(0), set(a), br(0)),
			f64(1)),
		"nested loops": scorer(cat(repeat(5, op(0x03, 0x40)), repeat(5, cat(get(a), i32(1), add, tee(a), brIf(0), op(end)))),
			f64(1)),
		"loops in a row":        scorer(repeat(200, count(1<<30)), f64(1)),
		"storm of divisions":    scorer(i64(1<<62), set(x), forever(repeat(500, cat(get(x), i64(3), divI64, i64(3), op(0x84), set(x)))), f64(1)),
		"storm of roots":        scorer(forever(repeat(500, cat(get(y), sqrtF64, set(y)))), f64(1)),
		"storm of cache misses": storm(),
		"storm of conversions":  scorer(forever(repeat(300, cat(get(y), op(0xfc, 2), set(a), get(a), convert, set(y)))), f64(1)),
		"many ways at once":     ways(300),
		"endless alloc":         endless("aisle_alloc"),
		"endless model":         endless("aisle_model"),
		"endless explain":       explains(cat(forever(), i32(0))),
		"endless initialize":    initialize(forever()),
		"trap in initialize":    initialize(unreachable),
		"grows in initialize":   initialize(forever(i32(1), memoryGrow, drop)),
	}
}

// storm looks at 16 MiB of memory in an order that no cache foresees.
func storm() []byte {
	m := begin()
	m.memories = [][]byte{cat(op(1), u32(256), u32(256))}
	step := cat(get(a), i32(1664525), op(0x6c), i32(1013904223), add, tee(a), i32(0xfffff8), and, load(0), get(a), add, set(a))
	return m.scorer(forever(repeat(100, step)), f64(1))
}

// ways is a loop that is a switch of n cases, each of which turns again: what a
// compiler of co-routines writes.
func ways(n int) []byte {
	var labels []byte
	for i := range n {
		labels = append(labels, u32(i)...)
	}
	var arms []byte
	for i := range n {
		arms = append(arms, cat(op(end), get(a), i32(7), add, i32(int32(n)), op(0x70), set(a), br(n-1-i))...)
	}
	return scorer(op(0x03, 0x40), repeat(n, op(0x02, 0x40)), get(a), op(0x0e), u32(n-1), labels, arms, op(end), f64(1))
}

// endless has an export that never ends.
func endless(name string) []byte {
	m := begin()
	m.export(name, 0, m.fn("i:i", forever(), i32(0)))
	return m.scorer(f64(1))
}

// explains has an aisle_explain of this body.
func explains(body []byte) []byte {
	m := begin()
	m.export("aisle_explain", 0, m.raw("iii:i", cat(op(0), body, op(end))))
	return m.scorer(f64(1))
}
