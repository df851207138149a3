package item_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/item"
)

func TestExponents(t *testing.T) {
	counts := map[int]int{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				if n, ok := item.Exponent(string([]rune{a, b, c})); ok {
					counts[n]++
				}
			}
		}
	}
	// The list of 2026-01-01 has 178 codes, 13 of them without a minor unit.
	if counts[0] != 17 || counts[2] != 139 || counts[3] != 7 || counts[4] != 2 || len(counts) != 4 {
		t.Errorf("codes by exponent: %v", counts)
	}
	for code, want := range map[string]int{"EUR": 2, "JPY": 0, "KWD": 3, "UYW": 4, "SLE": 2, "VED": 2, "XCG": 2, "ZWG": 2, "MRU": 2} {
		if n, ok := item.Exponent(code); !ok || n != want {
			t.Errorf("%s: %d, %v", code, n, ok)
		}
	}
	for _, code := range strings.Fields("ANG BGN HRK SLL ZWL MRO XAU XDR XTS XXX eur EURO EU") {
		if _, ok := item.Exponent(code); ok {
			t.Errorf("%s is taken", code)
		}
	}
}

func TestNet(t *testing.T) {
	for _, c := range []struct {
		gross int64
		rate  float64
		want  int64
	}{
		{119, 0.19, 100}, {399, 0.07, 373}, {100, 0, 100}, {0, 0.19, 0}, {-119, 0.19, -100},
		{3, 1, 2}, {1, 1, 1}, // a half goes up
		{math.MaxInt64, 0, math.MaxInt64}, {math.MinInt64, 0, math.MinInt64},
		{100, math.NaN(), 100}, {100, -1, 100}, {100, math.Inf(1), 50},
	} {
		if got := item.Net(c.gross, c.rate); got != c.want {
			t.Errorf("%d at %v: %d, want %d", c.gross, c.rate, got, c.want)
		}
	}
	if got := item.Margin(399, 0.07, 380); got != -7 {
		t.Errorf("margin %d", got)
	}
}

func TestDiscounted(t *testing.T) {
	for _, c := range []struct {
		gross   int64
		percent float64
		want    int64
	}{{399, 10, 359}, {5, 10, 4}, {4, 10, 4}, {1000, 33.333, 667}, {100, 0, 100}, {100, 100, 0},
		{1, 50, 1}, {2, 75, 1}, {1, 99, 1}, {3000, 99.99999, 1}, {0, 50, 0}, {1, 100, 0}, // nothing is given away
	} {
		if got := item.Discounted(c.gross, c.percent); got != c.want {
			t.Errorf("%d less %v %%: %d, want %d", c.gross, c.percent, got, c.want)
		}
	}
}

// Net is the exact quotient rounded half up, whatever the size.
func TestNetIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gross := rapid.Int64Range(0, math.MaxInt64).Draw(t, "gross")
		rate := rapid.Int64Range(0, 1_000_000).Draw(t, "rate in millionths")
		q := new(big.Rat).SetFrac(big.NewInt(gross), big.NewInt(1))
		q.Mul(q, big.NewRat(1_000_000, 1_000_000+rate)).Add(q, big.NewRat(1, 2))
		want := new(big.Int).Quo(q.Num(), q.Denom())
		if got := item.Net(gross, float64(rate)/1e6); want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("got %d, want %v", got, want)
		}
	})
}
