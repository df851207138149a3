package attack

// sizes are modules that take memory, of the node or of its compiler.
func sizes() map[string][]byte {
	const page = 1 << 16
	bulk := func(body ...[]byte) []byte {
		m := begin()
		m.dataCount = true
		m.data = [][]byte{cat(op(1), text("passive data"))}
		m.memories = [][]byte{cat(op(1), u32(200), u32(200))}
		return m.scorer(cat(body...), f64(1))
	}
	tables := func(min, max int, body ...[]byte) []byte {
		m := begin()
		m.tables = [][]byte{cat(op(0x70, 1), u32(min), u32(max))}
		return m.scorer(cat(body...), f64(1))
	}
	memory := func(limits ...[]byte) []byte {
		m := begin()
		m.memories = [][]byte{cat(limits...)}
		return m.scorer(f64(1))
	}
	data := func(segments ...[]byte) []byte {
		m := begin()
		m.data = segments
		return m.scorer(f64(1))
	}
	elems := func(table int, e ...[]byte) []byte {
		m := begin()
		m.tables = [][]byte{cat(op(0x70, 1), u32(table), u32(table))}
		m.elems = e
		return m.scorer(f64(1))
	}
	return map[string][]byte{
		"memory.grow without end":      scorer(forever(i32(1), memoryGrow, drop), f64(1)),
		"memory.grow by nothing":       scorer(forever(i32(0), memoryGrow, drop), f64(1)),
		"memory of 4 GiB":              memory(op(1), u32(page), u32(page)),
		"memory of more than there is": memory(op(1), u32(page+1), u32(page+1)),
		"memory that may become 4 GiB": memory(op(1), u32(1), u32(page)),
		"memory shared":                memory(op(3), u32(1), u32(4)),
		"memory of 64 bits":            memory(op(5), u32(1), u32(4)),
		"memories, two": func() []byte {
			m := begin()
			m.memories = append(m.memories, op(1, 1, 4))
			return m.scorer(f64(1))
		}(),
		"table of 4,000 million":         tables(1<<32-1, 1<<32-1),
		"table that may become huge":     tables(1, 1<<32-1, forever(nullFunc, i32(1<<16), tableGrow, drop)),
		"table.grow without end":         tables(1, 1<<20, forever(nullFunc, i32(1), tableGrow, drop)),
		"table.fill without end":         tables(1<<16, 1<<16, forever(i32(0), nullFunc, i32(1<<16), tableFill)),
		"table of a million":             tables(1<<20, 1<<20),
		"table.copy without end":         tables(1<<16, 1<<16, forever(i32(0), i32(1), i32(1<<16-1), tableCopy)),
		"memory.fill without end":        bulk(forever(i32(0), i32(1), i32(200*page), memoryFill)),
		"memory.copy without end":        bulk(forever(i32(0), i32(64), i32(200*page-64), memoryCopy)),
		"memory.init without end":        bulk(forever(i32(0), i32(0), i32(12), memoryInit)),
		"memory.fill past the end":       bulk(i32(8), i32(1), i32(200*page-7), memoryFill),
		"memory.fill of 4 GiB":           bulk(i32(0), i32(1), i32(-1), memoryFill),
		"memory.copy past the end":       bulk(i32(0), i32(200*page-8), i32(9), memoryCopy),
		"memory.init past its data":      bulk(i32(0), i32(1), i32(12), memoryInit),
		"data of 9 MB":                   data(cat(op(0), i32(0), op(end), u32(9<<20), make([]byte, 9<<20))),
		"data in 100,000 segments":       data(repeatEach(100000, cat(op(0), i32(0), op(end), text("x")))...),
		"data outside the memory":        data(cat(op(0), i32(page-1), op(end), text("xx"))),
		"data at an address below zero":  data(cat(op(0), i32(-1), op(end), text("x"))),
		"elements outside the table":     elems(1, cat(op(0), i32(1), op(end), u32(1), u32(0))),
		"elements, a million":            elems(1<<20, cat(op(0), i32(0), op(end), u32(1<<20), make([]byte, 1<<20))),
		"elements of a missing function": elems(1, cat(op(0), i32(0), op(end), u32(1), u32(77))),
		"50,000 locals":                  locals50k(),
		"4,000 million locals":           begin().one(cat(u32(1), u32(1<<32-1), op(0x7f), i32(0), op(end))),
		"100,000 types": func() []byte {
			m := begin()
			for range 100000 {
				m.types = append(m.types, op(0x60, 0, 0))
			}
			return m.scorer(f64(1))
		}(),
		"4,000 million types": cat(header, section(1, u32(1<<32-1))),
		"1,000 parameters": func() []byte {
			m := begin()
			m.types = append(m.types, cat(op(0x60), u32(1000), repeat(1000, op(0x7f)), u32(1000), repeat(1000, op(0x7f))))
			return m.scorer(f64(1))
		}(),
		"20,000 functions": func() []byte {
			m := begin()
			for range 20000 {
				m.raw(":", op(0, end))
			}
			return m.scorer(f64(1))
		}(),
		"br_table of a million labels":  scorer(block(get(a), op(0x0e), u32(1<<20), make([]byte, 1<<20+1)), f64(1)),
		"br_table of 4,000 million":     scorer(block(get(a), op(0x0e), u32(1<<32-1)), f64(1)),
		"blocks 100,000 deep":           scorer(repeat(100000, op(0x02, 0x40)), repeat(100000, op(end)), f64(1)),
		"loops 2,000 deep":              scorer(repeat(2000, op(0x03, 0x40)), repeat(2000, op(end)), f64(1)),
		"100,000 operands":              scorer(repeat(100000, i32(1)), repeat(100000, drop), f64(1)),
		"20,000 branches over 500 live": branches(),
		"3,000 ways out over 250 live":  waysOut(3000, 250),
		"a function of 7 MB":            scorer(repeat(7<<20, nop), f64(1)),
		"names, 4,000 million of them":  cat(scorer(f64(1)), section(0, cat(text("name"), section(1, u32(1<<32-1))))),
		"names of 7 MB":                 cat(scorer(f64(1)), section(0, cat(text("name"), section(0, text(string(make([]byte, 7<<20))))))),
		"custom sections, 10,000":       cat(scorer(f64(1)), repeat(10000, section(0, text("aisle.x")))),
	}
}

var header = []byte("\x00asm\x01\x00\x00\x00")

func repeatEach(n int, part []byte) (out [][]byte) {
	for range n {
		out = append(out, part)
	}
	return out
}

// one is a module whose scorer is this raw body.
func (m *module) one(body []byte) []byte { return m.abi(m.raw("i:i", body)) }

func locals50k() []byte {
	return begin().one(cat(u32(1), u32(50000), op(0x7f), i32(0), op(end)))
}

// waysOut is quadratic for compilers that find what is alive at a label by looking
// back from each branch to it: 8 s of wazero's for these.
func waysOut(branches, live int) []byte {
	var fill, use []byte
	for i := range live {
		fill = append(fill, cat(get(0), i32(int32(i)), add, set(1+i))...)
		use = append(use, cat(get(1+i), add)...)
	}
	body := cat(u32(1), u32(live), op(0x7f), fill, block(repeat(branches, cat(get(0), brIf(0)))), get(0), use, drop, i32(0), op(end))
	return begin().one(body)
}

// branches is quadratic for compilers that follow what is alive to each branch.
func branches() []byte {
	const n = 500
	var fill, use []byte
	for i := range n {
		fill = append(fill, cat(get(0), i32(int32(i)), add, set(1+i))...)
		use = append(use, cat(get(1+i), add)...)
	}
	body := cat(u32(1), u32(n), op(0x7f), fill, repeat(20000, cat(get(7), when(get(9), set(7)))), get(0), use, drop, i32(0), op(end))
	return begin().one(body)
}
