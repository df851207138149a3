package training

import (
	"cmp"
	"slices"

	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/together"
)

// Recall says of how many baskets the item left out was among the ten that were
// named from the others.
type Recall struct {
	Baskets    int // that were asked about
	Together   int // by what goes with the others
	Vectors    int // by what lies close to them
	Popularity int // by how often it is bought
	Named      int // items that were chosen among
}

const (
	asked = 500 // baskets at most
	named = 10
)

// Sanity learns from all but the newest tenth of the baskets, and asks about that:
// of each the last item is left out. least is as of together.Count.
func Sanity(groups [][]uint64, least int) (r Recall) {
	cut := len(groups) - max(len(groups)/10, min(len(groups), 1))
	old, fresh := groups[:cut], groups[cut:]
	pairs, table := together.Count(slices.Values(old), together.MaxNear, least), Embed(old)
	times, all := map[uint64]float64{}, []uint64(nil)
	for _, g := range old {
		for _, it := range g {
			if times[it]++; times[it] == 1 {
				all = append(all, it)
			}
		}
	}
	r.Named = len(all)
	for _, g := range fresh[max(0, len(fresh)-asked):] {
		rest, out := g[:len(g)-1], g[len(g)-1]
		if times[out] == 0 {
			continue // nobody could know of it
		}
		r.Baskets++
		hit := func(score map[uint64]float64) int {
			if among(all, rest, out, score, times) {
				return 1
			}
			return 0
		}
		r.Popularity += hit(nil)
		r.Together += hit(going(pairs, rest))
		r.Vectors += hit(lying(table, rest, all))
	}
	return r
}

// among tells whether out is one of the ten of all with the greatest score, popular
// ones first where it is equal, leaving out the rest of its basket.
func among(all, rest []uint64, out uint64, score, times map[uint64]float64) bool {
	before := 0
	for _, it := range all {
		if it == out || slices.Contains(rest, it) {
			continue
		}
		if c := cmp.Or(cmp.Compare(score[it], score[out]), cmp.Compare(times[it], times[out]), cmp.Compare(out, it)); c > 0 {
			if before++; before == named {
				return false
			}
		}
	}
	return true
}

func going(p *together.Pairs, rest []uint64) map[uint64]float64 {
	score := map[uint64]float64{}
	for _, it := range rest {
		items, scores, _ := p.Near(it)
		for i, other := range items {
			score[other] += float64(scores[i])
		}
	}
	return score
}

func lying(t *embedding.Table, rest, all []uint64) map[uint64]float64 {
	score := map[uint64]float64{}
	var rows []int
	for _, it := range rest {
		if row := t.Row(it); row != embedding.Nowhere {
			rows = append(rows, row)
		}
	}
	for _, it := range all {
		row := t.Row(it)
		if row == embedding.Nowhere {
			continue
		}
		for _, other := range rows {
			score[it] += embedding.Similarity(embedding.Product(t.Vector(row), t.Vector(other)))
		}
	}
	return score
}
