package meter_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/guest"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
)

// TestWorkIsWhatACompilerTakes: of each form, so many are a third of a second or
// more of wazero's compiler, and an eighth of them far less.
func TestWorkIsWhatACompilerTakes(t *testing.T) {
	const aThird = 1 << 20
	out := []byte{0x20, 0, 0x0d, 0} // leave the block, perhaps
	in := func(body []byte) []byte { return slices.Concat([]byte{0x02, 0x40}, body, []byte{0x0b}) }
	chain := bytes.Repeat(out, 2000)
	for _, tc := range []struct {
		name   string
		locals int
		form   []byte
		many   int
		in     []byte // where they stand; nil: anywhere
	}{
		{"ways out over what is live", 250, out, 800, []byte{}},
		{"charges over what is live", 1000, charge(0, costOfCharge), 500, nil},
		{"ways that come together", 1000, []byte{0x20, 0, 0x04, 0x40, 0x0b}, 500, nil},
		{"ways that come together where nothing runs", 250, slices.Concat(out, in([]byte{0x0c, 0, 0x20, 0, 0x04, 0x40, 0x0b})), 300, []byte{}},
		{"fills", 0, []byte{0x20, 0, 0x20, 0, 0x41, 8, 0xfc, 11, 0}, 1850, nil},
		{"loads behind a chain", 0, []byte{0x20, 0, 0x28, 2, 0, 0x1a}, 12000, chain},
	} {
		for _, n := range []int{tc.many, tc.many / 8} {
			body := bytes.Repeat(tc.form, n)
			if tc.in != nil {
				body = in(slices.Concat(tc.in, body))
			}
			g := guest.New()
			locals := slices.Repeat([]wasm.ValType{wasm.I32}, tc.locals)
			code := slices.Concat(charge(0, meter.MaxCharge), body, charge(0, 100), []byte{0x41, 0})
			err := meter.Check(g.Bytes(g.Func(g.Scalar(), locals, code)), meter.Limits{Work: aThird})
			var refusal *meter.Refusal
			switch limit := errors.As(err, &refusal) && refusal.Kind == meter.Limit; {
			case n < tc.many && err != nil:
				t.Errorf("%s, %d of them: %v", tc.name, n, err)
			case n == tc.many && !limit:
				t.Errorf("%s, %d of them: %v, want %s", tc.name, n, err, meter.Limit)
			}
		}
	}
}
