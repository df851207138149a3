package attack

// begin starts a module without a meter, with a memory of 1 to 4 pages.
func begin() *module { return &module{memories: [][]byte{op(1, 1, 4)}} }

// scorer is a module whose scorer answers the f64 that body leaves.
func scorer(body ...[]byte) []byte { return begin().scorer(body...) }

func (m *module) scorer(body ...[]byte) []byte { return m.abi(m.fn("i:i", answer(body...))) }

// answer is a scorer's body: it writes what body leaves as the first row's mean.
func answer(body ...[]byte) []byte {
	return cat(get(frame), get(frame), load(52), add, cat(body...), storeF64, i32(0))
}

// through is a scorer's body that does something and answers 1.
func through(body ...[]byte) []byte { return cat(cat(body...), answer(f64(1))) }

// abi exports what a scorer must, but for names that are exported already.
func (m *module) abi(score int) []byte {
	m.must("memory", 2, func() int { return 0 })
	m.must("aisle_alloc", 0, func() int { return m.fn("i:i", i32(4096)) })
	m.must("aisle_model", 0, func() int { return m.fn("i:i", i32(1024)) })
	m.must("aisle_score", 0, func() int { return score })
	return m.bytes()
}

func (m *module) must(name string, kind byte, index func() int) {
	for _, e := range m.exports {
		if string(e[1:1+e[0]]) == name {
			return
		}
	}
	m.export(name, kind, index())
}

// forge begins a module with the import, and with the fuel as global 0.
func forge() *module {
	m := begin()
	m.imported("aisle", "refill", cat(op(0), u32(m.typ(":")))...)
	m.export("aisle_fuel", 3, m.global(0x7f, i32(0)))
	return m
}

// charge is what package meter says a charge is.
func charge(n int32) []byte {
	return cat(gget(0), i32(n), sub, gset(0), gget(0), i32(0), op(0x4e), lest(call(0)))
}

// enough pays for any small function.
const enough = 100_000

// sound gives a forged module's other functions what they need.
func (m *module) sound(score int) []byte {
	m.export("aisle_alloc", 0, m.fn("i:i", charge(enough), i32(4096)))
	m.export("aisle_model", 0, m.fn("i:i", charge(enough), i32(1024)))
	return m.abi(score)
}

// cheat is a forged module whose scorer is this body.
func cheat(body ...[]byte) []byte {
	m := forge()
	return m.sound(m.fn("i:i", body...))
}

// forever turns without end, looking at no memory.
func forever(body ...[]byte) []byte { return loop(cat(body...), br(0)) }

// count turns n times, on local a.
func count(n int32, body ...[]byte) []byte {
	return cat(i32(n), set(a), loop(cat(body...), get(a), i32(1), sub, tee(a), brIf(0)))
}
