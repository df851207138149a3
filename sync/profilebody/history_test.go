package profilebody_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/profilebody"
)

func history(all ...profilebody.Purchase) profilebody.Value {
	return profilebody.Value{Kind: profilebody.History, History: all}
}

// A history comes back as it was written, and one that is not in order, twice of
// an item, of nothing bought or too long is refused.
func TestHistories(t *testing.T) {
	entry := rapid.Custom(func(t *rapid.T) profilebody.Purchase {
		return profilebody.Purchase{Item: rapid.Uint64().Draw(t, "item"), Day: rapid.Uint16().Draw(t, "day"),
			Times: rapid.Uint16Min(1).Draw(t, "times"), Price: rapid.Uint32().Draw(t, "price")}
	})
	histories := rapid.SliceOfNDistinct(entry, 1, 300, func(p profilebody.Purchase) uint64 { return p.Item })
	rapid.Check(t, func(t *rapid.T) {
		want := histories.Draw(t, "history")
		sorted := true
		for i := range want {
			sorted = sorted && (i == 0 || want[i-1].Item < want[i].Item)
		}
		b, err := profilebody.Append(nil, []profilebody.Field{{Name: "purchases", Value: history(want...)}})
		if !sorted || len(want) > profilebody.MaxHistory {
			if !errors.Is(err, profilebody.ErrMalformed) {
				t.Fatalf("%d entries, sorted %v: %v", len(want), sorted, err)
			}
			return
		}
		got, err2 := profilebody.Decode(b, all)
		if err != nil || err2 != nil || !cmp.Equal(got[0].Value.History, want) {
			t.Fatalf("%v came back as %v, %v, %v", want, got, err, err2)
		}
	})
	for name, all := range map[string][]profilebody.Purchase{
		"twice":   {{Item: 1, Times: 1}, {Item: 1, Times: 1}},
		"falling": {{Item: 2, Times: 1}, {Item: 1, Times: 1}},
		"never":   {{Item: 1}},
		"many":    make([]profilebody.Purchase, 257),
	} {
		if _, err := profilebody.Append(nil, []profilebody.Field{{Name: "a", Value: history(all...)}}); !errors.Is(err, profilebody.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseHistory(t *testing.T) {
	got, err := profilebody.ParseHistory("me@home@1970-01-03*7:399|b@2149-06-06", func(id string) string { return "x" + id })
	one := profilebody.Purchase{Item: xxhash.Sum64String("xme@home"), Day: 2, Times: 7, Price: 399}
	two := profilebody.Purchase{Item: xxhash.Sum64String("xb"), Day: math.MaxUint16, Times: 1}
	if want := [][]profilebody.Purchase{{one, two}, {two, one}}; err != nil || !cmp.Equal(got, want[0]) && !cmp.Equal(got, want[1]) {
		t.Errorf("%v, %v", got, err)
	}
	id := func(id string) string { return id }
	for _, text := range []string{"", "|", "planted", "planted@", "@2026-01-01", "planted@2026-13-01", "planted@1969-12-31", "planted@2149-06-07",
		"planted@2026-01-01*0", "planted@2026-01-01*65536", "planted@2026-01-01*", "planted@2026-01-01:", "planted@2026-01-01:1.5", "planted@2026-01-01:4294967296",
		"planted@2026-01-01|planted@2026-01-02", strings.Repeat("p@2026-01-01|", 256) + "q@2026-01-01"} {
		if got, err := profilebody.ParseHistory(text, id); !errors.Is(err, profilebody.ErrText) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%.40q was read as %v, %v", text, got, err)
		}
	}
}
