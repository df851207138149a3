package meter

import (
	"bytes"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// MaxCharge is the largest charge in units: what a module may run on after its
// fuel has gone below zero. It is a quarter of the slice a host grants.
const MaxCharge = 1 << 21

// refill is the index of the imported function: the module's only import.
const refill = 0

// The costs of the meter's own sequences.
var (
	chargeCost = charge(0, 0).Cost() - cost(wasm.Call) // once a slice, by the host
	takeCost   = take(0, 0).Cost()
	giveCost   = give(0, 0).Cost()
)

// Charged returns body with a charge for all of it in front: a function's body
// as the encoder takes it. Loops in it were written with Loop.
func Charged(body *wasm.Code, fuel int) []byte {
	c := charge(fuel, chargeCost+body.Cost()+cost(wasm.End))
	c.Splice(body.Bytes())
	return c.Bytes()
}

// Loop appends a loop that charges at its head; body writes what it repeats,
// branches back to label 0 included.
func Loop(c *wasm.Code, fuel int, body func(*wasm.Code)) {
	var inner wasm.Code
	body(&inner)
	c.Begin(wasm.Loop)
	c.Splice(charge(fuel, chargeCost+inner.Cost()+cost(wasm.End)).Bytes())
	c.Splice(inner.Bytes())
	c.Splice([]byte{byte(wasm.End)})
}

// charge takes n from the fuel and asks for more when less than nothing is left.
// The call stands behind else: engines that allocate registers in order keep
// values where the first way leaves them, and the call has none.
func charge(fuel int, n uint32) *wasm.Code {
	c := lower(fuel, n, wasm.I32GeS)
	c.Op(wasm.Else)
	c.Index(wasm.Call, refill)
	c.Op(wasm.End)
	return c
}

// take takes n from the depth and traps when less than nothing is left.
func take(depth int, n uint32) *wasm.Code {
	c := lower(depth, n, wasm.I32LtS)
	c.Op(wasm.Unreachable, wasm.End)
	return c
}

func lower(global int, n uint32, compare wasm.Op) *wasm.Code {
	var c wasm.Code
	c.Index(wasm.GlobalGet, global)
	c.I32(int32(n))
	c.Op(wasm.I32Sub)
	c.Index(wasm.GlobalSet, global)
	c.Index(wasm.GlobalGet, global)
	c.I32(0)
	c.Op(compare)
	c.Begin(wasm.If)
	return &c
}

// give returns n to the depth.
func give(depth int, n uint32) *wasm.Code {
	var c wasm.Code
	c.Index(wasm.GlobalGet, depth)
	c.I32(int32(n))
	c.Op(wasm.I32Add)
	c.Index(wasm.GlobalSet, depth)
	return &c
}

// sequence is what one of the meter's own sequences reads as, around its number.
type sequence struct{ head, tail []byte }

func read(build func(global int, n uint32) *wasm.Code, global int) sequence {
	if global < 0 {
		return sequence{}
	}
	b := build(global, 0).Bytes()
	n := len(wasm.AppendU32([]byte{byte(wasm.GlobalGet)}, uint32(global))) + 1
	return sequence{head: b[:n], tail: b[n+1:]}
}

// begins tells whether the sequence's global is named here.
func (b *body) begins(s sequence) bool {
	return len(s.head) > 0 && bytes.HasPrefix(b.module[b.at:b.end], s.head[:len(s.head)-1])
}

// sequence reads past s and returns its number, which must be in its shortest
// form; ok is false, and nothing is read, when something else stands here.
func (b *body) sequence(s sequence) (n uint32, ok bool) {
	start := b.at
	if !b.begins(s) || !bytes.HasPrefix(b.module[b.at:b.end], s.head) {
		return 0, false
	}
	b.at += len(s.head)
	at := b.at
	v := b.signed(32)
	short := len(wasm.AppendS64(nil, v)) == b.at-at
	if v < 0 || !short || !bytes.HasPrefix(b.module[b.at:b.end], s.tail) {
		b.at = start
		return 0, false
	}
	b.at += len(s.tail)
	return uint32(v), true
}

func cost(op wasm.Op) uint32 {
	info, _ := wasm.Lookup(op)
	return info.Cost
}
