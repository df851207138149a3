package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
)

// Instance is one module instance with memory of its own, owned by whoever
// borrowed it.
type Instance struct {
	// immutable after instantiate
	module *Module
	guest  api.Module
	memory api.Memory
	fuel   api.MutableGlobal
	score  api.Function
	alloc  api.Function

	// owned by the borrower
	slices int // left of the call's budget
	at     uint32
	room   int // bytes of the frame's room at at
	tag    any // of what the frame holds, nil: anything
	frame  abi.Frame
	size   uint32 // of the memory when frame was taken
	stack  [1]uint64
	broken bool
}

// instantiate makes an instance and writes the model into it.
func (m *Module) instantiate() (*Instance, error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	guest, err := m.engine.runtime.InstantiateModule(context.Background(), m.code, config)
	if err != nil {
		return nil, err
	}
	in := &Instance{
		module: m,
		guest:  guest,
		memory: guest.ExportedMemory(abi.ExportMemory),
		fuel:   guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal),
		score:  guest.ExportedFunction(abi.ExportScore),
		alloc:  guest.ExportedFunction(abi.ExportAlloc),
	}
	m.engine.running.Store(guest, in)
	if err := in.load(m.blob); err != nil {
		return nil, errors.Join(fmt.Errorf("write model: %w", err), in.drop())
	}
	return in, nil
}

// load writes the model where the module wants it.
func (in *Instance) load(blob []byte) error {
	at, err := in.call(in.guest.ExportedFunction(abi.ExportModel), uint64(len(blob)))
	if err != nil {
		return err
	}
	if at == 0 || at%16 != 0 || !in.memory.Write(at, blob) {
		return ErrRoom
	}
	return nil
}

// Frame begins a frame of the shape in the module's memory. The view is valid
// until the next call of Frame or Return; what it holds of an earlier frame is
// not cleared. ErrRoom means that the module can't take that many rows.
func (in *Instance) Frame(s abi.Shape, rows int) (*abi.Frame, error) {
	f, _, err := in.FrameOf(nil, s, rows)
	return f, err
}

// FrameOf is Frame for rows that several calls have in common, which tag stands
// for. It gives the tag of the last frame of this instance, if that was of the
// same shape and number of rows: what was written into it is there still.
func (in *Instance) FrameOf(tag any, s abi.Shape, rows int) (f *abi.Frame, had any, err error) {
	if in.frame.Shape() == s && in.frame.Rows() == rows {
		had = in.tag
	}
	in.tag = nil
	if f, err = in.begin(s, rows); err != nil {
		return nil, nil, err
	}
	in.tag = tag
	return f, had, nil
}

func (in *Instance) begin(s abi.Shape, rows int) (*abi.Frame, error) {
	if s.Validate() != nil || rows < 0 || rows > abi.MaxRows {
		return nil, abi.ErrShape
	}
	size := s.Size(rows)
	if size > in.room {
		if err := in.grow(size); err != nil {
			return nil, err
		}
	}
	b, ok := in.memory.Read(in.at, uint32(size))
	if !ok {
		return nil, ErrRoom
	}
	f, err := abi.Init(b, s, rows)
	in.frame, in.size = f, in.memory.Size()
	return &in.frame, err
}

func (in *Instance) grow(size int) error {
	in.room = 0
	at, err := in.call(in.alloc, uint64(size))
	if err != nil {
		return err
	}
	if at == 0 || at%16 != 0 {
		return ErrRoom
	}
	in.at, in.room = at, size
	return nil
}

// Score answers the frame that Frame began.
func (in *Instance) Score() error {
	status, err := in.call(in.score, uint64(in.at))
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

// follow takes the view anew if the memory grew under the call: it may have moved.
func (in *Instance) follow() error {
	if in.memory.Size() == in.size {
		return nil
	}
	_, err := in.begin(in.frame.Shape(), in.frame.Rows())
	return err
}

// Return gives the instance back to its module's pool.
func (in *Instance) Return() { in.module.giveBack(in) }

// call runs one export with a full budget.
func (in *Instance) call(f api.Function, argument uint64) (uint32, error) {
	in.slices = in.module.fuel - 1
	in.fuel.Set(slice)
	in.stack[0] = argument
	if err := f.CallWithStack(context.Background(), in.stack[:]); err != nil {
		in.broken = true
		return 0, failure(err)
	}
	return uint32(in.stack[0]), nil
}

// failure reduces an engine's error, with its stack trace, to ours.
func failure(err error) error {
	if errors.Is(err, ErrFuel) {
		return ErrFuel
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s", ErrTrap, line)
}

// drop closes the instance; the collector takes its memory.
func (in *Instance) drop() error {
	in.module.engine.running.Delete(in.guest)
	return in.guest.Close(context.Background())
}

// finite tells whether all answers are: x-x is 0 unless x is NaN or infinite.
func finite(f *abi.Frame) bool {
	for h := range f.Shape().Heads {
		if !allFinite(f.Mean(h)) || !allFinite(f.Variance(h)) {
			return false
		}
	}
	return true
}

func allFinite(values []float64) bool {
	var a, b, c, d float64
	for ; len(values) >= 4; values = values[4:] {
		a += values[0] - values[0]
		b += values[1] - values[1]
		c += values[2] - values[2]
		d += values[3] - values[3]
	}
	for _, v := range values {
		a += v - v
	}
	return a+b+c+d == 0
}
