package meter

import (
	"bytes"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Counts that no module of ours comes near.
const (
	maxTypes    = 256
	maxParams   = 32
	maxGlobals  = 64
	maxExports  = 64
	maxSegments = 1024
	maxCustom   = 16
)

// Check returns nil if the module may run, or a *Refusal. It proves the
// imports, exports and types of the ABI, the limits, that every function and
// loop charges enough in front, and that calls neither recur nor nest too deep.
func Check(module []byte, limits Limits) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = recovered(thrown)
		}
	}()
	c := &checker{reader: reader{module: module, end: len(module)}, limits: limits.withDefaults(), fuel: -1}
	if len(module) > c.limits.Size {
		c.refuse(Limit, "%d bytes, at most %d are admitted", len(module), c.limits.Size)
	}
	c.sections()
	c.calls.check(c)
	return nil
}

type signature struct{ in, out []wasm.ValType }

// checker holds what the sections read so far have declared.
type checker struct {
	reader
	limits   Limits
	types    []signature
	funcs    []int // type of each function, the import first
	globals  []global
	pages    int // the memory's least size; 0 before it is declared
	memories int
	fuel     int // index of the fuel global
	bodies   int
	work     int // to compile, so far
	calls    graph
}

type global struct {
	typ     wasm.ValType
	mutable bool
}

func (c *checker) sections() {
	if !bytes.HasPrefix(c.module, []byte(wasm.Header)) {
		c.refuse(Malformed, "no header of a version 1 module")
	}
	c.at = len(wasm.Header)
	last, customs := byte(0), 0
	for c.at < len(c.module) {
		id := c.byte()
		size := int(c.u32())
		if size > len(c.module)-c.at {
			c.refuse(Malformed, "section cut off")
		}
		c.end = c.at + size
		if id == wasm.SectionCustom {
			if customs++; customs > maxCustom {
				c.refuse(Limit, "more than %d custom sections", maxCustom)
			}
			c.customSection()
		} else {
			if id <= last {
				c.refuse(Malformed, "section %d after section %d", id, last)
			}
			last = id
			c.section(id)
		}
		if c.at != c.end {
			c.refuse(Malformed, "section is longer than what it holds")
		}
		c.end = len(c.module)
	}
	if c.bodies != len(c.funcs)-1 || c.fuel < 0 {
		c.refuse(Malformed, "a section is missing")
	}
}

func (c *checker) section(id byte) {
	switch id {
	case wasm.SectionType:
		c.typeSection()
	case wasm.SectionImport:
		c.importSection()
	case wasm.SectionFunction:
		c.functionSection()
	case wasm.SectionTable, wasm.SectionElement:
		c.refuse(Table, "tables are not admitted")
	case wasm.SectionMemory:
		c.memorySection()
	case wasm.SectionGlobal:
		c.globalSection()
	case wasm.SectionExport:
		c.exportSection()
	case wasm.SectionStart:
		c.refuse(Start, "a start function is not admitted")
	case wasm.SectionCode:
		c.codeSection()
	case wasm.SectionData:
		c.dataSection()
	default:
		c.refuse(Unsupported, "section %d", id)
	}
}
