package host

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"
)

// key names compiled code.
type key struct {
	digest      [32]byte
	interpreter bool
}

// compiled is code that one or more modules use. The engine under it keeps
// equal code once, so it must be released once.
type compiled struct {
	uses int // guarded by Engine.mu

	once sync.Once // compiles
	code wazero.CompiledModule
	err  error
}

// on is the runtime that runs code of the key.
func (e *Engine) on(k key) wazero.Runtime {
	if k.interpreter {
		return e.interpreter
	}
	return e.native
}

// compile returns code that may be shared with other modules of the engine.
func (e *Engine) compile(k key, code []byte) (*compiled, error) {
	e.mu.Lock()
	c := e.compiled[k]
	if c == nil {
		c = &compiled{}
		e.compiled[k] = c
	}
	c.uses++
	e.mu.Unlock()
	c.once.Do(func() {
		defer func() {
			if thrown := recover(); thrown != nil {
				c.err = fmt.Errorf("compiler failed: %v", thrown)
			}
		}()
		c.code, c.err = e.on(k).CompileModule(context.Background(), code)
	})
	if c.err != nil {
		return nil, errors.Join(c.err, e.release(k))
	}
	return c, nil
}

// release gives up one use of compiled code.
func (e *Engine) release(k key) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.compiled[k]
	if c.uses--; c.uses > 0 {
		return nil
	}
	delete(e.compiled, k)
	if c.code == nil {
		return nil
	}
	return c.code.Close(context.Background())
}
