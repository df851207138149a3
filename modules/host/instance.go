package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Instance is one module instance with memory of its own, owned by whoever
// borrowed it, for one request: what a foreign module keeps of a frame is there
// until Return, and never for the next borrower.
type Instance struct {
	// immutable after instantiate
	module  *Module
	guest   api.Module
	memory  api.Memory
	fuel    api.MutableGlobal
	depth   api.Global // nil where calls can't recur
	score   api.Function
	alloc   api.Function
	explain api.Function // nil where the module doesn't explain
	// variables of a foreign module, but fuel and depth
	variables []api.MutableGlobal

	// owned by the borrower
	budget int       // units of fuel of the last call
	left   int       // of them, not granted yet
	grant  int       // the next one, in units
	since  time.Time // the last one
	at     uint32
	room   int // bytes of the frame's room at at
	tag    any // of what the frame holds, nil: anything
	frame  abi.Frame
	header [64]byte // of frame, as it was begun
	size   uint32   // of the memory when frame was taken
	began  bool     // frame is where the module expects it
	stack  [3]uint64
	broken bool
}

// plain instances have no name and start nothing. Nothing asks for random
// numbers; that none are prepared saves half the time to make an instance.
var plain = wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(strings.NewReader(""))

// instantiate makes an instance that is ready to score: of a module with an image, by
// that alone.
func (m *Module) instantiate() (in *Instance, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			in, err = nil, fmt.Errorf("engine failed: %v", thrown)
		}
	}()
	guest, err := m.engine.on(m.key).InstantiateModule(context.Background(), m.code, plain)
	if err != nil {
		return nil, err
	}
	in = &Instance{
		module:  m,
		grant:   step,
		guest:   guest,
		memory:  guest.ExportedMemory(abi.ExportMemory),
		fuel:    guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal),
		depth:   guest.ExportedGlobal(abi.ExportDepth),
		score:   guest.ExportedFunction(abi.ExportScore),
		alloc:   guest.ExportedFunction(abi.ExportAlloc),
		explain: guest.ExportedFunction(abi.ExportExplain),

		variables: variablesOf(guest, m.variables),
	}
	m.engine.running.Store(guest, in)
	if m.image != nil && in.restore(m.image) {
		return in, nil
	}
	if err := in.begins(); err != nil {
		return nil, errors.Join(err, in.drop())
	}
	return in, nil
}

// begins brings a new instance to where scores begin.
func (in *Instance) begins() error {
	if err := in.initialize(); err != nil {
		return err
	}
	if err := in.load(in.module.blob); err != nil {
		return err
	}
	if in.module.room == 0 {
		return nil
	}
	return in.prepare(in.module.room)
}

// initialize starts the guest's own runtime, if it has one.
func (in *Instance) initialize() error {
	f := in.guest.ExportedFunction(abi.ExportInitialize)
	if f == nil {
		return nil
	}
	if _, err := in.call(in.module.initialize, f); err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	return nil
}

// load writes the model where the module wants it.
func (in *Instance) load(blob []byte) error {
	if len(blob) == 0 {
		return nil
	}
	f := in.guest.ExportedFunction(abi.ExportModel)
	if f == nil {
		return fmt.Errorf("%w: it takes no model", ErrRoom)
	}
	at, err := in.call(in.module.fuel, f, uint64(len(blob)))
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	if at == 0 || at%16 != 0 || !in.memory.Write(at, blob) {
		return fmt.Errorf("write model: %w", ErrRoom)
	}
	return nil
}

// Score answers the frame that Frame began. An answer that a foreign module leaves
// out is as good as one that is not finite: it isn't that of an earlier frame.
func (in *Instance) Score() error {
	if !in.module.keeps {
		unanswer(&in.frame)
	}
	status, err := in.call(in.module.budget(in.frame.Rows()), in.score, uint64(in.at))
	if err != nil {
		return err
	}
	if status != uint32(abi.OK) {
		return &RefusedError{abi.Status(status)}
	}
	if err := in.follow(); err != nil {
		return err
	}
	if !finite(&in.frame) {
		in.broken = true
		return ErrNotFinite
	}
	return nil
}

// Return gives the instance back to its module's pool, which renews it if it is of
// a foreign module, beside the requests.
func (in *Instance) Return() { in.module.giveBack(in) }

// Memory is how many bytes of memory the instance has now.
func (in *Instance) Memory() int { return int(in.memory.Size()) }

// call runs one export with a budget of slices. A broken instance runs nothing
// more: its memory and counters are as the failure left them.
func (in *Instance) call(budget int, f api.Function, arguments ...uint64) (uint32, error) {
	if in.broken {
		return 0, fmt.Errorf("%w before", ErrTrap)
	}
	in.budgeted(budget)
	copy(in.stack[:], arguments)
	if err := f.CallWithStack(context.Background(), in.stack[:]); err != nil {
		in.broken = true
		return 0, in.failure(err)
	}
	return uint32(in.stack[0]), nil
}

// failure reduces an engine's error, with its stack trace, to ours.
func (in *Instance) failure(err error) error {
	if errors.Is(err, ErrFuel) {
		return ErrFuel
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if in.depth != nil && int32(in.depth.Get()) < 0 || strings.Contains(line, "stack overflow") {
		return ErrDepth
	}
	return fmt.Errorf("%w: %s", ErrTrap, line)
}

// drop closes the instance; the collector takes its memory.
func (in *Instance) drop() error {
	in.module.engine.running.Delete(in.guest)
	return in.guest.Close(context.Background())
}
