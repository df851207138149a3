package profilebody_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/profilebody"
)

func all(string) bool { return true }

func text(s string) profilebody.Value {
	return profilebody.Value{Kind: profilebody.Text, Text: s}
}

var sample = []profilebody.Field{
	{Name: "birthday", Value: text("07-14"), SetAtMs: 1_767_225_600_000},
	{Name: "diet", Value: profilebody.Value{Kind: profilebody.List, List: []string{"vegan", "", "süß"}}, SetAtMs: -1},
	{Name: "nothing", Value: profilebody.Value{Kind: profilebody.List}},
	{Name: "points", Value: profilebody.Value{Kind: profilebody.Number, Number: -12.5}, SetAtMs: 1},
	{Name: "purchases", Value: history(profilebody.Purchase{Item: 1, Day: 20_000, Times: 2, Price: 399}, profilebody.Purchase{Item: 1 << 63, Times: 1}), SetAtMs: 2},
}

// The bytes of version 0, written by hand from the format's table.
func TestGoldenVersion0(t *testing.T) {
	file, err := os.ReadFile("testdata/v0.hex")
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.Join(strings.Fields(string(file)), ""))
	if err != nil {
		t.Fatal(err)
	}
	shuffled := slices.Clone(sample)
	slices.Reverse(shuffled)
	if got, err := profilebody.Append([]byte("x"), shuffled); err != nil || !bytes.Equal(got[1:], want) {
		t.Errorf("encoded as % x, %v", got, err)
	}
	got, err := profilebody.Decode(want, all)
	if err != nil || !cmp.Equal(got, sample) {
		t.Errorf("decoded as %v, %v", got, err)
	}
}

// A field that is not permitted is not handed out, whatever surrounds it.
func TestOnlyPermittedFields(t *testing.T) {
	b, err := profilebody.Append(nil, sample)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	got, err := profilebody.Decode(b, func(name string) bool {
		asked = append(asked, name)
		return name == "points"
	})
	if err != nil || len(got) != 1 || got[0].Name != "points" || len(asked) != len(sample) {
		t.Errorf("asked for %v, got %v, %v", asked, got, err)
	}
}

func TestRefusals(t *testing.T) {
	number := func(f float64) profilebody.Value {
		return profilebody.Value{Kind: profilebody.Number, Number: f}
	}
	long := strings.Repeat("x", 40<<10)
	for name, fields := range map[string][]profilebody.Field{
		"twice":         {{Name: "a", Value: text("1")}, {Name: "a", Value: text("2")}},
		"no name":       {{Value: text("1")}},
		"long name":     {{Name: strings.Repeat("n", 65), Value: text("1")}},
		"no kind":       {{Name: "a"}},
		"NaN":           {{Name: "a", Value: number(math.NaN())}},
		"infinite":      {{Name: "a", Value: number(math.Inf(-1))}},
		"not UTF-8":     {{Name: "a", Value: text("\xff")}},
		"list of bytes": {{Name: "a", Value: profilebody.Value{Kind: profilebody.List, List: []string{"\xff"}}}},
		"too long":      {{Name: "a", Value: text(long)}, {Name: "b", Value: text(long)}},
		"one too long":  {{Name: "a", Value: text(long + long)}},
		"too many":      make([]profilebody.Field, 257),
	} {
		if b, err := profilebody.Append([]byte("x"), fields); !errors.Is(err, profilebody.ErrMalformed) || string(b) != "x" {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}

	b, err := profilebody.Append(nil, sample)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range b {
		if _, err := profilebody.Decode(b[:cut], all); !errors.Is(err, profilebody.ErrMalformed) {
			t.Errorf("cut to %d bytes: %v", cut, err)
		}
	}
	if _, err := profilebody.Decode(append(bytes.Clone(b), 0), all); !errors.Is(err, profilebody.ErrMalformed) {
		t.Errorf("with a tail: %v", err)
	}
	b[0] = 1
	if _, err := profilebody.Decode(b, all); !errors.Is(err, profilebody.ErrVersion) {
		t.Errorf("next version: %v", err)
	}
}

// A body that is refused says nothing of what it holds.
func TestErrorsHoldNoValue(t *testing.T) {
	_, err := profilebody.Append(nil, []profilebody.Field{{Name: "a", Value: text("planted\xff")}})
	if err == nil || strings.Contains(err.Error(), "planted") {
		t.Error(err)
	}
}

func TestRoundTrip(t *testing.T) {
	texts := rapid.StringN(0, 50, 200)
	value := rapid.OneOf(
		rapid.Map(texts, text),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) profilebody.Value {
			return profilebody.Value{Kind: profilebody.Number, Number: f}
		}),
		rapid.Map(rapid.SliceOfN(texts, 1, 5), func(l []string) profilebody.Value {
			return profilebody.Value{Kind: profilebody.List, List: l}
		}),
	)
	field := rapid.Custom(func(t *rapid.T) profilebody.Field {
		return profilebody.Field{Name: rapid.StringMatching(`[a-z_]{1,64}`).Draw(t, "name"),
			Value: value.Draw(t, "value"), SetAtMs: rapid.Int64().Draw(t, "at")}
	})
	bodies := rapid.SliceOfNDistinct(field, 0, 20, func(f profilebody.Field) string { return f.Name })
	rapid.Check(t, func(t *rapid.T) {
		fields := bodies.Draw(t, "fields")
		b, err := profilebody.Append(nil, fields)
		if err != nil {
			t.Fatal(err)
		}
		got, err := profilebody.Decode(b, all)
		slices.SortFunc(fields, func(a, b profilebody.Field) int { return strings.Compare(a.Name, b.Name) })
		if err != nil || !slices.EqualFunc(got, fields, func(a, b profilebody.Field) bool { return cmp.Equal(a, b) }) {
			t.Fatalf("%v came back as %v, %v", fields, got, err)
		}
	})
}

// What is read at all has exactly one encoding.
func FuzzDecode(f *testing.F) {
	b, err := profilebody.Append(nil, sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := profilebody.Decode(b, all)
		none, err2 := profilebody.Decode(b, func(string) bool { return false })
		if (err == nil) != (err2 == nil) || len(none) != 0 {
			t.Fatalf("permitted %v, refused %v: %v", err, err2, none)
		}
		if err != nil {
			return
		}
		if again, err := profilebody.Append(nil, fields); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("% x came back as % x, %v", b, again, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body, err := profilebody.Append(nil, sample)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := profilebody.Decode(body, all); err != nil {
			b.Fatal(err)
		}
	}
}
