package host

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
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

// Limits bound one module; a zero field means its default.
type Limits struct {
	// Fuel is how many slices of at most about 0.2 ms a call may use, default 64.
	// 10,240 rows of 32 dense columns and 30 lookups use 16.
	Fuel int
	// Instances is the size of the pool, default GOMAXPROCS+1. Each holds the
	// model once.
	Instances int
	// Meter bounds the module itself; its Pages are those of the engine unless
	// fewer are given.
	Meter meter.Limits
}

// slice is the fuel granted at a time, in the units of package meter.
const slice = 4 * meter.MaxCharge

// Engine compiles modules of one trust domain: code in it shares an address
// space of native code, so modules of different owners belong to different engines.
// It is safe for concurrent use.
type Engine struct {
	// immutable after Open
	runtime wazero.Runtime
	pages   int

	mu       sync.Mutex
	compiled map[[32]byte]*compiled // by digest of the code

	running sync.Map // api.Module of each instance → *Instance, for refill
}

// compiled is code that one or more modules use. The engine under it keeps
// equal code once, so it must be released once.
type compiled struct {
	uses int // guarded by Engine.mu

	once sync.Once // compiles
	code wazero.CompiledModule
	err  error
}

// Open starts an engine. Nothing is cached on disk.
func Open(o Options) (*Engine, error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig()
	if o.Interpreter {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	pages := cmp.Or(o.Pages, abi.MaxPages)
	config = config.WithMemoryLimitPages(uint32(pages)).WithCloseOnContextDone(false).WithDebugInfoEnabled(false).WithCoreFeatures(
		api.CoreFeatureMutableGlobal | api.CoreFeatureSignExtensionOps |
			api.CoreFeatureNonTrappingFloatToIntConversion | api.CoreFeatureSIMD)
	e := &Engine{runtime: wazero.NewRuntimeWithConfig(ctx, config), pages: pages, compiled: map[[32]byte]*compiled{}}
	_, err := e.runtime.NewHostModuleBuilder(abi.ImportModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(e.refill), nil, nil).Export(abi.ImportRefill).
		Instantiate(ctx)
	if err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	return e, nil
}

// Close releases everything. Modules must have been closed and instances
// returned before.
func (e *Engine) Close() error { return e.runtime.Close(context.Background()) }

// refill is called by a module whose fuel has run out. It grants the next slice
// or stops the call, and lets other goroutines and the collector have the thread.
func (e *Engine) refill(_ context.Context, m api.Module, _ []uint64) {
	runtime.Gosched()
	v, ok := e.running.Load(m)
	if !ok {
		panic(ErrClosed)
	}
	in := v.(*Instance)
	if in.slices == 0 {
		panic(ErrFuel)
	}
	in.slices--
	in.fuel.Set(api.EncodeI32(int32(in.fuel.Get()) + slice))
}

// Admit checks and compiles code, fills the pool with instances and writes the
// model into each. Code and blob are kept and must not change. The error is a
// *meter.Refusal where the check fails.
func (e *Engine) Admit(code, blob []byte, l Limits) (*Module, error) {
	l.Meter.Pages = min(cmp.Or(l.Meter.Pages, e.pages), e.pages)
	if err := meter.Check(code, l.Meter); err != nil {
		return nil, fmt.Errorf("check module: %w", err)
	}
	digest := sha256.Sum256(code)
	c, err := e.compile(digest, code)
	if err != nil {
		return nil, fmt.Errorf("compile module: %w", err)
	}
	m := newModule(e, digest, c.code, blob, l)
	if err := m.fill(); err != nil {
		return nil, errors.Join(fmt.Errorf("instantiate module: %w", err), m.Close())
	}
	return m, nil
}

// compile returns code that may be shared with other modules of the engine.
func (e *Engine) compile(digest [32]byte, code []byte) (*compiled, error) {
	e.mu.Lock()
	c := e.compiled[digest]
	if c == nil {
		c = &compiled{}
		e.compiled[digest] = c
	}
	c.uses++
	e.mu.Unlock()
	c.once.Do(func() {
		defer func() {
			if thrown := recover(); thrown != nil {
				c.err = fmt.Errorf("compiler failed: %v", thrown)
			}
		}()
		c.code, c.err = e.runtime.CompileModule(context.Background(), code)
	})
	if c.err != nil {
		return nil, errors.Join(c.err, e.release(digest))
	}
	return c, nil
}

// release gives up one use of compiled code.
func (e *Engine) release(digest [32]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.compiled[digest]
	if c.uses--; c.uses > 0 {
		return nil
	}
	delete(e.compiled, digest)
	if c.code == nil {
		return nil
	}
	return c.code.Close(context.Background())
}
