// Package host runs scoring modules in a sandbox: it is the only door to wazero.
//
// An [Engine] admits modules, a [Module] keeps a small pool of instances, and an
// [Instance] scores one frame at a time. A request borrows an instance, fills
// the frame in the module's own memory, scores and reads the answers there. It
// copies nothing but contributions, and never instantiates, compiles or looks an
// export up: an instance that has to be renewed or made is so beside it.
//
// An instance is made in this order: memory and data, _initialize within a
// budget of its own, aisle_model and the model's bytes if there are any, then
// aisle_alloc for a usual frame if its shape is known. A module runs as native
// code unless its Limits ask for the interpreter; both spend the same fuel and
// answer the same bits.
//
// No module carries anything from one borrower to the next, so that nobody is
// answered by another's features and an answer can be had again. What our emitters
// make keeps nothing but rows ([Limits].Keeps). Any other module's instance is lent
// once and then renewed: memory and variables, which meter.Expose makes visible,
// are set back to what they were when it had been made, in 3 µs for each 64 KiB.
// Where that can't be, since memory grew under the call or the call failed, another
// instance is made of that image; and where a module changes tables or drops
// segments, from the beginning.
//
// While all instances are in use or being renewed Borrow waits, for as long as Limits.Wait
// says, and then returns [ErrBusy]: the caller has to do without, and the module is
// not to blame.
//
// A module can't hurt the node. Before anything else meter.Check proves that it
// pays fuel for what it executes; the host grants fuel for about 0.2 ms at
// a time, less where code waits for memory, and in between Go's garbage collector can run. Memory is bounded by
// the module's own declared maximum, which Limits bound, and the stack by the
// depth of calls, which Check bounds where calls can't recur and the module
// itself, by a counter that Check proves, where they can.
//
// A call's budget counts slices of 2^23 units of fuel, and grows with the rows of
// its frame. A slice of useful work lasts 0.05 to 0.2 ms. What a module can make
// of one at most is 0.7 ms of dependent roots and moves, and 2 ms where it waits for
// memory all the time; so, unasked, 100 rows may take 50 ms, or 150 ms waiting, and 10,240
// rows 0.3 or 0.9 s. In the interpreter a slice lasts some 10 ms, 30 ms at the worst.
//
// Of a family of ours ([Limits].Ours) Preflight measures what rows take, on rows like those
// of the golden vectors, and grants a half more: 500 trees of 255 leaves use 1,430 slices for
// 10,240 rows, 0.17 s. It returns [ErrHeavy] where that would be more than 4,000, as by 940
// such trees. So a call of any model takes at most 4,064 slices: useful work 0.2 to 0.8 s,
// what only pretends to be of ours 2.8 s, or 8 s waiting. No grant is longer for it.
//
// The host believes nothing it reads from a module: it knows where answers lie
// from the frame it began, not from the frame's header in the module's memory; an address
// is bounds-checked before it is followed; and rows that an earlier request wrote are
// believed to be there still only in a module of our own emitters ([Limits].Keeps).
//
// A call fails with [ErrFuel], [ErrTrap] or [ErrNotFinite]; the instance is then
// broken and answers nothing more, is replaced in the pool, and its memory comes back. A
// [RefusedError] carries the module's own status and leaves the instance sound.
package host

import (
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
)

var (
	// ErrFuel is returned when a call used up its budget and was stopped.
	ErrFuel = errors.New("module used up its fuel")
	// ErrTrap is returned when a module failed while running, or answered with
	// what lies outside its memory.
	ErrTrap = errors.New("module trapped")
	// ErrDepth is the ErrTrap of calls that nested too deep.
	ErrDepth = fmt.Errorf("%w: calls nest too deep", ErrTrap)
	// ErrNotFinite is returned when an answer was NaN or infinite.
	ErrNotFinite = errors.New("module answered a number that is not finite")
	// ErrNoExplain is returned when a module doesn't tell what its answers consist of.
	ErrNoExplain = errors.New("module does not explain its answers")
	// ErrRoom is returned when a module has no room for a frame or model of that size.
	ErrRoom = errors.New("module has no room for that size")
	// ErrBusy is returned when no instance became free in time: no fault of the module's.
	ErrBusy = errors.New("all instances of the module are in use")
	// ErrClosed is returned once the module or engine is closed: take the current one and try again.
	ErrClosed = errors.New("module is closed")
)

// RefusedError is returned when a module declines to score.
type RefusedError struct{ Status abi.Status }

// Error names the status.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("module refuses to score: %s (%d)", e.Status, uint32(e.Status))
}
