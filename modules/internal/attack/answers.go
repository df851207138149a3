package attack

import "math"

// answers are modules whose answers are wrong: numbers, statuses, addresses.
func answers() map[string][]byte {
	export := func(name, signature string, body ...[]byte) []byte {
		m := begin()
		m.export(name, 0, m.raw(signature, cat(op(0), cat(body...), op(end))))
		return m.scorer(f64(1))
	}
	plain := func(body ...[]byte) []byte {
		m := begin()
		return m.abi(m.fn("i:i", body...))
	}
	const page = 1 << 16
	return map[string][]byte{
		"NaN":                          scorer(f64(math.NaN())),
		"NaN computed":                 scorer(f64(0), f64(0), op(0xa3)),
		"infinity":                     scorer(f64(math.Inf(1))),
		"minus infinity":               scorer(f64(math.Inf(-1))),
		"no answer at all":             plain(i32(0)),
		"an answer for the header":     plain(get(frame), f64(1), storeF64, i32(0)),
		"status garbage":               plain(i32(-559038737)),
		"status bad frame":             plain(i32(1)),
		"header overwritten":           plain(get(frame), i32(-1), store(0), get(frame), i32(-1), store(8), answer(f64(1))),
		"answers moved elsewhere":      plain(answer(f64(1)), drop, get(frame), i32(page-8), store(52), i32(0)),
		"rows in the header raised":    plain(answer(f64(1)), drop, get(frame), i32(1<<30), store(8), i32(0)),
		"memory scribbled over":        plain(i32(page/8), set(a), loop(get(a), i32(1), sub, tee(a), i32(3), op(0x74), f64(math.NaN()), storeF64, get(a), brIf(0)), i32(0)),
		"alloc answers 0":              export("aisle_alloc", "i:i", i32(0)),
		"alloc answers 4097":           export("aisle_alloc", "i:i", i32(4097)),
		"alloc answers past the end":   export("aisle_alloc", "i:i", i32(page)),
		"alloc answers the last bytes": export("aisle_alloc", "i:i", i32(page-16)),
		"alloc answers -16":            export("aisle_alloc", "i:i", i32(-16)),
		"alloc answers its model":      export("aisle_alloc", "i:i", i32(1024)),
		"alloc traps":                  export("aisle_alloc", "i:i", unreachable),
		"model answers past the end":   export("aisle_model", "i:i", i32(page)),
		"model answers -16":            export("aisle_model", "i:i", i32(-16)),
		"model answers 1025":           export("aisle_model", "i:i", i32(1025)),
		"model traps":                  export("aisle_model", "i:i", unreachable),
		"explain answers past the end": export("aisle_explain", "iii:i", i32(page-8)),
		"explain answers -8":           export("aisle_explain", "iii:i", i32(-8)),
		"explain answers 12":           export("aisle_explain", "iii:i", i32(12)),
		"explain answers NaN":          export("aisle_explain", "iii:i", i32(16), f64(math.NaN()), storeF64, i32(16)),
		"explain traps":                export("aisle_explain", "iii:i", unreachable),
		"unreachable":                  scorer(unreachable),
		"load past the end":            scorer(i32(-1), load(0), drop, f64(1)),
		"load of an offset past 4 GiB": scorer(i32(-1), op(0x28, 2), u32(1<<32-1), drop, f64(1)),
		"store past the end":           scorer(i32(page-3), i32(7), store(0), f64(1)),
		"division by zero":             scorer(i32(1), i32(0), divU, drop, f64(1)),
		"division that overflows":      scorer(i64(math.MinInt64), i64(-1), divI64, drop, f64(1)),
		"truncation of NaN":            scorer(f64(math.NaN()), truncate, drop, f64(1)),
		"trap where there are rows":    plain(through(get(frame), load(8), when(unreachable))),
	}
}
