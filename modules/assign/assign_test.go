package assign

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// data is a file of the real data, or the test is skipped.
func data(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("AISLE_DATA")
	b, err := os.ReadFile(filepath.Join(dir, name))
	if dir == "" || err != nil {
		if os.Getenv("AISLE_REQUIRE") == "all" {
			t.Fatalf("%s is required; set AISLE_DATA to the folder that holds it (%v)", name, err)
		}
		t.Skipf("needs %s; set AISLE_DATA to the folder that holds it", name)
	}
	return b
}

// decode reads one case, an array of values of different types.
func decode(t *testing.T, c []json.RawMessage, into ...any) {
	t.Helper()
	for i, v := range into {
		if err := json.Unmarshal(c[i], v); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
	}
}

func TestGrowthBookCases(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data(t, "growthbook/cases.json"), &all); err != nil {
		t.Fatal(err)
	}
	cases := func(name string, atLeast int) [][]json.RawMessage {
		var list [][]json.RawMessage
		if err := json.Unmarshal(all[name], &list); err != nil || len(list) < atLeast {
			t.Fatalf("%d cases of %s, %v", len(list), name, err)
		}
		return list
	}
	for _, c := range cases("hash", 15) {
		var seed, value string
		var version int
		var want *float64
		decode(t, c, &seed, &value, &version, &want)
		if n, ok := hash(seed, value, version); ok != (want != nil) || ok && n != *want {
			t.Errorf("hash %s: %v, %v", c, n, ok)
		}
	}
	for _, c := range cases("getBucketRange", 13) {
		var name string
		var in []json.RawMessage
		var want [][2]float64
		decode(t, c, &name, &in, &want)
		var n int
		var coverage float64
		var weights []float64
		decode(t, in, &n, &coverage, &weights)
		checkRanges(t, name, ranges(nil, n, coverage, weights), want)
	}
	for _, c := range cases("chooseVariation", 13) {
		var name string
		var n float64
		var in [][2]float64
		var want int
		decode(t, c, &name, &n, &in, &want)
		var spans []span
		for _, r := range in {
			spans = append(spans, span{r[0], r[1]})
		}
		if got := choose(n, spans); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	// A namespace is a range of a version 1 hash seeded by its name.
	for _, c := range cases("inNamespace", 16) {
		var name, id string
		var in []json.RawMessage
		var want bool
		decode(t, c, &name, &id, &in, &want)
		var space string
		var r span
		decode(t, in, &space, &r.start, &r.end)
		n, _ := hash("__"+space, id, 1)
		if got := choose(n, []span{r}) == 0; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, c := range cases("getEqualWeights", 6) {
		var n int
		var weights []float64
		decode(t, c, &n, &weights)
		want := make([][2]float64, len(weights))
		for i, w := range weights {
			want[i] = [2]float64{float64(i) * w, float64(i+1) * w}
		}
		checkRanges(t, "equal weights", ranges(nil, n, 1, nil), want)
	}
}

func checkRanges(t *testing.T, name string, got []span, want [][2]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", name, got, want)
	}
	for i, s := range got {
		if math.Abs(s.start-want[i][0]) > 1e-6 || math.Abs(s.end-want[i][1]) > 1e-6 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Hashes that must never change: recorded arms hang on them.
func TestFixedHashes(t *testing.T) {
	for _, c := range []struct {
		seed, value string
		version     int
		want        float64
	}{
		{"seed", "a", 2, 0.0505}, {"seed", "b", 2, 0.2696}, {"loop-1", "", 2, 0.1857}, {"loop-1", "ä", 2, 0.8215},
		{"", "a", 1, 0.22}, {"b", "a", 1, 0.946},
	} {
		if n, ok := hash(c.seed, c.value, c.version); !ok || n != c.want {
			t.Errorf("%q, %q, version %d: %v", c.seed, c.value, c.version, n)
		}
	}
	if _, ok := hash("", "a", 3); ok {
		t.Error("version 3 hashes")
	}
}

var loop = []float64{0.8, 0.1, 0.1}

// Units fall into arms by their shares, and always into the same.
func TestArmsByShare(t *testing.T) {
	const n = 100_000
	counts := make([]int, len(loop))
	for i := range n {
		unit := strconv.Itoa(i)
		arm := Arm("loop-1", unit, loop)
		if Arm("loop-1", unit, loop) != arm {
			t.Fatalf("unit %s moves", unit)
		}
		counts[arm]++
	}
	for i, share := range loop {
		deviation := float64(counts[i])/n - share
		if math.Abs(deviation) > 4*math.Sqrt(share*(1-share)/n) {
			t.Errorf("arm %d has %d of %d", i, counts[i], n)
		}
	}
}

// Every bucket is in an arm, also where the shares sum to a little less than 1.
func TestNoUnitIsLeftOut(t *testing.T) {
	left := 0
	for i := range 100_000 {
		unit := strconv.Itoa(i)
		if n, _ := hash("s", unit, 2); n >= 0.9999 {
			left++
			if arm := Arm("s", unit, []float64{0.5, 0.4999}); arm != 1 {
				t.Fatalf("unit %s is in arm %d", unit, arm)
			}
		}
	}
	if left == 0 {
		t.Fatal("no unit in the last bucket")
	}
}

const unit = "0190f6f2-7d1c-7abc-8def-0123456789ab"

func TestArmDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Arm("loop-1", unit, loop) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkArm(b *testing.B) {
	for b.Loop() {
		Arm("loop-1", unit, loop)
	}
}
