package host

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/meter"
)

// Options configure an engine. The zero value is ready to use.
type Options struct {
	// Interpreter runs modules without native code, some hundred times slower.
	Interpreter bool
	// Pages bounds the memory of every instance, in pages of 64 KiB, default
	// abi.MaxPages. A module whose declared maximum is larger is refused.
	Pages int
}

// Engine compiles modules of one trust domain: code in it shares an address
// space of native code, so modules of different owners belong to different engines.
// It is safe for concurrent use.
type Engine struct {
	// immutable after Open
	native      wazero.Runtime // nil without native code
	interpreter wazero.Runtime
	pages       int

	mu       sync.Mutex
	compiled map[key]*compiled

	running sync.Map // api.Module of each instance → *Instance, for refill
}

// Open starts an engine. Nothing is cached on disk.
func Open(o Options) (*Engine, error) {
	e := &Engine{pages: cmp.Or(o.Pages, abi.MaxPages), compiled: map[key]*compiled{}}
	var err error
	if e.interpreter, err = e.runtime(wazero.NewRuntimeConfigInterpreter()); err == nil && !o.Interpreter {
		e.native, err = e.runtime(wazero.NewRuntimeConfig())
	}
	if err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	return e, nil
}

func (e *Engine) runtime(config wazero.RuntimeConfig) (wazero.Runtime, error) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config.WithMemoryLimitPages(uint32(e.pages)).
		WithCloseOnContextDone(false).WithDebugInfoEnabled(false).WithCoreFeatures(api.CoreFeaturesV2))
	_, err := r.NewHostModuleBuilder(abi.ImportModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(e.refill), nil, nil).Export(abi.ImportRefill).
		Instantiate(ctx)
	return r, err
}

// Close releases everything. Modules must have been closed and instances
// returned before.
func (e *Engine) Close() error {
	err := e.interpreter.Close(context.Background())
	if e.native != nil {
		err = errors.Join(err, e.native.Close(context.Background()))
	}
	return err
}

// refill finds the instance that calls it.
func (e *Engine) refill(_ context.Context, m api.Module, _ []uint64) {
	in, ok := e.running.Load(m)
	if !ok {
		panic(ErrClosed)
	}
	in.(*Instance).refill()
}

// Admit checks and compiles code, fills the pool with instances and writes the
// model into each. Code and blob are kept and must not change. The error is a
// *meter.Refusal where the check fails.
func (e *Engine) Admit(code, blob []byte, l Limits) (*Module, error) {
	l.Meter.Pages = min(cmp.Or(l.Meter.Pages, e.pages), e.pages)
	exposed, err := meter.Expose(code, l.Meter)
	if err != nil {
		return nil, fmt.Errorf("check module: %w", err)
	}
	if l.Keeps {
		exposed = &meter.Exposed{Code: code}
	}
	k := key{sha256.Sum256(exposed.Code), l.Interpreter || e.native == nil}
	c, err := e.compile(k, exposed.Code)
	if err != nil {
		return nil, fmt.Errorf("compile module: %w", err)
	}
	m := newModule(e, k, c.code, exposed, blob, l)
	if err := m.fill(exposed.Whole); err != nil {
		return nil, errors.Join(fmt.Errorf("instantiate module: %w", err), m.Close())
	}
	return m, nil
}
