package meter

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// customSection admits only our own: engines parse names and debug data, which
// are stripped before a module is sealed.
func (c *checker) customSection() {
	if !strings.HasPrefix(c.name(), "aisle.") {
		c.refuse(Unsupported, "custom section that is not ours; strip names and debug data")
	}
	c.at = c.end
}

func (r *reader) typeSection() (types []signature) {
	for range r.count(maxTypes, "types") {
		if r.byte() != 0x60 {
			r.refuse(Unsupported, "type that is not a function's")
		}
		var s signature
		for range r.count(maxParams, "parameters") {
			s.in = append(s.in, r.valType())
		}
		for range r.count(maxResults, "results") {
			s.out = append(s.out, r.valType())
		}
		types = append(types, s)
	}
	return types
}

func (s signature) equal(t signature) bool {
	return slices.Equal(s.in, t.in) && slices.Equal(s.out, t.out)
}

func (c *checker) typeIndex() int { return c.within(len(c.types), "type") }

func (c *checker) importSection() {
	if c.count(maxExports, "imports") != 1 {
		c.refuse(Import, "the one import is %s.%s", abi.ImportModule, abi.ImportRefill)
	}
	module, name := c.name(), c.name()
	if module != abi.ImportModule || name != abi.ImportRefill || wasm.Kind(c.byte()) != wasm.KindFunc {
		c.refuse(Import, "the one import is the function %s.%s", abi.ImportModule, abi.ImportRefill)
	}
	t := c.typeIndex()
	if len(c.types[t].in)+len(c.types[t].out) > 0 {
		c.refuse(Import, "%s.%s takes and gives nothing", abi.ImportModule, abi.ImportRefill)
	}
	c.funcs = append(c.funcs, t)
}

func (c *checker) functionSection() {
	if len(c.funcs) != 1 {
		c.refuse(Import, "%s.%s is not imported", abi.ImportModule, abi.ImportRefill)
	}
	for range c.count(c.limits.Functions, "functions") {
		c.funcs = append(c.funcs, c.typeIndex())
	}
}

func (c *checker) memorySection() {
	if c.memories = c.count(1, "memories"); c.memories == 0 {
		return
	}
	if c.byte() != 1 {
		c.refuse(Memory, "a memory needs a maximum and may not be shared")
	}
	min, max := c.u32(), c.u32()
	if min > max || uint64(max) > uint64(c.limits.Pages) {
		c.refuse(Memory, "%d to %d pages, at most %d are admitted", min, max, c.limits.Pages)
	}
	c.pages = int(min)
}

func (c *checker) globalSection() {
	for range c.count(maxGlobals, "globals") {
		g := global{typ: c.valType()}
		switch c.byte() {
		case 0:
		case 1:
			g.mutable = true
		default:
			c.refuse(Malformed, "neither constant nor variable")
		}
		g.value = c.constant(g.typ)
		c.globals = append(c.globals, g)
	}
}

// constant reads a constant expression of one instruction and returns its value
// if it is an i32. References to functions are noted.
func (c *checker) constant(want wasm.ValType) (value int64) {
	op, info := c.op()
	switch {
	case op == wasm.RefNull && c.refType() == want:
	case op == wasm.RefFunc && want == wasm.FuncRef:
		c.refers(c.within(len(c.funcs), "function"))
	case op != wasm.MemorySize && info.In == "" && info.Out == string([]byte{byte(want)}):
		value = c.skip(info)
	default:
		c.refuse(Invalid, "initial value is not a constant of its type")
	}
	if wasm.Op(c.byte()) != wasm.End {
		c.refuse(Unsupported, "initial value of more than one instruction")
	}
	return value
}

// codeSection is read when all that bodies may name is known: exports come
// before it, and they tell which global is the fuel.
func (c *checker) codeSection() {
	if c.fuel < 0 {
		c.refuse(Fuel, "no global is exported as %s", abi.ExportFuel)
	}
	if n := c.count(c.limits.Functions, "bodies"); n != len(c.funcs)-1 {
		c.refuse(Malformed, "%d bodies for %d functions", n, len(c.funcs)-1)
	}
	c.charges, c.takes, c.gives = read(charge, c.fuel), read(take, c.depth), read(give, c.depth)
	c.calls.needs = make([]need, len(c.funcs)+len(c.types))
	end := c.end
	for i := 1; i < len(c.funcs); i++ {
		size := c.count(c.limits.Body, "bytes in a function")
		if size > end-c.at {
			c.refuse(Malformed, "function cut off")
		}
		c.end = c.at + size
		c.body(i)
		c.end = end
	}
	c.bodies = len(c.funcs) - 1
}

// exportSection demands the exports of the ABI with their types.
func (c *checker) exportSection() {
	seen := map[string]bool{}
	for range c.count(maxExports, "exports") {
		name := c.name()
		kind, i := wasm.Kind(c.byte()), int(c.u32())
		if seen[name] {
			c.refuse(Invalid, "export named twice")
		}
		seen[name] = true
		if reserved(name) {
			c.refuse(Export, "names that begin with %s are the host's", statePrefix)
		}
		c.export(name, kind, i)
	}
	for _, name := range [...]string{abi.ExportMemory, abi.ExportFuel, abi.ExportAlloc, abi.ExportScore} {
		if !seen[name] {
			c.refuse(Export, "%s is not exported", name)
		}
	}
}

func (c *checker) export(name string, kind wasm.Kind, i int) {
	room := [...]int{
		wasm.KindFunc: len(c.funcs), wasm.KindTable: len(c.tables),
		wasm.KindMemory: c.memories, wasm.KindGlobal: len(c.globals),
	}
	if int(kind) >= len(room) || i >= room[kind] {
		c.refuse(Invalid, "exports what is not there")
	}
	if want, ok := exports[name]; ok && (kind != wasm.KindFunc || i == refill || !want.equal(c.types[c.funcs[i]])) {
		c.refuse(Export, "%s is not a function %s", name, want)
	}
	switch name {
	case abi.ExportMemory:
		if kind != wasm.KindMemory {
			c.refuse(Export, "%s is not a memory", name)
		}
	case abi.ExportFuel:
		c.fuel = c.counter(name, kind, i, c.fuel)
		return
	case abi.ExportDepth:
		c.depth = c.counter(name, kind, i, c.depth)
		if v := c.globals[i].value; v < 0 || v > int64(c.limits.Depth) {
			c.refuse(Depth, "a depth of %d, at most %d is admitted", v, c.limits.Depth)
		}
		return
	}
	if kind == wasm.KindGlobal && c.globals[i].mutable {
		c.refuse(Export, "a variable of the module's own is exported")
	}
}

// counter is a global of the meter's own.
func (c *checker) counter(name string, kind wasm.Kind, i, had int) int {
	if kind != wasm.KindGlobal || c.globals[i].typ != wasm.I32 || !c.globals[i].mutable {
		c.refuse(Fuel, "%s is not a mutable i32 global", name)
	}
	if had >= 0 || i == c.fuel || i == c.depth {
		c.refuse(Fuel, "the global of %s is exported twice", name)
	}
	return i
}

var (
	scalar  = signature{in: []wasm.ValType{wasm.I32}, out: []wasm.ValType{wasm.I32}}
	exports = map[string]signature{
		abi.ExportAlloc: scalar, abi.ExportModel: scalar, abi.ExportScore: scalar,
		abi.ExportExplain:    {in: []wasm.ValType{wasm.I32, wasm.I32, wasm.I32}, out: []wasm.ValType{wasm.I32}},
		abi.ExportInitialize: {},
	}
)

// String writes the signature as the ABI does.
func (s signature) String() string {
	list := func(types []wasm.ValType) string {
		return strings.TrimSuffix(strings.Repeat("i32, ", len(types)), ", ")
	}
	return "(" + list(s.in) + ") -> (" + list(s.out) + ")"
}
