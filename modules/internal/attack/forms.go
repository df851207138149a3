package attack

// forms are modules that are not what they should be.
func forms() map[string][]byte {
	good := scorer(f64(1))
	imports := func(module, name string, rest ...byte) []byte {
		m := begin()
		m.typ(":")  // 0
		m.typ("i:") // 1
		m.imported(module, name, rest...)
		if rest[0] == 0 {
			return m.scorer(f64(1))
		}
		if rest[0] == 2 {
			m.memories = nil
		}
		return m.shifted()
	}
	instruction := func(b ...byte) []byte { return scorer(b, f64(1)) }
	exported := func(name string, kind byte, signature string) []byte {
		m := begin()
		switch {
		case kind == 0:
			result := nop
			if signature[len(signature)-1] != ':' {
				result = map[byte][]byte{'i': i32(0), 'd': f64(0)}[signature[len(signature)-1]]
			}
			m.export(name, 0, m.raw(signature, cat(op(0), result, op(end))))
		case kind == 3:
			m.export(name, 3, m.global(0x7f, i32(0)))
		default:
			m.export(name, kind, 0)
		}
		return m.scorer(f64(1))
	}
	without := func(name string) []byte {
		m := begin()
		m.scorer(f64(1))
		var kept [][]byte
		for _, e := range m.exports {
			if string(e[1:1+e[0]]) != name {
				kept = append(kept, e)
			}
		}
		m.exports = kept
		return m.bytes()
	}
	start := func(body ...[]byte) []byte {
		m := begin()
		m.start = u32(m.fn(":", body...))
		return m.scorer(f64(1))
	}
	return map[string][]byte{
		"nothing":                         {},
		"the header alone":                header,
		"another version":                 cat([]byte("\x00asm\x02\x00\x00\x00"), good[8:]),
		"cut off":                         good[:len(good)*2/3],
		"cut off in a section's size":     cat(good, op(0, 0xff)),
		"a section longer than the file":  cat(good, op(0), u32(1<<30), text("aisle.x")),
		"a number of eleven bytes":        cat(header, op(1), repeat(10, op(0x80)), op(1)),
		"a number above 32 bits":          cat(header, op(1, 0xff, 0xff, 0xff, 0xff, 0x7f)),
		"sections out of order":           cat(header, section(3, op(0)), section(1, op(0))),
		"a section twice":                 cat(good[:8], section(1, op(0)), good[8:]),
		"an unknown section":              cat(good, section(14, op(0))),
		"a body without a function":       cat(header, section(10, op(1, 2, 0, end))),
		"a function without a body":       cat(header, section(1, op(1, 0x60, 0, 0)), section(3, op(1, 0))),
		"bytes behind a function's end":   begin().one(cat(op(0), i32(0), op(end), nop)),
		"operands of another type":        scorer(f64(1), f64(2), add, drop, f64(1)),
		"an operand missing":              scorer(drop, f64(1)),
		"a label too far":                 scorer(br(9), f64(1)),
		"a local too far":                 scorer(get(900), drop, f64(1)),
		"a name that is no text":          cat(good, section(0, op(2, 0xff, 0xfe))),
		"start without end":               start(forever()),
		"start that grows memory":         start(i32(3), memoryGrow, drop),
		"import of a stranger":            imports("env", "steal", 0, 0),
		"import of a socket":              imports("wasi_snapshot_preview1", "sock_accept", 0, 0),
		"import of refill, another type":  imports("aisle", "refill", 0, 1),
		"import of a memory":              imports("env", "memory", 2, 1, 1, 4),
		"import of the fuel":              imports("aisle", "fuel", 3, 0x7f, 1),
		"import of a table":               imports("env", "table", 1, 0x70, 1, 1, 1),
		"scorer of another type":          exported("aisle_score", 0, "ii:i"),
		"scorer that is a global":         exported("aisle_score", 3, ""),
		"alloc of another type":           exported("aisle_alloc", 0, ":"),
		"explain of another type":         exported("aisle_explain", 0, "i:i"),
		"initialize of another type":      exported("_initialize", 0, "i:i"),
		"explain that is the memory":      exported("aisle_explain", 2, ""),
		"fuel that is a function":         exported("aisle_fuel", 0, ":"),
		"depth that is a function":        exported("aisle_depth", 0, ":"),
		"fuel of its own":                 exported("aisle_fuel", 3, ""),
		"depth of its own":                exported("aisle_depth", 3, ""),
		"no scorer":                       without("aisle_score"),
		"no alloc":                        without("aisle_alloc"),
		"no memory exported":              without("memory"),
		"threads: an atomic":              instruction(0x41, 0, 0xfe, 0x10, 2, 0, 0x1a),
		"exceptions: a throw":             instruction(0x08, 0),
		"exceptions: a tag":               cat(good[:8], section(13, op(1, 0, 0)), good[8:]),
		"tail call":                       instruction(0x12, 0),
		"memory of another index":         instruction(0x41, 0, 0x28, 0x42, 1, 0, 0x1a),
		"relaxed SIMD":                    instruction(append(repeat(3, cat(op(0xfd, 12), make([]byte, 16))), 0xfd, 0x85, 0x02, 0x1a)...),
		"garbage collected types":         cat(header, section(1, op(1, 0x5f, 1, 0x7f, 0))),
		"constant of several parts":       extended(),
		"an unknown instruction":          instruction(0xff),
		"a component instead of a module": []byte("\x00asm\x0d\x00\x01\x00\x07\x05\x01\x41\x02\x01\x6f"),
	}
}

// shifted finishes a module whose one import is not a function: memory and
// global indices are its own affair.
func (m *module) shifted() []byte {
	imports := m.imports
	m.imports = nil
	f := m.fn("i:i", answer(f64(1)))
	m.abi(f)
	m.imports = imports
	return m.bytes()
}

// extended fills a global by adding two constants.
func extended() []byte {
	m := begin()
	m.global(0x7f, cat(i32(1), i32(2), add))
	return m.scorer(f64(1))
}
