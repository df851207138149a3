package scoring

import (
	"errors"
	"testing"
)

// TestMurmurMatchesPublishedValues uses values that circulate for MurmurHash3
// x86 32 with seed 0.
func TestMurmurMatchesPublishedValues(t *testing.T) {
	for in, want := range map[string]uint32{
		"":              0,
		"test":          0xba6bd213,
		"Hello, world!": 0xc0363e43,
		"The quick brown fox jumps over the lazy dog": 0x2e4ff723,
	} {
		if got := murmur([]byte(in)); got != want {
			t.Errorf("%q: %#x, want %#x", in, got, want)
		}
	}
}

// TestIDsAreFixed: nodes and trainer hash apart and must meet.
func TestIDsAreFixed(t *testing.T) {
	long := string(make([]byte, 300))
	for _, tc := range []struct {
		hash           Hash
		feature, value string
		want           uint32
	}{
		{XX64, "weather", "rain", 1763447883},
		{XX64, "", "", 91122933},
		{XX64, "item", long, 3747465368},
		{VW, "weather", "rain", 4059166231},
		{VW, "category", "drinks/tea", 1867795843},
	} {
		if got := tc.hash.ID(tc.feature, tc.value); got != tc.want {
			t.Errorf("%v of %q = %.10q: %d, want %d", tc.hash, tc.feature, tc.value, got, tc.want)
		}
	}
	for _, h := range []Hash{XX64, VW} {
		if back, err := ParseHash(h.String()); err != nil || back != h {
			t.Errorf("%v reads back as %v, %v", h, back, err)
		}
		if n := testing.AllocsPerRun(100, func() { h.ID("weather", "rain") }); n != 0 {
			t.Errorf("%v allocates %v times", h, n)
		}
	}
	if _, err := ParseHash("md5"); !errors.Is(err, ErrHash) {
		t.Errorf("md5: %v", err)
	}
}
