package wasm_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// TestSignedNumbers uses values from the standard and the ends of the range.
func TestSignedNumbers(t *testing.T) {
	for v, want := range map[int64][]byte{
		0: {0}, 63: {0x3f}, 64: {0xc0, 0}, -1: {0x7f}, -64: {0x40}, -65: {0xbf, 0x7f},
		-123456:       {0xc0, 0xbb, 0x78},
		math.MaxInt32: {0xff, 0xff, 0xff, 0xff, 0x07},
		math.MinInt32: {0x80, 0x80, 0x80, 0x80, 0x78},
	} {
		if got := wasm.AppendS64(nil, v); !bytes.Equal(got, want) {
			t.Errorf("%d: %x, want %x", v, got, want)
		}
	}
}

func TestTheEncoderWritesOnlyWhatTheTableHolds(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a tail call was written")
		}
	}()
	var c wasm.Code
	c.Op(0x12)
}
