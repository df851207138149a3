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
		if got := murmur([]byte(in), 0); got != want {
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

// TestNamedHashesAreVowpalWabbits uses indices that its own tests publish, of 18
// bits: what --audit prints of namespaces, names and the default namespace.
func TestNamedHashesAreVowpalWabbits(t *testing.T) {
	for _, c := range []struct {
		hash, value string
		want        uint32
	}{
		{"vw:s^p^", "the_man", 3563}, {"vw:s^w^", "a", 204777}, {"vw:t^", "w^homme", 25913},
		{"vw-all:t^w^", "homme", 25913}, {"vw:^", "happiness", 143395}, {"vw:^hap", "piness", 143395},
		{"vw:^", "17", 17}, {"vw:^1", "7", 17}, {"vw:^", "262145", 1}, {"vw:^", "0", 0},
	} {
		h, err := ParseHasher(c.hash, "any")
		if err != nil || !Named(c.hash) || h.Kind() != VW {
			t.Fatalf("%s: %v", c.hash, err)
		}
		id := h.ID(c.value)
		if id&(1<<18-1) != c.want || id == 0 {
			t.Errorf("%s of %q: %d, want %d", c.hash, c.value, id&(1<<18-1), c.want)
		}
		if n := testing.AllocsPerRun(100, func() { h.ID(c.value) }); n != 0 {
			t.Errorf("%s allocates %v times", c.hash, n)
		}
	}
	seeded, _ := ParseHasher("vw:7^", "")
	if all, _ := ParseHasher("vw-all:7^", ""); seeded.ID("12") != 19 || all.ID("12") == 19 {
		t.Errorf("digits: %d", seeded.ID("12"))
	}
	for _, h := range []Hash{XX64, VW} {
		hasher, err := ParseHasher(h.String(), "weather")
		if err != nil || hasher.ID("rain") != h.ID("weather", "rain") || Named(h.String()) {
			t.Errorf("%v: %v", h, err)
		}
	}
	for _, name := range []string{"vw:", "vw:weather", "vw", "md5"} {
		if _, err := ParseHasher(name, "weather"); (err != nil) != (name != "vw") || err != nil && !errors.Is(err, ErrHash) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
