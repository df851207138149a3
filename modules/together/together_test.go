package together_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/together"
)

// What goes with an item is what an oracle counts of the same baskets, pair by
// pair, also after it was written and read.
func TestCounts(t *testing.T) {
	item := rapid.Uint64Range(1, 12)
	rapid.Check(t, func(t *rapid.T) {
		baskets := rapid.SliceOfN(rapid.SliceOfN(item, 0, 6), 0, 30).Draw(t, "baskets")
		top, least := rapid.IntRange(1, 40).Draw(t, "top"), rapid.IntRange(1, 3).Draw(t, "least")
		b := together.Count(slices.Values(baskets), top, least).Append(nil)
		p, err := together.Parse(b)
		if err != nil || !bytes.Equal(p.Append(nil), b) {
			t.Fatal("did not come back", err)
		}
		with := func(all ...uint64) (n int) {
			for _, basket := range baskets {
				has := 0
				for _, one := range all {
					if slices.Contains(basket, one) {
						has++
					}
				}
				if has == len(all) {
					n++
				}
			}
			return n
		}
		for a := uint64(1); a <= 12; a++ {
			want := map[uint64]float64{}
			for b := uint64(1); b <= 12; b++ {
				if n := with(a, b); a != b && n >= least {
					want[b] = float64(n) / math.Sqrt(float64(with(a))*float64(with(b)))
				}
			}
			near, scores, known := p.Near(a)
			if known != (len(want) > 0) || len(near) != min(top, len(want)) {
				t.Fatalf("%d goes with %d items, known %v, want %d", a, len(near), known, len(want))
			}
			for k, b := range near {
				if scores[k] != float32(want[b]) || k > 0 && scores[k] > scores[k-1] {
					t.Fatalf("%d with %d: %v, want %v", a, b, scores[k], want[b])
				}
			}
			for b, score := range want {
				if !slices.Contains(near, b) && len(near) > 0 && float32(score) > scores[len(scores)-1] {
					t.Fatalf("%d with %d, of %v, was left out", a, b, score)
				}
			}
		}
	})
}

// FuzzParse: what is read at all has one encoding, and its look-ups stay inside.
func FuzzParse(f *testing.F) {
	f.Add(together.Count(slices.Values([][]uint64{{1, 2, 3}, {1, 2}}), 4, 1).Append(nil))
	f.Add([]byte("AISLETOG\x00\x00\x00\x00\xff\xff\x0f\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := together.Parse(b)
		if err != nil {
			if !errors.Is(err, together.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(p.Append(nil), b) {
			t.Fatal("another encoding")
		}
	})
}
