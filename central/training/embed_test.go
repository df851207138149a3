package training

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// dense is the whole of a sparse matrix.
func (a *sparse) dense() [][]float64 {
	all := make([][]float64, a.n)
	for i := range all {
		all[i] = make([]float64, a.n)
		for at := a.from[i]; at < a.from[i+1]; at++ {
			all[i][a.columns[at]] = float64(a.values[at])
		}
	}
	return all
}

// leading gives the eigenvalue of greatest magnitude of a symmetric matrix and its
// vector by the power method on its square, and takes them out of it.
func leading(m [][]float64) (value float64, v []float64) {
	n := len(m)
	times := func(x []float64) []float64 {
		y := make([]float64, n)
		for i := range m {
			for j := range m[i] {
				y[i] += m[i][j] * x[j]
			}
		}
		return y
	}
	r := rand.New(rand.NewPCG(9, 9))
	v = make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	for range 3000 {
		v = times(times(v))
		norm := 0.0
		for _, x := range v {
			norm += x * x
		}
		for i := range v {
			v[i] /= math.Sqrt(norm)
		}
	}
	for i, x := range times(v) {
		value += x * v[i]
	}
	for i := range m {
		for j := range m[i] {
			m[i][j] -= value * v[i] * v[j]
		}
	}
	return value, v
}

// worlds are baskets of so many kinds of shopping trips, each over its own items.
func worlds(r *rand.Rand, kinds, items, baskets int) (groups [][]uint64, kind func(item uint64) int) {
	for range baskets {
		k := r.IntN(kinds)
		var g []uint64
		for range 2 + r.IntN(5) {
			item := uint64(1 + k*items + r.IntN(items))
			if r.IntN(10) == 0 {
				item = uint64(1 + r.IntN(kinds*items))
			}
			if !slices.Contains(g, item) {
				g = append(g, item)
			}
		}
		groups = append(groups, g)
	}
	return groups, func(item uint64) int { return int(item-1) / items }
}

// The leading eigenvalues and vectors are those that a slow method finds on the
// matrix as a whole.
func TestDecompositionAgreesWithTheDenseOne(t *testing.T) {
	groups, _ := worlds(rand.New(rand.NewPCG(1, 2)), 6, 15, 3000)
	items := frequent(groups)
	place := map[uint64]uint32{}
	for i, item := range items {
		place[item] = uint32(i)
	}
	m := cosines(pairs(groups, place), len(items))
	const k = 6
	values, vectors := m.eigen(k)
	d := m.dense()
	for i := range d {
		for j := range d {
			if d[i][j] != d[j][i] {
				t.Fatalf("not symmetric at %d, %d", i, j)
			}
		}
	}
	for c := range k {
		value, v := leading(d)
		dot := 0.0
		for i := range v {
			dot += v[i] * vectors[i*k+c]
		}
		if math.Abs(values[c]-value) > 1e-6*math.Abs(value) || math.Abs(math.Abs(dot)-1) > 1e-3 {
			t.Errorf("eigenvalue %d is %v, want %v; its vector is %v off", c, values[c], value, 1-math.Abs(dot))
		}
	}
}

// Similarities are worked out here pair by pair from the groups as they are.
func TestSimilaritiesAreCosines(t *testing.T) {
	groups := [][]uint64{{1, 2}, {2, 1, 3}, {1, 3, 3}, {7}, {2, 3, 1}, {1, 2}, {3, 2, 4}, {2, 3}}
	items := frequent(groups)
	if d := cmp.Diff([]uint64{1, 2, 3}, items); d != "" {
		t.Fatal(d)
	}
	m := cosines(pairs(groups, map[uint64]uint32{1: 0, 2: 1, 3: 2}), 3).dense()
	// pairs: 1,2 in four groups, 1,3 in three, 2,3 in four
	want := [][]float64{{0, 4 / math.Sqrt(7*8), 3 / math.Sqrt(7*7)}, {0, 0, 4 / math.Sqrt(8*7)}, {}}
	for i := range 3 {
		for j := i + 1; j < 3; j++ {
			if math.Abs(m[i][j]-want[i][j]) > 1e-6 || m[j][i] != m[i][j] {
				t.Errorf("%d, %d: %v, want %v", i, j, m[i][j], want[i][j])
			}
		}
	}
}

// What is bought on one kind of trip lies close; and the same baskets give the same
// bytes.
func TestVectorsTellKindsOfTripsApart(t *testing.T) {
	groups, kind := worlds(rand.New(rand.NewPCG(3, 4)), 8, 25, 6000)
	table := Embed(groups)
	if table.Len() != 200 {
		t.Fatalf("%d items have vectors", table.Len())
	}
	right := 0
	for row := range table.Len() {
		var q embedding.Quad
		q.Set(0, table.Vector(row))
		best, at := math.MinInt, 0
		for other := range table.Len() {
			if p := q.Products(table.Vector(other))[0]; other != row && p > best {
				best, at = p, other
			}
		}
		if kind(table.Item(at)) == kind(table.Item(row)) {
			right++
		}
	}
	if right < 198 {
		t.Errorf("the nearest of %d of 200 items is of their kind", right)
	}
	if !slices.Equal(table.Append(nil), Embed(groups).Append(nil)) {
		t.Error("the same baskets gave other bytes")
	}
	if empty := Embed(nil); empty.Len() != 0 {
		t.Error("vectors of nothing")
	}
}

// What the trainer remembers of baskets is what was bought in them, whenever it is
// stopped and opened again, and no more than it may be.
func TestBasketsAreRemembered(t *testing.T) {
	b := newBooks(t)
	cfg := Config{Slots: []rulebook.Slot{slotConfig("hero")}}
	at := int64(0)
	tell := func(basket, item string, kind wire.OutcomeType) {
		at++
		id := wire.Pseudonymise([]byte("a secret of thirty-two bytes length"), wire.Basket, basket)
		o := &wire.Outcome{Id: item, Item: item, Type: kind, Basket: id[:], Quantity: 1}
		if basket == "" {
			o.Basket = nil
		}
		b.write("n-1", at, &wire.Record{Body: &wire.Record_Outcome{Outcome: o}})
	}
	buy := wire.OutcomeType_OUTCOME_PURCHASE
	tell("one", "bread", buy)
	tell("two", "soap", buy)
	tell("one", "butter", buy)
	tell("one", "bread", buy)
	tell("", "salt", buy)
	tell("one", "jam", wire.OutcomeType_OUTCOME_CLICK)
	b.commit()
	tr := b.trainer(cfg)
	if err := tr.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	tell("two", "towel", buy)
	tell("three", "rice", buy)
	tell("three", "soy", buy)
	tell("three", "rice", wire.OutcomeType_OUTCOME_VOID)
	b.commit()
	b.study(tr)
	of := func(ids ...string) (hashes []uint64) {
		for _, id := range ids {
			hashes = append(hashes, itemKey([]byte(id)))
		}
		return hashes
	}
	want := [][]uint64{of("bread", "butter"), of("soap", "towel")}
	if d := cmp.Diff(want, tr.Snapshot().Baskets); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, b.trainer(cfg).Snapshot().Baskets); d != "" {
		t.Error("after the checkpoint:", d)
	}
}

func TestOldBasketsAreForgotten(t *testing.T) {
	var b baskets
	id := func(i int) []byte { p := wire.Pseudonym{byte(i), byte(i >> 8), byte(i >> 16)}; return p[:] }
	for i := range 3 * maxBaskets {
		for item := range uint64(2) {
			b.take(wire.OutcomeType_OUTCOME_PURCHASE, id(i), 1+item)
		}
		if len(b.line) > maxBaskets || len(b.byID) != len(b.line) {
			t.Fatalf("%d baskets and %d ids after %d", len(b.line), len(b.byID), i)
		}
	}
	last := 3*maxBaskets - 1
	b.take(wire.OutcomeType_OUTCOME_PURCHASE, id(last), 7)
	if got := b.copied(); !slices.Equal(got[len(got)-1], []uint64{1, 2, 7}) {
		t.Error(got[len(got)-1])
	}
	b.take(wire.OutcomeType_OUTCOME_VOID, id(0), 1) // forgotten: nothing happens
	for item := range uint64(100) {
		b.take(wire.OutcomeType_OUTCOME_PURCHASE, id(last), 100+item)
	}
	if got := b.copied(); len(got[len(got)-1]) != maxGroup {
		t.Error(len(got[len(got)-1]))
	}
}
