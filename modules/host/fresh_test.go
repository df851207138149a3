package host_test

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// feature is where a row's one dense value is in a frame of the shape oneHead.
const feature = 64

// keeper is a guest that answers what it kept of the shopper before, an i32 that
// body leaves, and keeps something of this one.
func keeper(g *guest.Guest, body func(c *wasm.Code)) int {
	return g.Paid(func(c *wasm.Code) {
		c.Index(wasm.LocalGet, 0)
		c.Index(wasm.LocalGet, 0)
		c.Mem(wasm.I32Load, abi.OffsetMeans)
		c.Op(wasm.I32Add)
		body(c)
		c.Op(f64ConvertU)
		c.Mem(wasm.F64Store, 0)
		c.I32(0)
	})
}

// shopper leaves the bits of this shopper's feature.
func shopper(c *wasm.Code) {
	c.Index(wasm.LocalGet, 0)
	c.Mem(wasm.I32Load, feature)
}

const (
	i32WrapI64    wasm.Op = 0xa7
	i64ExtendU    wasm.Op = 0xad
	i32ReinterpF  wasm.Op = 0xbc
	f32ReinterpI  wasm.Op = 0xbe
	f64PromoteF32 wasm.Op = 0xbb
	f32DemoteF64  wasm.Op = 0xb6
)

// keepers keep a shopper's feature in each place that a module has.
func keepers() map[string][]byte {
	// global keeps it in a variable of a type, whose first value and the ways from
	// and to i32 are given.
	global := func(entry []byte, from, to func(c *wasm.Code)) []byte {
		g := guest.New()
		g.Entry(wasm.SectionGlobal, entry)
		at := g.Fuel + 1
		return g.Bytes(keeper(g, func(c *wasm.Code) {
			c.Index(wasm.GlobalGet, at)
			to(c)
			shopper(c)
			from(c)
			c.Index(wasm.GlobalSet, at)
		}))
	}
	does := func(ops ...wasm.Op) func(c *wasm.Code) { return func(c *wasm.Code) { c.Op(ops...) } }
	table := func(change func(c *wasm.Code)) []byte {
		g := guest.New()
		score := keeper(g, change)
		g.Entry(wasm.SectionTable, []byte{0x70, 1, 1, 16})
		g.Entry(wasm.SectionElement, []byte{0, 0x41, 0, 0x0b, 1, byte(score)})
		return g.Bytes(score)
	}
	grown := guest.New()
	room := guest.New()
	once := guest.New()
	once.Entry(wasm.SectionDataCount, []byte{1})
	once.Entry(wasm.SectionData, []byte{1, 1, 'x'})
	return map[string][]byte{
		"memory": scorerOf(func(c *wasm.Code) {
			c.I32(0)
			c.Mem(wasm.I32Load, 8)
			c.I32(0)
			shopper(c)
			c.Mem(wasm.I32Store, 8)
		}),
		"beside the frame": scorerOf(func(c *wasm.Code) { // rows past the last one
			c.Index(wasm.LocalGet, 0)
			c.Mem(wasm.I32Load, feature+4)
			c.Index(wasm.LocalGet, 0)
			shopper(c)
			c.Mem(wasm.I32Store, feature+4)
		}),
		"i32 variable": global([]byte{byte(wasm.I32), 1, 0x41, 7, 0x0b}, does(), does()),
		"i64 variable": global([]byte{byte(wasm.I64), 1, 0x42, 7, 0x0b}, does(i64ExtendU), does(i32WrapI64)),
		"f32 variable": global([]byte{byte(wasm.F32), 1, 0x43, 0, 0, 0, 0, 0x0b}, does(f32ReinterpI), does(i32ReinterpF)),
		"f64 variable": global([]byte{byte(wasm.F64), 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b},
			does(f32ReinterpI, f64PromoteF32), does(f32DemoteF64, i32ReinterpF)),
		"v128 variable": global(append(append([]byte{byte(wasm.V128), 1, 0xfd, 12}, make([]byte, 16)...), 0x0b),
			does(0xfd11), func(c *wasm.Code) { c.Lane(0xfd1b, 0) }),
		"size of the memory": grown.Bytes(keeper(grown, func(c *wasm.Code) {
			c.Memory(wasm.MemorySize)
			c.I32(1)
			c.Memory(wasm.MemoryGrow)
			c.Op(wasm.Drop)
		})),
		"size of a table": table(func(c *wasm.Code) {
			c.Index(wasm.TableSize, 0)
			c.Op(wasm.RefNull)
			c.Raw(0x70)
			c.I32(1)
			c.Index(wasm.TableGrow, 0)
			c.Op(wasm.Drop)
		}),
		"entry of a table": table(func(c *wasm.Code) {
			c.I32(0)
			c.Index(wasm.TableGet, 0)
			c.Op(wasm.RefIsNull)
			c.I32(0)
			c.Op(wasm.RefNull)
			c.Raw(0x70)
			c.Index(wasm.TableSet, 0)
		}),
		"segment": once.Bytes(keeper(once, func(c *wasm.Code) { // without which the next one traps
			c.I32(8)
			c.I32(1)
			c.I32(0)
			c.Op(wasm.MemoryInit)
			c.Raw(0, 0)
			c.Index(wasm.DataDrop, 0)
			c.I32(0)
			c.Mem(wasm.I32Load, 8)
		})),
		"room": room.With(keeper(room, func(c *wasm.Code) { // how much was asked for so far
			c.I32(0)
			c.Mem(wasm.I32Load, 8)
		}), map[string]int{abi.ExportAlloc: room.Paid(func(c *wasm.Code) {
			c.I32(0)
			c.I32(0)
			c.Mem(wasm.I32Load, 8)
			c.Index(wasm.LocalGet, 0)
			c.Op(wasm.I32Add)
			c.Mem(wasm.I32Store, 8)
			c.I32(guest.FrameAt)
		})}),
	}
}

func scorerOf(body func(c *wasm.Code)) []byte {
	g := guest.New()
	return g.Bytes(keeper(g, body))
}

// answerTo is what a module answers to a shopper among so many rows.
func answerTo(t *testing.T, m *host.Module, x float32, rows int) uint64 {
	t.Helper()
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	f, err := in.Frame(oneHead, rows)
	if err != nil {
		t.Fatal(err)
	}
	f.Dense(0, 0)[0] = x
	for i := range rows {
		f.Dense(i/abi.BlockRows, 0)[i%abi.BlockRows] = x
	}
	err = in.Score()
	if rows > 1 && errors.Is(err, host.ErrNotFinite) { // it answers one row
		err = nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return math.Float64bits(f.Mean(0)[0])
}

// TestNothingOfAShopperIsThereForTheNext: wherever a foreign module keeps a feature,
// the next shopper is answered, bit for bit, as by an instance that saw nobody.
func TestNothingOfAShopperIsThereForTheNext(t *testing.T) {
	for engine, o := range engines {
		for _, shape := range []abi.Shape{{}, oneHead} {
			for place, code := range keepers() {
				t.Run(engine+"/"+shapeName(shape)+"/"+place, func(t *testing.T) {
					e := open(t, o)
					limits := host.Limits{Instances: 1, Frame: shape}
					m := admit(t, e, code, []byte{1}, limits)
					for i, rows := range []int{1, 1, 20, 1, 1} {
						x := float32(i + 3)
						want := answerTo(t, admit(t, e, code, []byte{1}, limits), x, rows)
						if got := answerTo(t, m, x, rows); got != want {
							t.Fatalf("shopper %d is answered %v, by a new instance %v", i, math.Float64frombits(got), math.Float64frombits(want))
						}
					}
				})
			}
		}
	}
}

func shapeName(s abi.Shape) string {
	if s == (abi.Shape{}) {
		return "room when asked for"
	}
	return "room before"
}

// TestADryPoolSaysSo: who borrows waits as long as was said and no longer, and gets
// an instance once one is back.
func TestADryPoolSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wait = 100 * time.Millisecond
		m := admit(t, open(t, host.Options{}), scorer(answers(1)), nil, host.Limits{Instances: 1, Wait: wait})
		in, err := m.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			start := time.Now()
			if _, err := m.Borrow(); !errors.Is(err, host.ErrBusy) || time.Since(start) != wait {
				t.Fatalf("%v after %v", err, time.Since(start))
			}
		}
		for most, want := range map[time.Duration]time.Duration{-1: 0, 0: 0, wait / 4: wait / 4, 2 * wait: wait} {
			start := time.Now()
			if _, err := m.BorrowWithin(most); !errors.Is(err, host.ErrBusy) || time.Since(start) != want {
				t.Fatalf("within %v: %v after %v", most, err, time.Since(start))
			}
		}
		time.AfterFunc(wait/2, in.Return)
		again, err := m.Borrow()
		if err != nil {
			t.Fatal(err)
		}
		again.Return()
	})
}
