// Package meter makes modules pay for what they execute, and proves that they do.
//
// Native code made from Wasm can't be interrupted, so a module has to stop by
// itself. It keeps its fuel in one mutable i32 global and pays in front with a
// charge, the instructions
//
//	global.get fuel
//	i32.const n
//	i32.sub
//	global.set fuel
//	global.get fuel
//	i32.const 0
//	i32.ge_s
//	if
//	else
//	  call refill
//	end
//
// [Rewrite] puts charges into foreign modules, and Charged and Loop into emitted
// ones. [Check] reads a module and proves what follows; it trusts neither.
//
// # Fuel
//
// A charge stands at the entry of every function and at the head of every loop,
// and may stand anywhere else. It pays for its part: the rest of the block it
// stands in, blocks in there included, up to where another charge takes over.
// Structured control flow reaches that code only past the charge, and comes back
// to it only by a loop's head, which is a charge too. So each instruction of a
// part runs at most once for each time its charge did, and n is enough if it is
// the sum of their costs. Nothing else names the fuel; refill is called in
// charges only and stands in no table. Between two charges at most MaxCharge
// units pass unpaid. The charge pays for itself, too, but for the call, which is the host's work
// and taken once a grant.
//
// # Prices
//
// Package wasm has the one table of them. A unit is an eighth of a simple
// instruction, and the price of an instruction follows what wazero's compiler makes of it:
// one machine instruction 8 units, a memory access 24, a sequence 16 or 32, a
// division or a call 64. What is nothing but bookkeeping to a compiler, like
// local.get, block and end, is 1 and not 0: an interpreter does work for it, and
// without a price a loop over 100 KiB of it would run for the price of its
// charge. What moves values between locals is 4: many of them are moves on the stack.
//
// So a unit lasts 0.006 to 0.03 ns in compiled code that does useful work, 0.09
// in chains of the slowest instructions that wait for each other, 0.25 where
// each access misses the caches; and 1 ns in the interpreter, 4 where it does
// nothing but bookkeeping.
//
// # Bulk operations
//
// What moves a run of bytes or table entries must stand right behind the bound of
// its length, i32.const n or i32.const n, i32.and, and pays for the bound.
// Rewrite calls functions in place of the others, which ask whether the run is
// in bounds, so that the trap comes before the first byte, and move it in pieces.
//
// # Stack
//
// A function may take depth from a second global, exported as aisle_depth. It
// does so behind its first charge,
//
//	global.get depth
//	i32.const n
//	i32.sub
//	global.set depth
//	global.get depth
//	i32.const 0
//	i32.lt_s
//	if
//	  unreachable
//	end
//
// and has then one block, of the function's results, out of which no branch and
// no return leads but its end; behind that it gives back n and ends. So the
// global is what it was whenever a function is left but by a trap, after which
// no function of the instance runs.
//
// Every stack is a row of stretches: the function that the host called or one
// that takes depth, and then functions that take none. Each ring of possible
// calls must hold a function that takes depth; an indirect call may reach every
// function of its type that an element, a global or code refers to. So stretches
// are finite. A function's weight is 1 and 1 more for each 16 KiB that a compiler
// may keep for it: a place for each value that an instruction defines and for
// each that may differ where ways merge. No stretch weighs more than 256, and n
// is at least the weight of the heaviest stretch that begins there. With a depth
// of 1400 at most 1912 functions are on the stack, in less than 32 MB: wazero's
// interpreter stops at 2000, its compiler at 50 MB.
//
// # What else
//
// Check validates types as the WebAssembly standard does, so that what it accepts
// an engine compiles, and bounds the time to compile ([Limits].Work), memory,
// tables and every count before it allocates. It refuses with a *[Refusal].
//
// It refuses a select between floats or vectors, too, which wazero 1.12 compiles
// wrongly on amd64 (its issue 2534): the same module wouldn't give the same bits
// everywhere. Rewrite puts a block in its place, as fast. And it refuses a
// comparison other than eq and ne that may be of an and with 0, on which wazero
// 1.12 may take the wrong way: with 0 in front on amd64 and arm64, without sign on
// arm64. That is decided by what stands in front of it, without following values,
// so some are refused that do no harm. Rewrite puts an or with 0 behind the second
// operand: one machine instruction, at one comparison in 20 of a Go program.
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
	Bulk        Kind = "bulk-memory"  // a bulk operation of unbounded length
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
	// Work bounds the time to compile: the bytes of code; for each branch and
	// charge what is live there (locals and operands), some of its square, as much
	// again for each 64 branches since ways last came together, the loops around it
	// and an eighth of the branches before it in the function; for each loop the
	// loops around it times the square of what is live, by 32; for each call the
	// globals. Default 1<<24, about 5 s of wazero's compiler; a Go program of 4 MB
	// takes three quarters.
	Work int
}

func (l Limits) withDefaults() Limits {
	for _, f := range [...]struct {
		field    *int
		fallback int
	}{
		{&l.Size, 8 << 20}, {&l.Pages, abi.MaxPages}, {&l.Functions, 4096},
		{&l.Body, 128 << 10}, {&l.Locals, 1024}, {&l.Table, 1 << 20}, {&l.Depth, 1400}, {&l.Work, 1 << 24},
	} {
		if *f.field == 0 {
			*f.field = f.fallback
		}
	}
	return l
}
