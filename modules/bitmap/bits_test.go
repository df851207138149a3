package bitmap_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// model is the same set as a slice of booleans.
type model []bool

func (m model) places() []int {
	var at []int
	for i, in := range m {
		if in {
			at = append(at, i)
		}
	}
	return at
}

func bits(m model) bitmap.Bits {
	b := bitmap.New(len(m))
	for _, i := range m.places() {
		b.Set(i)
	}
	return b
}

func check(t *rapid.T, b bitmap.Bits, m model) {
	t.Helper()
	want := m.places()
	if got := slices.Collect(b.All()); !slices.Equal(got, want) {
		t.Fatalf("holds %v, want %v", got, want)
	}
	if b.Count() != len(want) || b.Any() != (len(want) > 0) {
		t.Fatalf("count %d, any %v of %v", b.Count(), b.Any(), want)
	}
	for j, i := range want {
		if b.Select(j) != i || !b.Has(i) {
			t.Fatalf("select %d is %d, want %d", j, b.Select(j), i)
		}
	}
	if b.Select(len(want)) != -1 || b.Select(-1) != -1 {
		t.Fatal("selects what is not there")
	}
}

func TestAgainstModel(t *testing.T) {
	sets := rapid.SliceOfN(rapid.Bool(), 0, 300)
	rapid.Check(t, func(t *rapid.T) {
		x, y := model(sets.Draw(t, "x")), model(sets.Draw(t, "y"))
		check(t, bits(x), x)

		and, not := slices.Clone(x), slices.Clone(x)
		for i := range x {
			in := i < len(y) && y[i]
			and[i], not[i] = x[i] && in, x[i] && !in
		}
		b := bits(x)
		b.And(bits(y))
		check(t, b, and)
		b = bits(x)
		b.AndNot(bits(y))
		check(t, b, not)
		for _, i := range y.places() {
			if i < len(x) {
				b.Set(i)
				b.Clear(i)
			}
		}
		check(t, b, not)

		n := rapid.IntRange(0, len(x)).Draw(t, "n")
		b.Fill(n)
		full := make(model, len(x))
		for i := range n {
			full[i] = true
		}
		check(t, b, full)
	})
}

func TestBytes(t *testing.T) {
	b := bitmap.New(70)
	b.Set(0)
	b.Set(9)
	b.Set(69)
	got := b.Append([]byte{7}, 70)
	if want := []byte{7, 1, 2, 0, 0, 0, 0, 0, 0, 32}; !bytes.Equal(got, want) {
		t.Errorf("got % x", got)
	}
	if short := b.Append(nil, 9); !bytes.Equal(short, []byte{1, 0}) {
		t.Errorf("nine places are % x", short)
	}
	if past := b.Append(nil, 136); len(past) != 17 || past[8] != 32 || past[16] != 0 {
		t.Errorf("136 places are % x", past)
	}
	for n, b := range map[int][]byte{69: got[1:], 71: got[1:9], 64: nil, -1: nil, 1: {2}} {
		if set, err := bitmap.Read(nil, b, n); !errors.Is(err, bitmap.ErrLength) || set != nil {
			t.Errorf("% x as %d places: %v, %v", b, n, set, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{1, 2, 0, 0, 0, 0, 0, 0, 32}, 70)
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		set, err := bitmap.Read(make(bitmap.Bits, 1), b, n)
		if err != nil {
			return
		}
		if again := set.Append(nil, n); !bytes.Equal(again, b) {
			t.Fatalf("% x came back as % x", b, again)
		}
	})
}

func BenchmarkSelect1000(b *testing.B) {
	set := bitmap.New(1000)
	set.Fill(1000)
	j := 0
	for b.Loop() {
		set.Select(j)
		j = (j + 331) % 1000
	}
}
