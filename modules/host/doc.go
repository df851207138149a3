// Package host runs scoring modules in a sandbox: it is the only door to wazero.
//
// An [Engine] admits modules, a [Module] keeps a small pool of instances, and an
// [Instance] scores one frame at a time. A request borrows an instance, fills
// the frame in the module's own memory, scores and reads the answers there; it
// copies nothing, and instantiates only where a broken instance was thrown away.
//
// A module can't hurt the node. Before anything else meter.Check proves that it
// pays fuel for what it executes; the host grants fuel in slices of about
// 0.2 ms, and between two slices Go's garbage collector can run. Memory is bounded by
// the module's own declared maximum, which Limits bound, and the stack by the
// depth of calls, which has no cycles.
//
// Score fails with [ErrFuel], [ErrTrap] or [ErrNotFinite]; the instance is then
// broken, is replaced in the pool, and its memory comes back. A [RefusedError]
// carries the module's own status and leaves the instance sound.
package host

import (
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
)

var (
	// ErrFuel is returned when a call used up its budget and was stopped.
	ErrFuel = errors.New("module used up its fuel")
	// ErrTrap is returned when a module failed while running.
	ErrTrap = errors.New("module trapped")
	// ErrNotFinite is returned when an answer was NaN or infinite.
	ErrNotFinite = errors.New("module answered a number that is not finite")
	// ErrRoom is returned when a module has no room for a frame or model of that size.
	ErrRoom = errors.New("module has no room for that size")
	// ErrClosed is returned once the module or engine is closed: take the current one and try again.
	ErrClosed = errors.New("module is closed")
)

// RefusedError is returned when a module declines to score.
type RefusedError struct{ Status abi.Status }

// Error names the status.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("module refuses to score: %s (%d)", e.Status, uint32(e.Status))
}
