package meter_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Sizes of what the tests of bulk operations move about in.
const (
	bulkBytes   = 1 << 16
	bulkEntries = 3000
	bulkData    = 20000
	bulkElems   = 2500
)

// bulkModule exports an operation of three operands as aisle_explain, a digest of
// the table as aisle_alloc, and as aisle_score what fills the table with two
// functions.
func bulkModule(op wasm.Op, immediates ...byte) []byte {
	var m wasm.Module
	number := []wasm.ValType{wasm.I32}
	name, scalar := m.Type(nil, number), m.Type(number, number)
	for i := range 2 {
		var c wasm.Code
		c.I32(int32(5 + i))
		m.Func(name, nil, c.Bytes())
	}
	var c wasm.Code
	c.Index(wasm.LocalGet, 0)
	c.Index(wasm.LocalGet, 1)
	if op == wasm.TableFill { // its second operand is a reference: one of the table's own
		c.I32(1023)
		c.Op(wasm.I32And)
		c.Index(wasm.TableGet, 0)
	}
	c.Index(wasm.LocalGet, 2)
	c.Op(op)
	c.Splice(immediates)
	c.I32(1)
	operation := m.Func(m.Type([]wasm.ValType{wasm.I32, wasm.I32, wasm.I32}, number), nil, c.Bytes())
	digest := m.Func(scalar, []wasm.ValType{wasm.I32}, tableDigest(name))
	var fill wasm.Code
	fill.I32(0)
	fill.I32(0)
	fill.I32(bulkElems)
	fill.Op(wasm.TableInit)
	fill.Splice([]byte{0, 0})
	fill.I32(0)
	score := m.Func(scalar, nil, fill.Bytes())
	m.Entry(wasm.SectionTable, wasm.AppendU32(wasm.AppendU32([]byte{byte(wasm.FuncRef), 1}, bulkEntries), bulkEntries))
	m.Memory(1, 1)
	m.Export(abi.ExportMemory, wasm.KindMemory, 0)
	m.Export(abi.ExportExplain, wasm.KindFunc, operation)
	m.Export(abi.ExportAlloc, wasm.KindFunc, digest)
	m.Export(abi.ExportScore, wasm.KindFunc, score)
	elements, data := wasm.AppendU32([]byte{1, 0}, bulkElems), wasm.AppendU32([]byte{1}, bulkData)
	for i := range bulkElems {
		elements = append(elements, byte(i%3&1))
	}
	for i := range bulkData {
		data = append(data, byte(i*7^i>>8))
	}
	m.Entry(wasm.SectionElement, elements)
	m.Entry(wasm.SectionDataCount, []byte{1})
	m.Entry(wasm.SectionData, data)
	return m.Bytes()
}

// tableDigest goes over the table from its end: digest = digest * 31 + entry.
func tableDigest(name int) []byte {
	var c wasm.Code
	c.I32(bulkEntries)
	c.Index(wasm.LocalSet, 0)
	c.Begin(wasm.Loop)
	c.Index(wasm.LocalGet, 0)
	c.I32(1)
	c.Op(wasm.I32Sub)
	c.Index(wasm.LocalTee, 0)
	c.Index(wasm.TableGet, 0)
	c.Op(wasm.RefIsNull, wasm.I32Eqz)
	c.Begin(wasm.If)
	c.Index(wasm.LocalGet, 0)
	c.Index(wasm.CallIndirect, name)
	c.Splice([]byte{0})
	c.Index(wasm.LocalGet, 1)
	c.Op(wasm.I32Add)
	c.Index(wasm.LocalSet, 1)
	c.Op(wasm.End)
	c.Index(wasm.LocalGet, 1)
	c.I32(31)
	c.Op(wasm.I32Mul)
	c.Index(wasm.LocalSet, 1)
	c.Index(wasm.LocalGet, 0)
	c.Index(wasm.BrIf, 0)
	c.Op(wasm.End)
	c.Index(wasm.LocalGet, 1)
	return c.Bytes()
}

// TestBulkOperationsAgree tries each bulk operation on runs that begin and end at
// all edges: of what a meter may move at once, of memory, table and segments, and
// of overlap. The metered one moves the same, or nothing and traps alike.
func TestBulkOperationsAgree(t *testing.T) {
	s := newSandbox(t, "compiler", wazero.NewRuntimeConfigCompiler())
	for name, c := range map[string]struct {
		op         wasm.Op
		immediates []byte
		ends       []uint64 // of what is moved about in
	}{
		"memory.fill": {wasm.MemoryFill, []byte{0}, []uint64{bulkBytes}},
		"memory.copy": {wasm.MemoryCopy, []byte{0, 0}, []uint64{bulkBytes}},
		"memory.init": {wasm.MemoryInit, []byte{0, 0}, []uint64{bulkBytes, bulkData}},
		"table.fill":  {wasm.TableFill, []byte{0}, []uint64{bulkEntries}},
		"table.copy":  {wasm.TableCopy, []byte{0, 0}, []uint64{bulkEntries}},
		"table.init":  {wasm.TableInit, []byte{0, 0}, []uint64{bulkEntries, bulkElems}},
	} {
		module := bulkModule(c.op, c.immediates...)
		plain, paid := s.bulk(t, module), s.bulk(t, rewritten(t, module))
		lengths := []uint64{0, 1, 63, 64, 65, 1000, 1023, 1024, 1025, 2047, 2048, 2100, 1<<31 - 1, 1<<32 - 1}
		starts := []uint64{0, 1, 5, 700, 1<<32 - 1}
		if c.ends[0] == bulkBytes {
			lengths = append(lengths, 8191, 8192, 8193, 16383, 16384, 20000, 40000)
		}
		for _, end := range c.ends {
			starts = append(starts, end-8193, end-1025, end-64, end-1, end)
			lengths = append(lengths, end, end-5)
		}
		for _, length := range lengths {
			for _, to := range starts {
				for _, from := range starts {
					if want, got := plain(to, from, length), paid(to, from, length); want != got {
						t.Fatalf("%s to %d from %d, %d long: %s, plain %s", name, int32(to), int32(from), int32(length), got, want)
					}
				}
			}
		}
	}
}

// bulk gives the operation as a function that tells what it left behind.
func (s *sandbox) bulk(t *testing.T, module []byte) func(to, from, length uint64) string {
	ctx := context.Background()
	guest, err := s.runtime.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guest.Close(ctx) })
	for i, b := 0, view(guest.Memory()); i < len(b); i++ {
		b[i] = byte(i*7 ^ i>>8)
	}
	tank := &tank{slice: wholeSlice, budget: 1 << 50}
	tank.fuel, _ = guest.ExportedGlobal(abi.ExportFuel).(api.MutableGlobal)
	ctx = context.WithValue(ctx, tankKey{}, tank)
	operate, digest := guest.ExportedFunction(abi.ExportExplain), guest.ExportedFunction(abi.ExportAlloc)
	if _, err := guest.ExportedFunction(abi.ExportScore).Call(ctx, 0); err != nil {
		t.Fatal(err)
	}
	return func(to, from, length uint64) string {
		how := "ok"
		if _, err := operate.Call(ctx, to&(1<<32-1), from&(1<<32-1), length); err != nil {
			how, _, _ = strings.Cut(err.Error(), "\n")
		}
		out, err := digest.Call(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s, memory %08x, table %08x", how, crc32.ChecksumIEEE(view(guest.Memory())), uint32(out[0]))
	}
}
