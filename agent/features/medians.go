package features

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
)

// medians are the median regular prices of categories, the lower of two where their
// number is even; an item that is discontinued does not count. Where nothing has a
// price it is 0.
func medians(s *catalogue.Snapshot) []float64 {
	type priced struct {
		category uint32
		gross    int64
	}
	all := make([]priced, 0, s.Len())
	for i, category := range s.Category.IDs {
		if s.Status[i] != catalogue.Discontinued && s.Gross[i] > 0 {
			all = append(all, priced{category, s.Gross[i]})
		}
	}
	slices.SortFunc(all, func(a, b priced) int {
		if a.category != b.category {
			return int(a.category) - int(b.category)
		}
		return int(min(max(a.gross-b.gross, -1), 1))
	})
	median := make([]float64, len(s.Category.Names))
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].category == all[from].category {
			to++
		}
		median[all[from].category] = float64(all[(from+to-1)/2].gross)
		from = to
	}
	return median
}
