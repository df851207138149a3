package meter

import (
	"strings"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/wasi"
)

// guest reads all sections. It demands what the rewriting rests on, that indices
// name what the guest has; the rest is for Check to find.
func (w *rewriter) guest() {
	w.each(w.section)
	if len(w.funcs) < w.defined {
		w.refuse(Malformed, "functions without a body")
	}
	w.addShims()
	w.addHelpers()
}

func (w *rewriter) section(id byte) {
	start := w.at
	switch id {
	case wasm.SectionType:
		w.types = w.typeSection()
		w.given = len(w.types)
	case wasm.SectionImport:
		w.importSection()
	case wasm.SectionFunction:
		w.functionSection()
	case wasm.SectionTable:
		w.tableSection()
	case wasm.SectionMemory:
		w.memorySection()
	case wasm.SectionGlobal:
		w.globalSection()
	case wasm.SectionExport:
		w.exportSection()
	case wasm.SectionStart:
		w.refuse(Start, "a start function is not admitted; export %s", abi.ExportInitialize)
	case wasm.SectionElement:
		w.elementSection()
	case wasm.SectionCode:
		w.codeSection()
	case wasm.SectionDataCount:
		w.counted = whole(id, w.take(w.end-start))
	case wasm.SectionData:
		w.data = whole(id, w.take(w.end-start))
	case wasm.SectionCustom:
		if strings.HasPrefix(w.name(), "aisle.") {
			w.custom = append(w.custom, whole(id, w.module[start:w.end])...)
		}
		w.at = w.end
	}
}

func whole(id byte, b []byte) []byte { return append(wasm.AppendU32([]byte{id}, uint32(len(b))), b...) }

func (w *rewriter) typeIndex() int { return w.within(w.given, "type") }

func (w *rewriter) importSection() {
	for range w.count(maxExports, "imports") {
		module, name := w.name(), w.name()
		if w.byte() != byte(wasm.KindFunc) {
			w.refuse(Import, "%s.%s is not a function; a guest brings its own memory, tables and globals", module, name)
		}
		if module == abi.ImportModule {
			w.refuse(Import, "%s.%s is the meter's own", module, name)
		}
		w.imports = append(w.imports, imported{module, name, w.typeIndex()})
	}
}

// imported is a function that the guest imports.
type imported struct {
	module, name string
	typ          int
}

func (w *rewriter) functionSection() {
	for range w.count(w.limits.Functions, "functions") {
		w.declared = append(w.declared, w.typeIndex())
	}
	w.defined = len(w.declared)
}

// addShims puts functions in the place of imports, in the order of these.
func (w *rewriter) addShims() {
	for _, i := range w.imports {
		f, ok := wasi.Shim(i.module, i.name, w.seed())
		if !ok {
			w.refuse(Import, "%s.%s is not offered", i.module, i.name)
		}
		s := signature{in: f.In, out: f.Out}
		if !s.equal(w.types[i.typ]) {
			w.refuse(Import, "%s.%s is imported as another type", i.module, i.name)
		}
		w.add(i.typ, f.Locals, f.Body)
	}
}

func (w *rewriter) codeSection() {
	if n := w.count(w.limits.Functions, "bodies"); n != w.defined {
		w.refuse(Malformed, "%d bodies for %d functions", n, w.defined)
	}
	end := w.end
	for _, typ := range w.declared {
		size := w.count(w.limits.Body, "bytes in a function")
		start := w.at
		w.take(size)
		r := reader{module: w.module, at: start, end: w.at}
		f := &function{typ: typ, index: 1 + len(w.funcs), code: w.module[start:w.at], head: r.locals()}
		r.at = start
		w.plan(r, f, false)
		w.funcs = append(w.funcs, f)
	}
	w.end = end
}

// function reads an index of a function and gives its new one.
func (w *rewriter) function(r *reader) int {
	i := r.within(len(w.imports)+w.defined, "function")
	if i < len(w.imports) {
		return 1 + w.defined + i
	}
	return 1 + i - len(w.imports)
}

func (w *rewriter) tableSection() {
	spare := w.limits.Table
	for range w.count(maxTables, "tables") {
		t := table{typ: w.refType()}
		t.least, t.most, t.open = w.extent(Table)
		t.most = min(t.most, uint32(spare))
		if t.open {
			t.most = t.least
		}
		if t.least > t.most {
			w.refuse(Table, "%d entries, at most %d in all are admitted", t.least, w.limits.Table)
		}
		spare -= int(t.most)
		w.tables = append(w.tables, t)
	}
}

// extent reads the limits of a table or memory; open means that it has no maximum.
func (w *rewriter) extent(k Kind) (least, most uint32, open bool) {
	form := w.byte()
	if form > 1 {
		w.refuse(k, "it is shared, or of 64 bits")
	}
	least, most = w.u32(), 1<<32-1
	if form == 1 {
		most = w.u32()
	}
	return least, most, form == 0
}

func (w *rewriter) memorySection() {
	w.memories = w.count(1, "memories")
	if w.memories == 0 {
		return
	}
	least, most, _ := w.extent(Memory)
	most = min(most, uint32(w.limits.Pages))
	if least > most {
		w.refuse(Memory, "%d pages, at most %d are admitted", least, w.limits.Pages)
	}
	w.pages = [2]uint32{least, most}
}

func (w *rewriter) globalSection() {
	w.vars = w.count(maxGlobals-3, "globals")
	for range w.vars {
		start := w.at
		w.valType()
		w.byte()
		w.globals = append(w.globals, w.module[start:w.at]...)
		w.globals = w.constant(w.globals)
	}
}

// constant copies a constant expression of one instruction.
func (w *rewriter) constant(dst []byte) []byte {
	start := w.at
	op, info := w.op()
	switch op {
	case wasm.RefFunc:
		f := w.function(&w.reader)
		w.named[f] = true
		dst = wasm.AppendU32(append(dst, byte(op)), uint32(f))
	case wasm.GlobalGet:
		w.refuse(Unsupported, "initial value that is another global's")
	default:
		w.skip(info)
		dst = append(dst, w.module[start:w.at]...)
	}
	if wasm.Op(w.byte()) != wasm.End {
		w.refuse(Unsupported, "initial value of more than one instruction")
	}
	return append(dst, byte(wasm.End))
}

// exportSection keeps what the ABI names.
func (w *rewriter) exportSection() {
	for range w.count(1<<16, "exports") {
		name, kind, start := w.name(), wasm.Kind(w.byte()), w.at
		switch _, ok := exports[name]; {
		case name == abi.ExportFuel || name == abi.ExportDepth:
			w.refuse(Fuel, "%s is the meter's own", name)
		case ok && kind != wasm.KindFunc:
			w.refuse(Export, "%s is not a function", name)
		case ok:
			w.exports = wasm.AppendU32(append(text(w.exports, name), byte(kind)), uint32(w.function(&w.reader)))
			w.exported++
		case name == abi.ExportMemory:
			w.u32()
			w.exports = append(append(text(w.exports, name), byte(kind)), w.module[start:w.at]...)
			w.exported++
		default:
			w.u32()
		}
	}
}

func (w *rewriter) elementSection() {
	w.segments = w.count(maxSegments, "element segments")
	for range w.segments {
		w.elements = w.element(w.elements)
	}
}

func (w *rewriter) element(dst []byte) []byte {
	form := w.u32()
	if form > 7 {
		w.refuse(Malformed, "form of an element segment")
	}
	dst = append(dst, byte(form))
	if form&elementIdle == 0 {
		if form&elementExplicit != 0 {
			dst = wasm.AppendU32(dst, w.u32())
		}
		dst = w.constant(dst)
	}
	if form&3 != 0 {
		dst = append(dst, w.byte()) // type or kind
	}
	n := w.count(maxElements, "elements")
	dst = wasm.AppendU32(dst, uint32(n))
	for range n {
		if form&elementExprs != 0 {
			dst = w.constant(dst)
			continue
		}
		f := w.function(&w.reader)
		w.named[f] = true
		dst = wasm.AppendU32(dst, uint32(f))
	}
	return dst
}
