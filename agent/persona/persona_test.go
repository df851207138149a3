package persona

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/sync/wire"
)

const dims = 16

// world has items around so many centres that have little to do with each other:
// item i is of centre i modulo kinds.
func world(t testing.TB, seed uint64, kinds, n int) (table *embedding.Table, items []uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	vectors := map[uint64][]int8{}
	for i := range n {
		v, q := make([]float64, dims), make([]int8, dims)
		for d := range v {
			v[d] = 0.25 * r.NormFloat64()
		}
		v[3*(i%kinds)] += 1
		v[3*(i%kinds)+1] -= 1
		embedding.Quantize(q, v)
		item := xxhash.Sum64String(fmt.Sprint("item-", i))
		items, vectors[item] = append(items, item), q
	}
	sorted := slices.Sorted(slices.Values(items))
	var all []int8
	for _, item := range sorted {
		all = append(all, vectors[item]...)
	}
	table, err := embedding.New(dims, sorted, all)
	if err != nil {
		t.Fatal(err)
	}
	return table, items
}

// A person who buys of three kinds of things, as often as these shares say, has three
// tastes of these shares, and each candidate is of the taste of its kind.
func TestTastesAreThoseOfThePurchases(t *testing.T) {
	table, items := world(t, 1, 5, 400)
	r := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		times := []int{0, 0, 0}
		var bought []Purchase
		for range 60 {
			i := r.IntN(len(items))
			if kind := i % 5; kind < 3 && !slices.ContainsFunc(bought, func(p Purchase) bool { return p.Item == items[i] }) {
				p := Purchase{items[i], 1 + r.IntN(3*kind+1)}
				times[kind] += p.Times
				bought = append(bought, p)
			}
		}
		bought = append(bought, Purchase{99, 50}) // nobody knows it
		tastes := Split(table, bought, 4)
		total := float64(times[0] + times[1] + times[2])
		of := map[int]int{}
		for kind := range 3 {
			of[kind] = tastes.Of(table.Vector(table.Row(items[kind])))
		}
		for i, item := range items {
			got := tastes.Of(table.Vector(table.Row(item)))
			if kind := i % 5; kind < 3 && len(tastes.Shares) == 3 && got != of[kind] {
				t.Fatalf("item %d of kind %d is of taste %d", i, kind, got)
			}
		}
		sum := 0.0
		for _, share := range tastes.Shares {
			sum += share
		}
		if math.Abs(sum-1) > 1e-12 || !slices.IsSortedFunc(tastes.Shares, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
			t.Fatalf("shares %v", tastes.Shares)
		}
		if len(tastes.Shares) == 3 {
			for kind := range 3 {
				if want := float64(times[kind]) / total; math.Abs(tastes.Shares[of[kind]]-want) > 1e-9 {
					t.Fatalf("shares %v; of kind %d %v was bought", tastes.Shares, kind, want)
				}
			}
		}
	}
	if Split(table, []Purchase{{99, 1}}, 3) != nil || Split(table, nil, 3) != nil || Split(new(embedding.Table), []Purchase{{items[0], 1}}, 3) != nil {
		t.Error("tastes of nothing")
	}
	if one := Split(table, []Purchase{{items[0], 3}}, 4); len(one.Shares) != 1 || one.Shares[0] != 1 {
		t.Error(one.Shares)
	}
	if one := Split(table, []Purchase{{items[0], 3}, {items[1], 3}}, 1); len(one.Shares) != 1 {
		t.Error(one.Shares)
	}
}

// The order in which purchases come changes no bit, and the bits are these on every
// machine.
func TestGolden(t *testing.T) {
	sums := fnv.New64a()
	r := rand.New(rand.NewPCG(5, 5))
	for seed := range uint64(40) {
		table, items := world(t, seed, 5, 300)
		var bought []Purchase
		for range 1 + r.IntN(300) {
			if item := items[r.IntN(len(items))]; !slices.ContainsFunc(bought, func(p Purchase) bool { return p.Item == item }) {
				bought = append(bought, Purchase{item, 1 + r.IntN(70_000)})
			}
		}
		tastes := Split(table, bought, 4)
		r.Shuffle(len(bought), func(i, j int) { bought[i], bought[j] = bought[j], bought[i] })
		again := Split(table, bought, 4)
		if fmt.Sprint(tastes) != fmt.Sprint(again) {
			t.Fatal("another order, other tastes")
		}
		fmt.Fprint(sums, tastes.Shares, tastes.quad)
	}
	if got := sums.Sum64(); got != golden {
		t.Errorf("%#x, want %#x", got, golden)
	}
}

const golden uint64 = 0x98948eba3a7d1687

// What is kept is what Split gives, of this table and these purchases, and nobody is
// kept once anything about them changed.
func TestCacheKeepsNothingStale(t *testing.T) {
	var c *Cache
	n := storetest.New(t, func(st *store.Store) { c = New(st) }, 0)
	defer n.Close()
	table, items := world(t, 1, 5, 300)
	other, _ := world(t, 2, 5, 300)
	bought := []Purchase{{items[0], 1}, {items[1], 2}}
	who := wire.Pseudonym{7}
	split := func(c *Cache, mark uint64, who wire.Pseudonym, t *embedding.Table, bought []Purchase, most int) *Known {
		digest := fnv.New64a()
		fmt.Fprint(digest, bought)
		if k := c.Find(who, t, digest.Sum64(), most); k != nil {
			return k
		}
		return c.Split(mark, who, t, digest.Sum64(), bought, most)
	}
	k := split(c, c.Mark(), who, table, bought, 3)
	if split(c, c.Mark(), who, table, bought, 3) != k {
		t.Error("not kept")
	}
	for name, is := range map[string]*Known{
		"another table":   split(c, c.Mark(), who, other, bought, 3),
		"other purchases": split(c, c.Mark(), who, table, bought[:1], 3),
		"other times":     split(c, c.Mark(), who, table, []Purchase{{items[0], 1}, {items[1], 3}}, 3),
		"another number":  split(c, c.Mark(), who, table, bought, 2),
		"somebody else":   split(c, c.Mark(), wire.Pseudonym{8}, table, bought, 3),
		"a nil cache's":   split(nil, 0, who, table, bought, 3),
		"the first again": split(c, c.Mark(), who, table, bought, 3),
	} {
		if is == k {
			t.Errorf("%s has the same tastes", name)
		}
	}
	rows := &Rows{kept: true}
	rows.Find(table, len(items), func(i int) uint64 { return items[i] })
	k = split(c, c.Mark(), who, table, bought, 3)
	var room Pools
	pools := k.Pools(rows, &room)
	for i, item := range items {
		want := k.Of(table.Vector(table.Row(item)))
		for taste := range pools {
			if pools[taste].Has(i) != (taste == want) {
				t.Fatalf("item %d is in pool %d", i, taste)
			}
		}
	}
	if k.Pools(rows, &room) != pools || k.Pools(&Rows{At: rows.At[:3]}, &room) != &room {
		t.Error("pools of other candidates")
	}
	for name, rec := range map[string]*wire.Record{
		"consent": {Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: who[:]}}},
		"profile": {Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: who[:]}}},
		"erasure": {Body: &wire.Record_Erasure{Erasure: &wire.Erasure{Pseudonym: who[:]}}},
	} {
		before := c.Mark()
		k := split(c, before, who, table, bought, 3)
		(*deriver)(c).Apply(nil, 1, rec)
		if len(c.young)+len(c.old) > 0 && (c.young[who] != nil || c.old[who] != nil) {
			t.Errorf("%s: tastes are still there", name)
		}
		if split(c, before, who, table, bought, 3); c.young[who] != nil {
			t.Errorf("%s: what was read before it is kept", name)
		}
		_ = k
	}
	for i := range 5 * generation {
		split(c, c.Mark(), wire.Pseudonym{byte(i), byte(i >> 8)}, table, bought, 3)
	}
	if n := len(c.young) + len(c.old); n > 2*generation {
		t.Errorf("%d persons are kept", n)
	}
}

func BenchmarkSplit(b *testing.B) {
	table, items := world(b, 1, 5, 4000)
	var bought []Purchase
	r := rand.New(rand.NewPCG(1, 1))
	for _, i := range r.Perm(len(items))[:MaxPurchases] {
		bought = append(bought, Purchase{items[i], 1 + r.IntN(5)})
	}
	slices.SortFunc(bought, byItem)
	rows := &Rows{kept: true}
	rows.Find(table, 1000, func(i int) uint64 { return items[i] })
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			Split(table, bought, 4)
		}
	})
	b.Run("pools", func(b *testing.B) {
		var p Pools
		tastes := Split(table, bought, 4)
		for b.Loop() {
			tastes.Pool(&p, table, rows.At)
		}
	})
	b.Run("rows of given", func(b *testing.B) {
		var r Rows
		for b.Loop() {
			r.Find(table, 1000, func(i int) uint64 { return items[i] })
		}
	})
	b.Run("warm", func(b *testing.B) {
		c := &Cache{young: map[wire.Pseudonym]*Known{}, old: map[wire.Pseudonym]*Known{}}
		var p Pools
		b.ReportAllocs()
		for b.Loop() {
			k := c.Find(wire.Pseudonym{1}, table, 1, 4)
			if k == nil {
				k = c.Split(c.Mark(), wire.Pseudonym{1}, table, 1, bought, 4)
			}
			k.Pools(rows, &p)
		}
	})
}
