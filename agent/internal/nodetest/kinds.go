package nodetest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Kinds gives vectors to items: item i is of kind i modulo kinds, and near the
// others of it.
func Kinds(t testing.TB, items []*wire.Item, kinds int, seed uint64) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, seed))
	vectors, hashes := map[uint64][]int8{}, []uint64{}
	for i, it := range items {
		v, q := make([]float64, 8), make([]int8, 8)
		for d := range v {
			if v[d] = 0.05 * r.NormFloat64(); d < kinds {
				v[d] -= 0.3
			}
		}
		v[i%kinds] = 1
		embedding.Quantize(q, v)
		hash := xxhash.Sum64String(it.Id)
		vectors[hash], hashes = q, append(hashes, hash)
	}
	slices.Sort(hashes)
	var all []int8
	for _, h := range hashes {
		all = append(all, vectors[h]...)
	}
	table, err := embedding.New(8, hashes, all)
	if err != nil {
		t.Fatal(err)
	}
	return table.Append(nil)
}
