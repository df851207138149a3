package meter

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/wasi"
)

// Rewrite makes of any module of core WebAssembly 2.0 one that Check admits and
// that computes the same, or returns a *Refusal. Imports of WASI become functions
// of the module; exports that the ABI doesn't name, names and debug data are
// left out; memory and tables get a maximum within the limits.
func Rewrite(module []byte, limits Limits) (out []byte, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			out, err = nil, recovered(thrown)
		}
	}()
	w := &rewriter{reader: reader{module: module, end: len(module)}, limits: limits.withDefaults(),
		helpers: map[string]int{}, named: map[int]bool{}, referred: map[int]bool{}}
	if len(module) > w.limits.Size {
		w.refuse(Limit, "%d bytes, at most %d are admitted", len(module), w.limits.Size)
	}
	w.guest()
	w.replacePicks()
	takes := w.rings()
	most := maxStretch / 2
	if len(takes) > 0 {
		most = tightStretch
	}
	for w.measure(takes, most) {
		most = maxStretch
	}
	return w.assemble(takes), nil
}

// tightStretch is the stretch that functions which call each other in a ring
// should have below them: the less each takes, the deeper they may nest.
const tightStretch = 4

// measure checks the module with these takes, and sets each to what the function
// needs. It returns true if it added some, of functions with more than most
// units below, so that it must measure anew.
func (w *rewriter) measure(takes map[int]uint32, most int) (more bool) {
	c := newChecker(w.assemble(takes), w.limits)
	metered(c.sections)
	c.references()
	c.calls.settle(func(n int) bool {
		need := c.calls.needs[n]
		if n >= len(c.funcs) || need.below == 0 || need.all() <= most {
			return false
		}
		takes[n], more = maxStretch, true
		return true
	})
	if more {
		return true
	}
	metered(c.stacks)
	for f := range takes {
		takes[f] = uint32(c.calls.needs[f].all())
	}
	return false
}

// metered says of a refusal that it is of the new module, not of the guest.
func metered(check func()) {
	defer func() {
		if thrown := recover(); thrown != nil {
			if refusal, ok := thrown.(*Refusal); ok {
				refusal.Why = "once metered: " + refusal.Why
			}
			panic(thrown)
		}
	}()
	check()
}

// rewriter holds a guest module as it was read.
type rewriter struct {
	reader
	limits Limits

	types    []signature
	given    int // of them by the guest
	imports  []imported
	declared []int // types of the functions that the guest defines
	defined  int   // number of these
	tables   []table
	grows    bool // some table
	memories int
	pages    [2]uint32
	vars     int // globals of the guest
	globals  []byte
	exported int
	exports  []byte
	segments int // of elements
	elements []byte
	counted  []byte // section that counts data segments
	data     []byte // section
	custom   []byte // sections

	// Functions in their new order, behind refill: of the guest, for its imports,
	// for bulk operations.
	funcs    []*function
	picks    map[pick]wasm.ValType
	wanted   []wanted
	helpers  map[string]int // by bulk operation
	named    map[int]bool   // by elements and globals
	referred map[int]bool   // to by code
}

type table struct {
	typ         wasm.ValType
	least, most uint32
	open        bool
}

// metersGlobals is the number of globals behind the guest's: fuel, depth, seed.
const metersGlobals = 3

func (w *rewriter) fuel() int  { return w.vars }
func (w *rewriter) depth() int { return w.vars + 1 }
func (w *rewriter) seed() int  { return w.vars + 2 }

// assemble writes the module, with the depth that functions take.
func (w *rewriter) assemble(takes map[int]uint32) []byte {
	imports := text(text(nil, abi.ImportModule), abi.ImportRefill)
	imports = wasm.AppendU32(append(imports, byte(wasm.KindFunc)), uint32(w.typeOf(signature{})))
	var types, code []byte
	for i, f := range w.funcs {
		types = wasm.AppendU32(types, uint32(f.typ))
		b := w.weave(f, takes[1+i])
		code = append(wasm.AppendU32(code, uint32(len(b))), b...)
	}
	out := []byte(wasm.Header)
	out = section(out, wasm.SectionType, len(w.types), w.typeEntries())
	out = section(out, wasm.SectionImport, 1, imports)
	out = section(out, wasm.SectionFunction, len(w.funcs), types)
	out = section(out, wasm.SectionTable, len(w.tables), w.tableEntries())
	if w.memories > 0 {
		out = section(out, wasm.SectionMemory, 1, wasm.AppendU32(wasm.AppendU32([]byte{1}, w.pages[0]), w.pages[1]))
	}
	out = section(out, wasm.SectionGlobal, w.vars+metersGlobals, w.globalEntries())
	exports := w.exports
	for i, name := range [...]string{abi.ExportFuel, abi.ExportDepth} {
		exports = wasm.AppendU32(append(text(exports, name), byte(wasm.KindGlobal)), uint32(w.vars+i))
	}
	out = section(out, wasm.SectionExport, w.exported+2, exports)
	elements, n := w.elementEntries()
	out = section(out, wasm.SectionElement, n, elements)
	out = append(out, w.counted...)
	out = section(out, wasm.SectionCode, len(w.funcs), code)
	return append(append(out, w.data...), w.custom...)
}

func (w *rewriter) typeEntries() (b []byte) {
	for _, t := range w.types {
		b = append(b, 0x60)
		for _, list := range [...][]wasm.ValType{t.in, t.out} {
			b = append(wasm.AppendU32(b, uint32(len(list))), string(list)...)
		}
	}
	return b
}

// tableEntries shares what the limit leaves among the tables without a maximum,
// if the guest lets any table grow.
func (w *rewriter) tableEntries() (b []byte) {
	spare, open := w.limits.Table, 0
	for _, t := range w.tables {
		if spare -= int(t.most); t.open {
			open++
		}
	}
	for _, t := range w.tables {
		if t.open && w.grows && spare > 0 {
			t.most += uint32(spare / open)
		}
		b = wasm.AppendU32(wasm.AppendU32(append(b, byte(t.typ), 1), t.least), t.most)
	}
	return b
}

func (w *rewriter) globalEntries() []byte {
	b := w.globals[:len(w.globals):len(w.globals)]
	for _, value := range [...]int64{0, int64(w.limits.Depth)} {
		b = append(wasm.AppendS64(append(b, byte(wasm.I32), 1, byte(wasm.I32Const)), value), byte(wasm.End))
	}
	b = wasm.AppendS64(append(b, byte(wasm.I64), 1, byte(wasm.I64Const)), wasi.Seed)
	return append(b, byte(wasm.End))
}

// elementEntries adds a segment that declares what only exports had declared
// of the functions that code refers to.
func (w *rewriter) elementEntries() (b []byte, n int) {
	var declared []int
	for f := range w.referred {
		if !w.named[f] {
			declared = append(declared, f)
		}
	}
	if len(declared) == 0 {
		return w.elements, w.segments
	}
	slices.Sort(declared)
	b = wasm.AppendU32(append(w.elements[:len(w.elements):len(w.elements)], 3, 0), uint32(len(declared)))
	for _, f := range declared {
		b = wasm.AppendU32(b, uint32(f))
	}
	return b, w.segments + 1
}

// section appends a section, if it has entries.
func section(dst []byte, id byte, entries int, b []byte) []byte {
	if entries == 0 {
		return dst
	}
	n := wasm.AppendU32(nil, uint32(entries))
	dst = wasm.AppendU32(append(dst, id), uint32(len(n)+len(b)))
	return append(append(dst, n...), b...)
}

func text(dst []byte, s string) []byte { return append(wasm.AppendU32(dst, uint32(len(s))), s...) }

// typeOf returns the index of a type, which it adds if there is none.
func (w *rewriter) typeOf(s signature) int {
	if i := slices.IndexFunc(w.types, s.equal); i >= 0 {
		return i
	}
	w.types = append(w.types, s)
	return len(w.types) - 1
}
