package journey

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/embedding"
)

// embedded places the goods by what was bought together: in baskets, of which the
// sample has one row in twenty-five, so few pairs are left; and by households.
func embedded(t *testing.T, d *Data) *embedding.Table {
	t.Helper()
	var inBaskets [][]uint64
	of := map[string][]uint64{}
	for _, b := range baskets(t, d) {
		var items []uint64
		for _, l := range b.Lines {
			items = append(items, xxhash.Sum64String(l.Product))
		}
		inBaskets = append(inBaskets, items)
		of[b.Household] = append(of[b.Household], items...)
	}
	groups := inBaskets
	for _, household := range slices.Sorted(maps.Keys(of)) {
		groups = append(groups, of[household])
	}
	from := time.Now()
	table := training.Embed(groups)
	t.Logf("%d of %d goods have vectors, of %d baskets and %d households, in %v", table.Len(), len(d.Items()), len(inBaskets), len(of), time.Since(from))
	return table
}

func department(category string) string {
	name, _, _ := strings.Cut(category, "/")
	return name
}

// TestNeighboursAreOfOneDepartment: nobody told the vectors of departments. What lies
// near an item is of its category at least twice as often as by chance.
func TestNeighboursAreOfOneDepartment(t *testing.T) {
	d := real(t)
	table := embedded(t, d)
	category := make([]string, table.Len())
	for _, it := range d.Items() {
		if row := table.Row(xxhash.Sum64String(it.ID)); row != embedding.Nowhere {
			category[row] = it.Category
		}
	}
	const near = 5
	var same, chance, sameCategory, chanceCategory, n float64
	for row := range table.Len() {
		var q embedding.Quad
		q.Set(0, table.Vector(row))
		others := make([]int, 0, table.Len())
		far := make([]int, table.Len())
		for other := range table.Len() {
			if far[other] = -q.Products(table.Vector(other))[0]; other != row {
				others = append(others, other)
			}
		}
		slices.SortFunc(others, func(a, b int) int { return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(a, b)) })
		for k, other := range others {
			d, c := department(category[other]) == department(category[row]), category[other] == category[row]
			if k < near {
				n++
				same, sameCategory = same+one(d), sameCategory+one(c)
			}
			chance, chanceCategory = chance+one(d)*near/float64(len(others)), chanceCategory+one(c)*near/float64(len(others))
		}
	}
	t.Logf("of the %d nearest %.3f are of the department (by chance %.3f), %.3f of the category (by chance %.3f)", near, same/n, chance/n, sameCategory/n, chanceCategory/n)
	if sameCategory < 2*chanceCategory || same < 1.02*chance {
		t.Error("what lies near an item is hardly more like it than anything else")
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
