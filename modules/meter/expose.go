package meter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Exposed is a checked module of which a host can tell and restore the state.
type Exposed struct {
	// Code computes what the module does, and exports each of its variables.
	Code []byte
	// Variables are the names of those exports. Fuel and depth are not among them.
	Variables []string
	// Whole tells that memory and variables are all that calls can change: the
	// module works on no table, drops no segment and has no variable of 128 bits or
	// references. Of any other, Code is the module as it was.
	Whole bool
}

// statePrefix begins the names of variables that Expose exports. No module may
// export such a name.
const statePrefix = "aisle_state_"

// Expose checks as Check does, and returns the module with its variables exported.
func Expose(module []byte, limits Limits) (e *Exposed, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			e, err = nil, recovered(thrown)
		}
	}()
	c := newChecker(module, limits.withDefaults())
	c.all()
	e = &Exposed{Code: module, Whole: !c.hides}
	var entries []byte
	for i, g := range c.globals {
		if !g.mutable || i == c.fuel || i == c.depth {
			continue
		}
		if g.typ == wasm.V128 || g.typ.Ref() {
			e.Whole = false
		}
		name := fmt.Sprint(statePrefix, i)
		e.Variables = append(e.Variables, name)
		entries = wasm.AppendU32(append(text(entries, name), byte(wasm.KindGlobal)), uint32(i))
	}
	if !e.Whole {
		e.Variables = nil
		return e, nil
	}
	e.Code = exporting(module, len(e.Variables), entries)
	return e, nil
}

// exporting is the module with n more entries in its section of exports.
func exporting(module []byte, n int, entries []byte) []byte {
	r := reader{module: module, end: len(module)}
	out := append(make([]byte, 0, len(module)+len(entries)+16), wasm.Header...)
	r.each(func(id byte) {
		if id == wasm.SectionExport {
			n += int(r.u32())
			out = section(out, id, n, slices.Concat(r.take(r.end-r.at), entries))
			return
		}
		out = wasm.AppendU32(append(out, id), uint32(r.end-r.at))
		out = append(out, r.take(r.end-r.at)...)
	})
	return out
}

// hidden notes an instruction that changes what no host can see.
func (c *checker) hidden(op wasm.Op) {
	switch op {
	case wasm.TableSet, wasm.TableGrow, wasm.TableInit, wasm.TableCopy, wasm.TableFill, wasm.ElemDrop, wasm.DataDrop:
		c.hides = true
	}
}

// reserved tells whether a name is one of those that Expose gives.
func reserved(name string) bool { return strings.HasPrefix(name, statePrefix) }
