package features

import (
	"slices"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/catalogue"
)

// medians are what items of a category cost, of the last snapshot that was asked
// for.
type medians struct {
	last atomic.Pointer[prices]
}

type prices struct {
	snapshot *catalogue.Snapshot
	median   []float64 // by category; 0: nothing in it has a price
}

// of is the median regular price of each category, the lower of two where their
// number is even; an item that is discontinued does not count.
func (m *medians) of(s *catalogue.Snapshot) []float64 {
	if p := m.last.Load(); p != nil && p.snapshot == s {
		return p.median
	}
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
	p := &prices{s, make([]float64, len(s.Category.Names))}
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].category == all[from].category {
			to++
		}
		p.median[all[from].category] = float64(all[(from+to-1)/2].gross)
		from = to
	}
	m.last.Store(p)
	return p.median
}
