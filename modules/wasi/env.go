package wasi

// environment is what AssemblyScript's compiler and library import.
var environment = map[string]shim{
	"abort":           {"iiii:", "", trap},
	"process.exit":    {"i:", "", trap},
	"seed":            {":d", "l", fraction},
	"Date.now":        {":d", "", milliseconds},
	"performance.now": {":d", "", milliseconds},
	"trace":           {"iiddddd:", "", nothing},
	"console.assert":  {"ii:", "", nothing},
	"console.debug":   {"i:", "", nothing},
	"console.error":   {"i:", "", nothing},
	"console.info":    {"i:", "", nothing},
	"console.log":     {"i:", "", nothing},
	"console.warn":    {"i:", "", nothing},
}

func nothing(*writer) {}

func milliseconds(w *writer) { w.F64(Time / 1e6) }

// fraction is at least 0 and below 1.
func fraction(w *writer) {
	w.random(w.scratch)
	w.local(w.scratch)
	w.i64(11)
	w.Op(i64ShrU, f64ConvertI64U)
	w.F64(1.0 / (1 << 53))
	w.Op(f64Mul)
}
