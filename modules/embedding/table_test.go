package embedding

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func random(r *rand.Rand, dims int) []int8 {
	v, out := make([]float64, dims), make([]int8, dims)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	Quantize(out, v)
	return out
}

func table(t testing.TB, r *rand.Rand, n, dims int) *Table {
	t.Helper()
	items, vectors := make([]uint64, n), []int8{}
	for i := range items {
		items[i] = r.Uint64()
		vectors = append(vectors, random(r, dims)...)
	}
	slices.Sort(items)
	tab, err := New(dims, items, vectors)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestTablesComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, dims := range []int{1, 16, MaxDims} {
		was := table(t, r, 300, dims)
		b := was.Append(nil)
		is, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		for row := range was.Len() {
			if is.Row(was.Item(row)) != row || !slices.Equal(is.Vector(row), was.Vector(row)) {
				t.Fatalf("row %d of %d dimensions came back otherwise", row, dims)
			}
		}
		if is.Row(1) != Nowhere || is.Dims() != dims || !bytes.Equal(is.Append(nil), b) {
			t.Error("another table came back")
		}
	}
	if empty, err := Parse(new(Table).Append(nil)); err != nil || empty.Len() != 0 || empty.Row(7) != Nowhere {
		t.Errorf("a table without items: %v", err)
	}
}

// The format may break while its version is 0, but not by accident.
func TestGolden(t *testing.T) {
	tab, err := New(2, []uint64{1, 0x0203040506070809}, []int8{127, 0, -90, 90})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("0002000002000000"+"0100000000000000"+"0908070605040302"+"7f00a65a", hex.EncodeToString(tab.Append(nil))); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNoTable(t *testing.T) {
	good := table(t, rand.New(rand.NewPCG(2, 2)), 3, 4).Append(nil)
	change := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "no dimensions": change(1, 0),
		"many dimensions": change(1, 33), "reserved": change(3, 1), "more items": change(4, 4), "far more items": change(7, 0xff),
		"not ascending": change(header+7, 0xff), "too long a vector": append(bytes.Clone(good[:len(good)-4]), 127, 127, 127, 0),
	} {
		if _, err := Parse(b); err != ErrMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(change(0, 1)); err != ErrVersion {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(table(f, rand.New(rand.NewPCG(3, 3)), 5, 3).Append(nil))
	f.Add(new(Table).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := Parse(b)
		if err != nil {
			return
		}
		if !bytes.Equal(tab.Append(nil), b) {
			t.Fatal("it has another encoding")
		}
		for i := range tab.Len() {
			var q Quad
			for lane := range Lanes {
				q.Set(lane, tab.Vector((i+lane)%tab.Len()))
			}
			agree(t, &q, tab, i)
		}
	})
}

// agree holds the four products of a row to sums that are taken one by one.
func agree(t *testing.T, q *Quad, tab *Table, i int) {
	t.Helper()
	products := q.Products(tab.Vector(i))
	for lanes := 1; lanes <= Lanes; lanes++ {
		most := slices.Max(products[:lanes])
		if lane, product := q.Nearest(tab.Vector(i), lanes); product != most || lane != slices.Index(products[:], most) {
			t.Fatalf("row %d: lane %d of %d with %d, want %d", i, lane, lanes, product, most)
		}
	}
	for lane, got := range products {
		want := 0
		for d, x := range tab.Vector((i + lane) % tab.Len()) {
			want += int(x) * int(tab.Vector(i)[d])
		}
		if got != want {
			t.Fatalf("row %d, lane %d: %d, want %d", i, lane, got, want)
		}
	}
}

func TestProductsSideBySide(t *testing.T) {
	tab := table(t, rand.New(rand.NewPCG(4, 4)), 400, MaxDims)
	for i := range tab.Len() {
		var q Quad
		for lane := range Lanes {
			q.Set(lane, tab.Vector((i+lane)%tab.Len()))
		}
		agree(t, &q, tab, i)
	}
}

func TestCosinesAreNearThoseOfTheNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 1000 {
		a, b := make([]float64, 16), make([]float64, 16)
		var ab, aa, bb float64
		for i := range a {
			a[i], b[i] = r.NormFloat64(), r.NormFloat64()
			ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
		}
		x, y := make([]int8, 16), make([]int8, 16)
		Quantize(x, a)
		Quantize(y, b)
		var q Quad
		q.Set(0, x)
		if got, want := Similarity(q.Products(y)[0]), ab/math.Sqrt(aa*bb); math.Abs(got-want) > 0.03 {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	var none, least [2]int8
	Quantize(none[:], []float64{0, 0})
	Quantize(least[:], []float64{0, -1e-300})
	if none != [2]int8{} || least != [2]int8{0, -Unit} {
		t.Error(none, least)
	}
}

func BenchmarkProducts(b *testing.B) {
	for _, dims := range []int{16, 32} {
		tab := table(b, rand.New(rand.NewPCG(6, 6)), 1000, dims)
		var q Quad
		for lane := range Lanes {
			q.Set(lane, tab.Vector(lane))
		}
		b.Run(map[int]string{16: "16", 32: "32"}[dims], func(b *testing.B) {
			for b.Loop() {
				for row := range tab.Len() {
					sink += q.Products(tab.Vector(row))[0]
				}
			}
		})
	}
}

var sink int
