// Package meter proves that a module pays for what it executes, and writes the
// charges that make it so.
//
// Native code made from Wasm can't be interrupted, so a module has to stop by
// itself. It keeps its fuel in one mutable i32 global and pays in front: every
// function and every loop begins with a charge, the instructions
//
//	global.get fuel
//	i32.const n
//	i32.sub
//	global.set fuel
//	global.get fuel
//	i32.const 0
//	i32.lt_s
//	if
//	  call refill
//	end
//
// where n is at least the cost of all instructions up to the next charge, those
// of the charge included. A path that doesn't come back to a charge executes
// each instruction at most once, so the cost of the straight part is the sum of
// its instructions and holds for every path. [Check] proves it by reading:
// nothing else names the global or calls refill, so between two charges at most
// MaxCharge units can pass unpaid. Calls go down only: there is no recursion
// and no indirect call, and the depth is bounded, so the stack is too.
//
// Check reads hostile bytes. It validates types as the WebAssembly standard
// does, within the instructions of package wasm, so what it accepts an engine
// compiles; it refuses with a *[Refusal] and bounds every count before it
// allocates.
package meter

import (
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Kind classifies a refusal. The strings are stable.
type Kind string

// The kinds of refusals.
const (
	Malformed   Kind = "malformed"    // not a module in binary form, or cut off
	Unsupported Kind = "unsupported"  // an instruction or form outside the admitted set
	Invalid     Kind = "invalid"      // does not validate: types, indices, nesting
	Limit       Kind = "limit"        // more than Limits allow
	Import      Kind = "import"       // an import other than aisle.refill, or none
	Export      Kind = "export"       // an export of the ABI is missing or of another type
	Memory      Kind = "memory"       // memory without a bound, or above the limit
	Start       Kind = "start"        // a start function
	Table       Kind = "table"        // a table without a bound, or above the limit
	Bulk        Kind = "bulk"         // a bulk operation of unbounded length
	Fuel        Kind = "fuel"         // the fuel global is missing, wrong, or named outside a charge
	Charge      Kind = "charge"       // a function or loop without a charge in front
	Short       Kind = "charge-short" // a charge below the cost of what follows
	Recursion   Kind = "recursion"    // a function reaches itself and takes no depth
	Depth       Kind = "call-depth"   // the depth is wrong, not given back, or calls nest too deep
)

// Refusal says why a module is not admitted and where.
type Refusal struct {
	Kind   Kind
	Offset int    // in bytes from the start of the module
	Why    string // one clause for a person
}

// Error tells kind, place and reason.
func (r *Refusal) Error() string {
	return fmt.Sprintf("module refused at byte %d: %s: %s", r.Offset, r.Kind, r.Why)
}

// Limits bound what is admitted; a zero field means its default.
type Limits struct {
	Size      int // bytes of the module, default 8 MiB
	Pages     int // largest memory in pages of 64 KiB, default abi.MaxPages
	Functions int // default 4096
	Body      int // bytes of one function, default 128 KiB; engines take more than linear time in it
	Locals    int // locals and parameters of one function, default 1024
	Table     int // entries of tables, in all, default 1<<20
	// Depth bounds the stack of functions that call each other in a ring, in
	// frames of up to 16 KiB; default 1400.
	Depth int
	// Work bounds the time to compile, which engines spend on branches: for each
	// one, what is live there (locals and operands) times 1 and the loops around
	// it, and a sixteenth of the branches before it in the function. Default
	// 1<<23, some seconds at the worst.
	Work int
}

func (l Limits) withDefaults() Limits {
	for _, f := range [...]struct {
		field    *int
		fallback int
	}{
		{&l.Size, 8 << 20}, {&l.Pages, abi.MaxPages}, {&l.Functions, 4096},
		{&l.Body, 128 << 10}, {&l.Locals, 1024}, {&l.Table, 1 << 20}, {&l.Depth, 1400}, {&l.Work, 1 << 23},
	} {
		if *f.field == 0 {
			*f.field = f.fallback
		}
	}
	return l
}
