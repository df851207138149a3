package meter_test

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// manyFrames must be on the plain module's stack before the meter may say that it
// is too deep: functions of package smith take a few units of depth each.
const manyFrames = 300

var errDeep = errors.New("many frames")

// goesDeep tells whether the plain module has that many functions on its stack at
// some time. It counts as the interpreter enters and leaves them.
func (s *sandbox) goesDeep(module []byte) (bool, error) {
	ctx := experimental.WithFunctionListenerFactory(context.Background(), &frames{})
	all, err := s.runIn(ctx, module, wholeSlice)
	return err == nil && all[0].stop == "deep", err
}

// frames counts the functions on the stack.
type frames struct{ now int }

func (f *frames) NewFunctionListener(api.FunctionDefinition) experimental.FunctionListener { return f }

func (f *frames) Before(context.Context, api.Module, api.FunctionDefinition, []uint64, experimental.StackIterator) {
	if f.now++; f.now > manyFrames {
		panic(errDeep)
	}
}

func (f *frames) After(context.Context, api.Module, api.FunctionDefinition, []uint64) { f.now-- }

func (f *frames) Abort(context.Context, api.Module, api.FunctionDefinition, error) { f.now-- }
