package attack

// forged are modules with a meter that cheats, as whoever knows the charge would
// write it.
func forged() map[string][]byte {
	sequence := func(n int32, refill []byte) []byte {
		return cat(gget(0), i32(n), sub, gset(0), gget(0), i32(0), op(0x4e), refill)
	}
	return map[string][]byte{
		"sound meter":                      cheat(charge(enough), answer(f64(1))),
		"sound meter, endless":             cheat(charge(enough), loop(charge(100), br(0)), i32(0)),
		"sound meter, NaN":                 cheat(charge(enough), answer(f64(0), f64(0), op(0xa3))),
		"charge missing":                   cheat(answer(f64(1))),
		"charge of nothing":                cheat(charge(0), answer(f64(1))),
		"charge of one too few":            cheat(charge(13), answer(f64(1))),
		"charge that gives":                cheat(charge(-1000), answer(f64(1))),
		"charge that wraps around":         cheat(charge(-1<<31), answer(f64(1))),
		"charge too big to tell":           cheat(charge(1<<30), answer(f64(1))),
		"charge behind the work":           cheat(repeat(20, cat(get(a), set(b))), charge(enough), answer(f64(1))),
		"charge in one arm only":           cheat(get(frame), when(charge(enough)), answer(f64(1))),
		"charge that a branch skips":       cheat(block(get(frame), brIf(0), charge(enough)), answer(f64(1))),
		"charge behind a return":           cheat(get(frame), when(i32(0), ret), charge(enough), answer(f64(1))),
		"charge in dead code":              cheat(block(br(0), charge(enough)), answer(f64(1))),
		"charge that does not refill":      cheat(sequence(enough, lest(nop)), answer(f64(1))),
		"charge that asks another":         otherRefill(),
		"charge that adds":                 cheat(gget(0), i32(enough), add, gset(0), gget(0), i32(0), op(0x4e), lest(call(0)), answer(f64(1))),
		"charge that looks the other way":  cheat(gget(0), i32(enough), sub, gset(0), gget(0), i32(0), op(0x48), lest(call(0)), answer(f64(1))),
		"charge without writing":           cheat(gget(0), i32(enough), sub, drop, gget(0), i32(0), op(0x4e), lest(call(0)), answer(f64(1))),
		"charge on another global":         otherGlobal(),
		"charge in a longer number":        cheat(gget(0), op(0x41, 0x90, 0xce, 0x80, 0), sub, gset(0), gget(0), i32(0), op(0x4e), lest(call(0)), answer(f64(1))),
		"loop without a charge":            cheat(charge(enough), forever(), i32(0)),
		"loop with a charge behind":        cheat(charge(enough), loop(repeat(20, nop), charge(100), br(0)), i32(0)),
		"loop with a charge too small":     cheat(charge(enough), loop(charge(14), repeat(20, nop), br(0)), i32(0)),
		"loop with a charge for one arm":   cheat(charge(enough), loop(get(a), when(charge(100)), br(0)), i32(0)),
		"loop inside a loop that pays":     cheat(charge(enough), loop(charge(100), forever()), i32(0)),
		"refill called":                    cheat(charge(enough), call(0), answer(f64(1))),
		"refill called without end":        cheat(charge(enough), loop(charge(100), call(0), br(0)), i32(0)),
		"refill exported":                  refillExported(),
		"refill in the table":              refillTabled(),
		"fuel written":                     cheat(charge(enough), i32(1<<30), gset(0), answer(f64(1))),
		"fuel read":                        cheat(charge(enough), answer(gget(0), convert)),
		"fuel exported under two names":    refueled(func(m *module) { m.export("fuel", 3, 0) }),
		"fuel that never changes":          refueled(func(m *module) { m.globals[0] = cat(op(0x7f, 0), i32(0), op(end)) }),
		"fuel of 64 bits":                  refueled(func(m *module) { m.globals[0] = cat(op(0x7e, 1), i64(0), op(end)) }),
		"fuel that begins full":            refueled(func(m *module) { m.globals[0] = cat(op(0x7f, 1), i32(1<<31-1), op(end)) }),
		"fuel that is not exported":        refueled(func(m *module) { m.exports = m.exports[1:] }),
		"depth that is the fuel":           refueled(func(m *module) { m.export("aisle_depth", 3, 0) }),
		"depth that the guest sets":        depthSet(),
		"recursion that pays":              payingRecursion(),
		"indirect call that pays":          payingIndirect(),
		"memory.fill that pays for itself": cheat(charge(enough), i32(0), i32(0), i32(1<<16), memoryFill, answer(f64(1))),
		"memory.fill behind a forged mask": cheat(charge(enough), i32(0), i32(0), get(frame), i32(-1), and, memoryFill, answer(f64(1))),
		"memory.fill that pays too little": cheat(charge(1000), i32(0), i32(0), i32(1<<16), memoryFill, answer(f64(1))),
		"memory.fill of any length":        cheat(charge(enough), i32(0), i32(0), get(frame), memoryFill, answer(f64(1))),
		"explain that is a memory, paid":   refueled(func(m *module) { m.export("aisle_explain", 2, 0) }),
		"explain of another type, paid":    refueled(paidExport("aisle_explain", "i:i")),
		"initialize of another type, paid": refueled(paidExport("_initialize", "i:i")),
		"model of another type, paid":      refueled(paidExport("aisle_model", "ii:i")),
		"table of 4,000 million, paid":     refueled(func(m *module) { m.tables = [][]byte{cat(op(0x70, 1), u32(1<<32-1), u32(1<<32-1))} }),
		"table without a bound, paid":      refueled(func(m *module) { m.tables = [][]byte{op(0x70, 0, 1)} }),
		"table exported, paid":             refueled(func(m *module) { m.table(1, 1); m.export("table", 1, 0) }),
		"start function, paid":             refueled(func(m *module) { m.start = u32(m.fn(":", charge(enough), forever())) }),
		"names, paid":                      refueled(func(m *module) { m.custom = [][]byte{section(0, text("name"))} }),
		"memory of 4 GiB, paid":            refueled(func(m *module) { m.memories = [][]byte{cat(op(1), u32(1<<16), u32(1<<16))} }),
		"data outside memory, paid":        refueled(func(m *module) { m.data = [][]byte{cat(op(0), i32(-1), op(end), text("x"))} }),
		"import between refill and guest":  secondImport(),
	}
}

func refueled(change func(m *module)) []byte {
	m := forge()
	score := m.fn("i:i", charge(enough), answer(f64(1)))
	change(m)
	return m.sound(score)
}

// paidExport adds an export of another type than the ABI's, which pays.
func paidExport(name, signature string) func(m *module) {
	return func(m *module) { m.export(name, 0, m.fn(signature, charge(enough), i32(0))) }
}

func otherRefill() []byte {
	m := forge()
	f := m.fn(":", charge(enough))
	return m.sound(m.fn("i:i", gget(0), i32(enough), sub, gset(0), gget(0), i32(0), op(0x4e), lest(call(f)), answer(f64(1))))
}

func otherGlobal() []byte {
	m := forge()
	g := m.global(0x7f, i32(0))
	return m.sound(m.fn("i:i", gget(g), i32(enough), sub, gset(g), gget(g), i32(0), op(0x4e), lest(call(0)), answer(f64(1))))
}

func refillExported() []byte {
	m := forge()
	m.export("aisle_explain", 0, 0)
	return m.sound(m.fn("i:i", charge(enough), answer(f64(1))))
}

func refillTabled() []byte {
	m := forge()
	m.table(1, 0)
	return m.sound(m.fn("i:i", charge(enough), i32(0), indirect(m.typ(":")), answer(f64(1))))
}

func depthSet() []byte {
	m := forge()
	g := m.global(0x7f, i32(100))
	m.export("aisle_depth", 3, g)
	return m.sound(m.fn("i:i", charge(enough), i32(1000000), gset(g), answer(f64(1))))
}

func payingRecursion() []byte {
	m := forge()
	f := m.next()
	m.fn(":", charge(enough), call(f))
	return m.sound(m.fn("i:i", charge(enough), call(f), answer(f64(1))))
}

func payingIndirect() []byte {
	m := forge()
	f := m.next()
	m.fn(":", charge(enough), i32(0), indirect(m.typ(":")))
	m.table(1, f)
	return m.sound(m.fn("i:i", charge(enough), call(f), answer(f64(1))))
}

func secondImport() []byte {
	m := forge()
	m.imported("aisle", "refill", op(0, 0)...)
	return m.sound(m.fn("i:i", charge(enough), answer(f64(1))))
}
