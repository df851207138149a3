package journey

import (
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/modules/embedding"
)

// TestHouseholdsHaveTastes: what a household bought splits into groups, and within
// them things are of one category more often than across them.
func TestHouseholdsHaveTastes(t *testing.T) {
	d := real(t)
	table := embedded(t, d)
	of, category := map[string]map[uint64]int{}, map[uint64]string{}
	for _, b := range baskets(t, d) {
		for _, l := range b.Lines {
			it, ok := d.Item(l.Product)
			hash := xxhash.Sum64String(l.Product)
			if !ok || table.Row(hash) == embedding.Nowhere {
				continue
			}
			category[hash] = it.Category
			if of[b.Household] == nil {
				of[b.Household] = map[uint64]int{}
			}
			of[b.Household][hash]++
		}
	}
	households, byTastes := 0, [persona.Most + 1]int{}
	var within, sameWithin, across, sameAcross, largest float64
	for _, times := range of {
		if len(times) < 8 {
			continue
		}
		var bought []persona.Purchase
		for item, n := range times {
			bought = append(bought, persona.Purchase{Item: item, Times: n})
		}
		tastes := persona.Split(table, bought, 3)
		households++
		byTastes[len(tastes.Shares)]++
		largest += tastes.Shares[0]
		for i, a := range bought {
			for _, b := range bought[:i] {
				same := one(category[a.Item] == category[b.Item])
				if tastes.Of(table.Vector(table.Row(a.Item))) == tastes.Of(table.Vector(table.Row(b.Item))) {
					within, sameWithin = within+1, sameWithin+same
				} else {
					across, sameAcross = across+1, sameAcross+same
				}
			}
		}
	}
	t.Logf("%d households of 8 goods and more: %v have so many tastes, the largest is %.2f on average; of pairs within a taste %.4f are of one category, of pairs across %.4f",
		households, byTastes, largest/float64(households), sameWithin/within, sameAcross/across)
	if byTastes[3] < households/2 || sameWithin/within < 1.1*sameAcross/across {
		t.Error("households do not split into tastes")
	}
}
