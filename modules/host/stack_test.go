package host_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// deep is a foreign module, without a meter, that calls itself to a depth and
// keeps n vectors alive in each frame.
func deep(n, depth int) []byte {
	const splat, extract = 17, 27
	m := &wasm.Module{}
	t := m.Type([]wasm.ValType{wasm.I32}, []wasm.ValType{wasm.I32})
	m.Memory(1, 4)
	var c wasm.Code
	for i := range n {
		c.Index(wasm.LocalGet, 0)
		c.I32(int32(i))
		c.Op(wasm.I32Mul)
		c.Raw(0xfd, splat)
		c.Index(wasm.LocalSet, 1+i)
	}
	c.Index(wasm.LocalGet, 0)
	c.Begin(wasm.If)
	c.Index(wasm.LocalGet, 0)
	c.I32(1)
	c.Op(wasm.I32Sub)
	c.Index(wasm.Call, 0)
	c.Op(wasm.Drop, wasm.End)
	c.I32(0)
	for i := range n {
		c.Index(wasm.LocalGet, 1+i)
		c.Raw(0xfd, extract, 0)
		c.Op(wasm.I32Add)
	}
	f := m.Func(t, slices.Repeat([]wasm.ValType{wasm.V128}, n), c.Bytes())
	var score, alloc wasm.Code
	score.I32(int32(depth))
	score.Index(wasm.Call, f)
	score.Op(wasm.Drop)
	score.I32(0)
	alloc.I32(4096)
	m.Export(abi.ExportMemory, wasm.KindMemory, 0)
	m.Export(abi.ExportScore, wasm.KindFunc, m.Func(t, nil, score.Bytes()))
	m.Export(abi.ExportAlloc, wasm.KindFunc, m.Func(t, nil, alloc.Bytes()))
	return m.Bytes()
}

// TestStackIsBounded: an engine keeps the stack that a call once needed for as long
// as the instance lives. As deep as a module may recur, in frames small and large,
// that is a few MiB.
func TestStackIsBounded(t *testing.T) {
	for _, n := range []int{0, 100, 1000} {
		var deepest, held int
		for depth := 1; ; depth = depth*5/4 + 1 {
			code, err := meter.Rewrite(deep(n, depth), meter.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			m := admit(t, open(t, host.Options{}), code, nil, host.Limits{Instances: 1})
			before := heapInUse()
			err = idle(m)
			held = max(held, int(heapInUse()-before))
			m.Close()
			if errors.Is(err, host.ErrDepth) {
				break
			}
			if err != nil || depth > 1<<20 {
				t.Fatalf("%d calls deep with %d vectors in a frame: %v", depth, n, err)
			}
			deepest = depth
		}
		t.Logf("%d vectors in a frame: %d calls deep, %d KiB held", n, deepest, held>>10)
		if held > 8<<20 || deepest < 50 {
			t.Errorf("%d vectors in a frame: %d calls deep, %d bytes held", n, deepest, held)
		}
	}
}
