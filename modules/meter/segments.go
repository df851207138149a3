package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

func (c *checker) tableSection() {
	for range c.count(maxTables, "tables") {
		t := c.refType()
		if c.byte() != 1 {
			c.refuse(Table, "a table needs a maximum")
		}
		least, most := c.u32(), c.u32()
		if least > most || uint64(most) > uint64(c.limits.Table-c.entries) {
			c.refuse(Table, "%d to %d entries, at most %d in all are admitted", least, most, c.limits.Table)
		}
		c.entries += int(most)
		c.tables, c.least = append(c.tables, t), append(c.least, int(least))
	}
}

// refers notes that a reference to a function exists, so that it may be called
// indirectly.
func (c *checker) refers(f int) {
	if f == refill {
		c.refuse(Table, "refill may be called through a table")
	}
	if c.named == nil {
		c.named = map[int]bool{}
	}
	c.named[f] = true
}

// Forms of an element segment, as bits of its first number.
const (
	elementIdle     = 1 // passive, or declarative if it is explicit
	elementExplicit = 2 // names its table and type
	elementExprs    = 4
)

func (c *checker) elementSection() {
	for range c.count(maxSegments, "element segments") {
		form := c.u32()
		if form > 7 {
			c.refuse(Malformed, "form of an element segment")
		}
		table, offset := 0, int64(-1)
		if form&elementIdle == 0 {
			if form&elementExplicit != 0 {
				table = c.within(len(c.tables), "table")
			}
			offset = int64(uint32(c.constant(wasm.I32)))
		}
		t := wasm.FuncRef
		if form&3 != 0 {
			t = c.elementType(form)
		}
		n := c.elementItems(form, t)
		if offset >= 0 && (table >= len(c.tables) || c.tables[table] != t) {
			c.refuse(Invalid, "elements of no table, or of one of another type")
		}
		if offset >= 0 && offset+int64(n) > int64(c.least[table]) {
			c.refuse(Table, "elements beyond the table's first size")
		}
		c.elements = append(c.elements, t)
	}
}

func (c *checker) elementType(form uint32) wasm.ValType {
	if form&elementExprs != 0 {
		return c.refType()
	}
	if c.byte() != 0 {
		c.refuse(Malformed, "kind of elements")
	}
	return wasm.FuncRef
}

func (c *checker) elementItems(form uint32, t wasm.ValType) int {
	n := c.count(maxElements, "elements")
	for range n {
		if form&elementExprs != 0 {
			c.constant(t)
		} else {
			c.refers(c.within(len(c.funcs), "function"))
		}
	}
	return n
}

func (c *checker) dataSection() {
	n := c.count(maxSegments, "data segments")
	if c.segments >= 0 && n != c.segments {
		c.refuse(Malformed, "%d data segments, %d were counted", n, c.segments)
	}
	c.segments = 0 // none is missing
	for range n {
		form := c.u32()
		if form > 1 {
			c.refuse(Unsupported, "form of a data segment")
		}
		offset := uint32(0)
		if form == 0 {
			offset = uint32(c.constant(wasm.I32))
		}
		b := c.take(int(c.u32()))
		if form == 0 && uint64(offset)+uint64(len(b)) > uint64(c.pages)<<16 {
			c.refuse(Memory, "data beyond the memory's first size")
		}
	}
}
