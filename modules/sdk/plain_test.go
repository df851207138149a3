package sdk_test

import (
	"context"
	"encoding/binary"
	"math"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/aisle-edge/aisle/modules/abi"
)

// plain is a guest as its toolchain made it: not metered, with the host
// functions that wazero has.
type plain struct {
	t     testing.TB
	guest api.Module
	at    uint32
	shape abi.Shape
}

func newPlain(t testing.TB, code []byte) *plain {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { r.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	abort := func(_, _, _, _ uint32) { panic("abort") }
	if _, err := r.NewHostModuleBuilder("env").NewFunctionBuilder().WithFunc(abort).Export("abort").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	guest, err := r.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		t.Fatal(err)
	}
	return &plain{t: t, guest: guest}
}

func (p *plain) call(name string, arguments ...uint64) uint32 {
	p.t.Helper()
	out, err := p.guest.ExportedFunction(name).Call(context.Background(), arguments...)
	if err != nil {
		p.t.Fatal(err)
	}
	return uint32(out[0])
}

// frame begins one; it is valid until the memory grows.
func (p *plain) frame(s abi.Shape, rows int) *abi.Frame {
	p.t.Helper()
	p.at, p.shape = p.call(abi.ExportAlloc, uint64(s.Size(rows))), s
	b, ok := p.guest.Memory().Read(p.at, uint32(s.Size(rows)))
	if p.at == 0 || p.at%16 != 0 || !ok {
		p.t.Fatalf("a frame of %d rows is put at %d", rows, p.at)
	}
	f, err := abi.Init(b, s, rows)
	if err != nil {
		p.t.Fatal(err)
	}
	return &f
}

func (p *plain) score() abi.Status { return abi.Status(p.call(abi.ExportScore, uint64(p.at))) }

func (p *plain) explain(row, head int) []float64 {
	p.t.Helper()
	at := p.call(abi.ExportExplain, uint64(p.at), uint64(row), uint64(head))
	b, ok := p.guest.Memory().Read(at, uint32(8*(1+p.shape.Columns())))
	if at == 0 || at%8 != 0 || !ok {
		p.t.Fatalf("an explanation is at %d", at)
	}
	var out []float64
	for ; len(b) > 0; b = b[8:] {
		out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return out
}
