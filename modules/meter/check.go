package meter

import (
	"bytes"
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Counts that no module comes near, but of those that would keep us busy.
const (
	maxTypes    = 1024
	maxParams   = 64
	maxResults  = 16
	maxGlobals  = 256
	maxTables   = 16
	maxExports  = 1024
	maxSegments = 1 << 16 // Go's linker writes one for each run of bytes that aren't zero
	maxElements = 1 << 16 // of one segment
	maxCustom   = 16
)

// Check returns nil if the module may run, or a *Refusal. It proves the imports,
// exports and types of the ABI, the limits, that every function and loop charges
// enough in front, that bulk operations are bounded, and that calls neither recur
// without taking depth nor nest too deep.
func Check(module []byte, limits Limits) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = recovered(thrown)
		}
	}()
	c := newChecker(module, limits.withDefaults())
	c.all()
	return nil
}

func (c *checker) all() {
	c.sections()
	c.references()
	c.stacks()
}

func newChecker(module []byte, limits Limits) *checker {
	c := &checker{reader: reader{module: module, end: len(module)}, limits: limits, fuel: -1, depth: -1, segments: -1}
	if len(module) > limits.Size {
		c.refuse(Limit, "%d bytes, at most %d are admitted", len(module), limits.Size)
	}
	return c
}

type signature struct{ in, out []wasm.ValType }

// checker holds what the sections read so far have declared.
type checker struct {
	reader
	limits   Limits
	types    []signature
	same     []int // for each type, the first one equal to it
	funcs    []int // type of each function, the import first
	tables   []wasm.ValType
	least    []int // entries of each table to begin with
	entries  int   // of tables and of their segments, together
	globals  []global
	elements []wasm.ValType // type of each segment
	segments int            // of data, as counted in front of the code; -1: not counted
	pages    int            // the memory's least size; 0 before it is declared
	memories int
	fuel     int // index of the fuel global
	depth    int // index of the depth global, -1: none
	bodies   int
	hides    bool         // some code changes tables or segments
	work     int          // to compile, so far
	named    map[int]bool // functions that references name
	calls    graph
	picks    map[pick]wasm.ValType // found so far; nil: they are refused

	charges, takes, gives sequence
}

type global struct {
	typ     wasm.ValType
	mutable bool
	value   int64 // of an i32
}

// places is the order of the sections; 0 for what is unknown.
var places = [...]int{
	wasm.SectionType: 1, wasm.SectionImport: 2, wasm.SectionFunction: 3, wasm.SectionTable: 4,
	wasm.SectionMemory: 5, wasm.SectionGlobal: 6, wasm.SectionExport: 7, wasm.SectionStart: 8,
	wasm.SectionElement: 9, wasm.SectionDataCount: 10, wasm.SectionCode: 11, wasm.SectionData: 12,
}

// each walks over the sections and leaves their contents to read.
func (r *reader) each(read func(id byte)) {
	if !bytes.HasPrefix(r.module, []byte(wasm.Header)) {
		r.refuse(Malformed, "no header of a version 1 module")
	}
	r.at = len(wasm.Header)
	for last := 0; r.at < len(r.module); {
		id := r.byte()
		size := int(r.u32())
		if size > len(r.module)-r.at {
			r.refuse(Malformed, "section cut off")
		}
		if id != wasm.SectionCustom {
			if int(id) >= len(places) {
				r.refuse(Unsupported, "section %d", id)
			}
			if places[id] <= last {
				r.refuse(Malformed, "section %d out of order", id)
			}
			last = places[id]
		}
		r.end = r.at + size
		read(id)
		if r.at != r.end {
			r.refuse(Malformed, "section is longer than what it holds")
		}
		r.end = len(r.module)
	}
}

func (c *checker) sections() {
	customs := 0
	c.each(func(id byte) {
		if id == wasm.SectionCustom {
			if customs++; customs > maxCustom {
				c.refuse(Limit, "more than %d custom sections", maxCustom)
			}
		}
		c.section(id)
	})
	if c.bodies != len(c.funcs)-1 || c.fuel < 0 {
		c.refuse(Malformed, "a section is missing")
	}
	if c.segments > 0 {
		c.refuse(Malformed, "counted data segments are missing")
	}
}

func (c *checker) section(id byte) {
	switch id {
	case wasm.SectionCustom:
		c.customSection()
	case wasm.SectionType:
		c.types = c.typeSection()
		for _, t := range c.types {
			c.same = append(c.same, slices.IndexFunc(c.types, t.equal))
		}
	case wasm.SectionImport:
		c.importSection()
	case wasm.SectionFunction:
		c.functionSection()
	case wasm.SectionTable:
		c.tableSection()
	case wasm.SectionMemory:
		c.memorySection()
	case wasm.SectionGlobal:
		c.globalSection()
	case wasm.SectionExport:
		c.exportSection()
	case wasm.SectionStart:
		c.refuse(Start, "a start function is not admitted")
	case wasm.SectionElement:
		c.elementSection()
	case wasm.SectionDataCount:
		c.segments = c.count(maxSegments, "data segments")
	case wasm.SectionCode:
		c.codeSection()
	case wasm.SectionData:
		c.dataSection()
	}
}
