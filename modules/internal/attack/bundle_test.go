package attack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/bundle"
)

// sealedBundle is a bundle of these parts, whose header claims these sizes, as
// package bundle describes it; its seal is whole.
func sealedBundle(claims [4]uint32, parts ...[]byte) []byte {
	b := append([]byte("AISLEBN\x00"), make([]byte, 56)...)
	for i, c := range claims {
		binary.LittleEndian.PutUint32(b[40+4*i:], c)
	}
	for _, p := range parts {
		b = append(b, p...)
		b = append(b, make([]byte, -len(b)&15)...)
	}
	digest := sha256.Sum256(b[40:])
	copy(b[8:], digest[:])
	return b
}

// TestBundleBombsAreRefused: nothing in a bundle is compressed, so what it makes a
// node allocate is at most some times its own size, whatever it claims to hold.
func TestBundleBombsAreRefused(t *testing.T) {
	const huge = 1<<32 - 1
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	text := func(s string, n int) []byte { return []byte(`{"columns":[` + strings.Repeat(s, n) + `{}]}`) }
	section := func(name string, b []byte) []byte {
		out := append([]byte{byte(len(name))}, name...)
		out = append(out, b...)
		return append(binary.AppendUvarint([]byte{0}, uint64(len(out))), out...)
	}
	bomb := func(manifest []byte) []byte {
		return sealedBundle([4]uint32{uint32(len(manifest)), 0, 0, 0}, manifest)
	}
	scorer := func(manifest, golden []byte) []byte {
		return bytes.Join([][]byte{wasm, section("aisle.manifest", manifest), section("aisle.golden", golden)}, nil)
	}
	vectors := bytes.Repeat(make([]byte, 16), 1<<20)
	for name, tc := range map[string]struct {
		file []byte
		open func([]byte) (*bundle.Bundle, error)
	}{
		"4 GiB of manifest":           {sealedBundle([4]uint32{huge, 0, 0, 0}, []byte("{}")), bundle.Open},
		"4 GiB of each":               {sealedBundle([4]uint32{huge, huge, huge, huge}, []byte("{}")), bundle.Open},
		"4 GiB of golden vectors":     {sealedBundle([4]uint32{2, 0, 0, huge}, []byte("{}")), bundle.Open},
		"a million columns":           {bomb(text("{},", 1_000_000)), bundle.Open},
		"a million heads":             {bomb([]byte(`{"heads":[` + strings.Repeat(`"",`, 1_000_000) + `""]}`)), bundle.Open},
		"a million crosses":           {bomb([]byte(`{"crosses":[` + strings.Repeat(`[],`, 1_000_000) + `[]]}`)), bundle.Open},
		"lists in lists":              {bomb(bytes.Repeat([]byte("["), 3<<20)), bundle.Open},
		"a million vectors":           {sealedBundle([4]uint32{2, 0, 0, uint32(len(vectors))}, []byte("{}"), vectors), bundle.Open},
		"a scorer of a GiB":           {append(append([]byte{}, wasm...), 0, 0xff, 0xff, 0xff, 0xff, 0x03), bundle.Extract},
		"a scorer's million columns":  {scorer(text("{},", 1_000_000), nil), bundle.Extract},
		"a scorer's million vectors":  {scorer([]byte("{}"), vectors), bundle.Extract},
		"a scorer's million sections": {append(bytes.Clone(wasm), bytes.Repeat([]byte{0, 2, 1, 'x'}, 1<<20)...), bundle.Extract},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := tc.open(tc.file)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, bundle.ErrBundle) {
				t.Errorf("%v, want %v", err, bundle.ErrBundle)
			}
			took := after.TotalAlloc - before.TotalAlloc
			if most := uint64(8*len(tc.file) + 1<<20); took > most {
				t.Errorf("allocates %d bytes to refuse a file of %d: %v", took, len(tc.file), err)
			}
		})
	}
}
