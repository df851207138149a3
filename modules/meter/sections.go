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

func (c *checker) typeSection() {
	for range c.count(maxTypes, "types") {
		if c.byte() != 0x60 {
			c.refuse(Unsupported, "type that is not a function's")
		}
		var s signature
		for range c.count(maxParams, "parameters") {
			s.in = append(s.in, c.valType())
		}
		for range c.count(1, "results") {
			s.out = append(s.out, c.valType())
		}
		c.types = append(c.types, s)
	}
}

func (c *checker) typeIndex() int {
	i := c.u32()
	if uint64(i) >= uint64(len(c.types)) {
		c.refuse(Invalid, "no such type")
	}
	return int(i)
}

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
		c.constant(g.typ)
		c.globals = append(c.globals, g)
	}
}

// constant reads a constant expression of one instruction and returns its value
// if it is an i32.
func (c *checker) constant(want wasm.ValType) (value int64) {
	op, info := c.op()
	if info.In != "" || info.Out != string([]byte{byte(want)}) || op == wasm.MemorySize {
		c.refuse(Invalid, "initial value is not a constant of its type")
	}
	value = c.immediate(info)
	if wasm.Op(c.byte()) != wasm.End {
		c.refuse(Unsupported, "initial value of more than one instruction")
	}
	return value
}

// immediate skips the immediate of a constant and returns it if it is an i32.
func (c *checker) immediate(info wasm.Info) int64 {
	switch info.Imm {
	case wasm.ImmI32:
		return c.signed(32)
	case wasm.ImmI64:
		c.signed(64)
	case wasm.Imm4:
		c.take(4)
	case wasm.Imm8:
		c.take(8)
	case wasm.Imm16:
		c.take(16)
	}
	return 0
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

func (c *checker) dataSection() {
	for range c.count(maxSegments, "data segments") {
		switch c.u32() {
		case 0:
		case 1:
			c.refuse(Bulk, "passive data is not admitted")
		default:
			c.refuse(Unsupported, "form of a data segment")
		}
		offset := uint32(c.constant(wasm.I32))
		b := c.take(int(c.u32()))
		if uint64(offset)+uint64(len(b)) > uint64(c.pages)<<16 {
			c.refuse(Memory, "data beyond the memory's first size")
		}
	}
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
		c.export(name, kind, i)
	}
	for _, name := range [...]string{abi.ExportMemory, abi.ExportFuel, abi.ExportAlloc, abi.ExportModel, abi.ExportScore} {
		if !seen[name] {
			c.refuse(Export, "%s is not exported", name)
		}
	}
}

func (c *checker) export(name string, kind wasm.Kind, i int) {
	room := map[wasm.Kind]int{wasm.KindFunc: len(c.funcs), wasm.KindMemory: c.memories, wasm.KindGlobal: len(c.globals)}
	if i >= room[kind] {
		c.refuse(Invalid, "exports what is not there")
	}
	switch name {
	case abi.ExportMemory:
		if kind != wasm.KindMemory {
			c.refuse(Export, "%s is not a memory", name)
		}
	case abi.ExportAlloc, abi.ExportModel, abi.ExportScore:
		if kind != wasm.KindFunc || !c.scalar(i) {
			c.refuse(Export, "%s is not a function (i32) -> i32", name)
		}
	case abi.ExportFuel:
		if kind != wasm.KindGlobal || c.globals[i] != (global{wasm.I32, true}) {
			c.refuse(Fuel, "%s is not a mutable i32 global", name)
		}
		if c.fuel >= 0 {
			c.refuse(Fuel, "the fuel global is exported twice")
		}
		c.fuel = i
		return
	}
	if kind == wasm.KindGlobal && c.globals[i].mutable {
		c.refuse(Export, "a variable other than the fuel is exported")
	}
}

func (c *checker) scalar(f int) bool {
	t := c.types[c.funcs[f]]
	one := []wasm.ValType{wasm.I32}
	return f > 0 && slices.Equal(t.in, one) && slices.Equal(t.out, one)
}
