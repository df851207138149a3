package smith

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

type signature struct{ in, out []wasm.ValType }

func (s signature) equal(o signature) bool {
	return slices.Equal(s.in, o.in) && slices.Equal(s.out, o.out)
}

type global struct {
	typ       wasm.ValType
	constant  bool
	low, high uint64 // its first bits; a function's index + 1, or null, for a reference
}

type table struct {
	typ      wasm.ValType
	min, max int
}

// segment of a table or of memory. The mode is active, passive or, for elements,
// declared only.
type segment struct {
	mode  int
	table int
	at    int
	typ   wasm.ValType
	refs  []int // function or -1
	bytes []byte
	exprs bool // elements are written as expressions
}

const (
	active = iota
	passive
	declared
)

// Globals that every module has.
const (
	sum   = iota // i64: what was computed so far
	left         // i32: bounded calls that a run may still make
	steps        // i32: steps until the trap, in modules that count them
	firstGlobal
)

// maker holds the plan and what has been written of a module.
type maker struct {
	*Choices
	ops map[wasm.Op]int
	has map[string]int

	wild   bool // may run for ever
	counts bool // steps, and traps at the last
	daring bool // may trap on operands

	types   []signature
	funcs   []int // type of each
	names   int   // the first of the functions that only say who they are
	bodies  [][]byte
	globals []global
	min     int // pages
	max     int
	tables  []table
	elems   []segment
	data    []segment

	budget   int // value of left at the start of a run
	maxSteps int
}
