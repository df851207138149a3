package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// Outline is what a module says of itself, of a guest as of a sealed one.
type Outline struct {
	Imports   []string // "module.name"
	Exports   []string
	Functions int    // of its own
	Pages     uint32 // of memory to begin with
	MostPages uint32 // 0: as many as there are
}

// Outlined reads a module's outline, or returns a *Refusal for bytes that have
// none. It doesn't judge: that is Check's.
func Outlined(module []byte) (out Outline, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = recovered(thrown)
		}
	}()
	r := &reader{module: module, end: len(module)}
	r.each(func(id byte) {
		switch id {
		case wasm.SectionImport:
			for range r.count(maxExports, "imports") {
				out.Imports = append(out.Imports, r.name()+"."+r.name())
				r.imported()
			}
		case wasm.SectionFunction:
			out.Functions = int(r.u32())
		case wasm.SectionMemory:
			if r.u32() > 0 {
				out.Pages, out.MostPages = r.limits()
			}
		case wasm.SectionExport:
			for range r.count(maxExports, "exports") {
				out.Exports = append(out.Exports, r.name())
				r.byte()
				r.u32()
			}
		}
		r.at = r.end
	})
	return out, nil
}

// imported passes over what an import is.
func (r *reader) imported() {
	switch wasm.Kind(r.byte()) {
	case wasm.KindFunc:
		r.u32()
	case wasm.KindTable:
		r.byte()
		r.limits()
	case wasm.KindMemory:
		r.limits()
	default:
		r.byte()
		r.byte()
	}
}

func (r *reader) limits() (least, most uint32) {
	bounded := r.byte()
	least = r.u32()
	if bounded&1 == 1 {
		most = r.u32()
	}
	return least, most
}
