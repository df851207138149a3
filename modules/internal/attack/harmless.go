package attack

// harmless are made as the attacks are, and end by themselves.
func harmless() map[string][]byte {
	m := func(f func(m *module) []byte) []byte { return f(begin()) }
	const page = 1 << 16
	return map[string][]byte{
		"loop that ends":         scorer(count(1000, get(a), convert, get(y), addF64, set(y)), get(y)),
		"nested loops that end":  scorer(i32(30), set(b), loop(count(30, get(x), i64(3), op(0x7c), set(x)), get(b), i32(1), sub, tee(b), brIf(0)), get(x), op(0xba)),
		"call tree that ends":    callTree(10),
		"call tree of sums":      callTree(10, ":i"),
		"recursion that ends":    recursionTwice(12),
		"chain that ends":        chain(20),
		"table chain that ends":  tableChain(20),
		"factorial by the table": factorial(),
		"switch that ends":       switching(),
		"memory.grow that ends":  scorer(i32(2), memoryGrow, drop, i32(100), memoryGrow, drop, memorySize, convert),
		"memory.fill that ends":  scorer(i32(8192), i32(0x3f), i32(30000), memoryFill, i32(8192+29992), loadF64),
		"memory.fill of nothing": scorer(i32(page), i32(1), i32(0), memoryFill, f64(1)),
		"memory.copy up":         scorer(ramp(), i32(8200), i32(8192), i32(4000), memoryCopy, i32(8192+400), loadF64),
		"memory.copy down":       scorer(ramp(), i32(8192), i32(8200), i32(4000), memoryCopy, i32(8192+400), loadF64),
		"memory.init that ends": m(func(m *module) []byte {
			m.dataCount = true
			m.data = [][]byte{cat(op(1), text("twelve bytes"))}
			return m.scorer(i32(8192), i32(2), i32(10), memoryInit, i32(8192), load(0), op(0xfc, 9, 0), convert)
		}),
		"tables that move": m(func(m *module) []byte {
			f := m.fn(":", i32(16), i32(9), store(0))
			m.tables = [][]byte{op(0x70, 1, 4, 40)}
			m.elems = [][]byte{op(1, 0, 1, byte(f))}
			return m.scorer(i32(1), i32(0), i32(1), tableInit, i32(2), i32(1), i32(1), tableCopy,
				nullFunc, i32(10), tableGrow, drop, i32(8), op(0xd2, byte(f)), i32(3), tableFill,
				i32(2), indirect(m.typ(":")), i32(10), indirect(m.typ(":")), i32(16), load(0), tableSize, add, convert)
		}),
		"many results": m(func(m *module) []byte {
			f := m.fn("i:iii", get(0), get(0), i32(2), add, get(0), i32(5), add)
			return m.scorer(i32(3), call(f), add, add, convert)
		}),
		"blocks of many results": m(func(m *module) []byte {
			t := m.typ("i:ii")
			return m.scorer(i32(3), cat(op(0x02), u32(t), tee(a), get(a), i32(1), add, get(a), brIf(0), unreachable, op(end)), add, convert)
		}),
		"globals": m(func(m *module) []byte {
			g := m.global(0x7c, f64(2.5))
			return m.scorer(count(10, gget(g), gget(g), addF64, gset(g)), gget(g))
		}),
		"vectors": scorer(count(50, get(a), op(0xfd, 17), get(a), op(0xfd, 17), op(0xfd), u32(0xae), op(0xfd, 27, 2), get(b), add, set(b)), get(b), convert),
		"initialize that ends": m(func(m *module) []byte {
			m.export("_initialize", 0, m.fn(":", i32(16), f64(6.5), storeF64))
			return m.scorer(i32(16), loadF64)
		}),
		"explain that ends": explains(cat(i32(16), get(1), convert, storeF64, i32(16))),
		"data": m(func(m *module) []byte {
			m.data = [][]byte{cat(op(0), i32(64), op(end), text("abcd"))}
			return m.scorer(i32(64), load(0), convert)
		}),
		"returns from deep within": m(func(m *module) []byte {
			f := m.next()
			m.fn("i:i", loop(block(block(get(0), i32(5), ltU, when(get(0), ret), get(0), i32(1), sub, call(f), ret)), br(0)), unreachable)
			return m.scorer(i32(40), call(f), convert)
		}),
	}
}

// ramp fills 4,096 bytes from 8,192 on with what differs from byte to byte.
func ramp() []byte {
	return count(1024, get(a), i32(2), op(0x74), get(a), i32(0x01010101), op(0x6c), store(8192-4))
}

func factorial() []byte {
	m := begin()
	t := m.typ("i:d")
	f := m.next()
	m.fn("i:d", get(0), eqz, when(f64(1), ret), get(0), convert, get(0), i32(1), sub, i32(0), indirect(t), op(0xa2))
	m.table(1, f)
	return m.scorer(i32(15), call(f))
}

// switching is ways, for 1,000 turns.
func switching() []byte {
	return scorer(i32(1000), set(b),
		loop(block(block(block(get(b), i32(3), op(0x70), op(0x0e, 2, 0, 1, 2)), get(x), i64(5), op(0x7c), set(x)), get(x), i64(3), op(0x7e), set(x)),
			get(b), i32(1), sub, tee(b), brIf(0)),
		get(x), op(0xba))
}
