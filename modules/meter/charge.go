package meter

import (
	"bytes"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// MaxCharge is the largest charge in units: what a module may run on after its
// fuel has gone below zero. It is a quarter of the slice a host grants.
const MaxCharge = 1 << 17

// refill is the index of the imported function: the module's only import.
const refill = 0

// chargeCost is the cost of a charge's own instructions.
var chargeCost = charge(0, 0).Cost()

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

// charge is the sequence itself; emitter and checker share it.
func charge(fuel int, n uint32) *wasm.Code {
	var c wasm.Code
	c.Index(wasm.GlobalGet, fuel)
	c.I32(int32(n))
	c.Op(wasm.I32Sub)
	c.Index(wasm.GlobalSet, fuel)
	c.Index(wasm.GlobalGet, fuel)
	c.I32(0)
	c.Op(wasm.I32LtS)
	c.Begin(wasm.If)
	c.Index(wasm.Call, refill)
	c.Op(wasm.End)
	return &c
}

// readCharge returns the constant of the charge that code begins with and the
// charge's length; ok is false when code begins with anything else.
func readCharge(code []byte, fuel int) (n uint32, length int, ok bool) {
	head := wasm.AppendU32([]byte{byte(wasm.GlobalGet)}, uint32(fuel))
	head = append(head, byte(wasm.I32Const))
	if !bytes.HasPrefix(code, head) {
		return 0, 0, false
	}
	for i := len(head); i < len(code) && i < len(head)+4; i++ {
		n |= uint32(code[i]&0x7f) << (7 * (i - len(head)))
		if code[i]&0x80 == 0 {
			break
		}
	}
	want := charge(fuel, n).Bytes()
	return n, len(want), bytes.HasPrefix(code, want)
}

func cost(op wasm.Op) uint32 {
	info, _ := wasm.Lookup(op)
	return info.Cost
}
