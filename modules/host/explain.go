package host

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/aisle-edge/aisle/modules/abi"
)

// maxTerms is more than the bias, all columns and all crosses can be.
const maxTerms = 1 << 16

// Explain gives what each of terms summands adds to one head's mean for a row of
// the frame that was scored last, see package abi: the module says where they
// lie, and they are copied out. ErrNoExplain means that it doesn't tell.
func (in *Instance) Explain(row, head, terms int) ([]float64, error) {
	if s := in.frame.Shape(); row < 0 || row >= in.frame.Rows() || head < 0 || head >= s.Heads || terms < 0 || terms > maxTerms {
		return nil, abi.ErrShape
	}
	if in.explain == nil {
		return nil, ErrNoExplain
	}
	at, err := in.call(in.module.fuel, in.explain, uint64(in.at), uint64(row), uint64(head))
	if err != nil {
		return nil, err
	}
	if at == 0 {
		return nil, ErrNoExplain
	}
	b, ok := in.memory.Read(at, uint32(8*terms))
	if !ok || at%8 != 0 {
		in.broken = true
		return nil, fmt.Errorf("%w: contributions outside its memory", ErrTrap)
	}
	out := make([]float64, terms)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	if !allFinite(out) {
		in.broken = true
		return nil, ErrNotFinite
	}
	return out, in.follow()
}
