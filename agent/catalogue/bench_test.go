package catalogue

import (
	"context"
	"fmt"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// stocked is a shop with n items, of which each has ten.
func stocked(b *testing.B, n int) (*shop, []*wire.Item) {
	s := newShop(b, "size")
	items := make([]*wire.Item, n)
	for i := range items {
		items[i] = thing(fmt.Sprintf("%014d", i), func(it *wire.Item) {
			it.Category = fmt.Sprintf("d%d/c%d", i%20, i%300)
			it.Brand = fmt.Sprint("brand ", i%700)
			it.Description = "some words that say what it is, and a few more of them, as they come from a shop's list"
			it.Stock, it.StockKnown = 10, true
		})
	}
	s.put(items...)
	return s, items
}

// BenchmarkPut20000 is a whole catalogue at once, new and again with other prices.
func BenchmarkPut20000(b *testing.B) {
	s, items := stocked(b, 20_000)
	for b.Loop() {
		for _, it := range items {
			it.Price.Amount++
		}
		s.put(items...)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/put")
}

func BenchmarkPutOnePrice(b *testing.B) {
	s, items := stocked(b, 20_000)
	for b.Loop() {
		items[7].Price.Amount++
		s.put(items[7])
	}
}

// BenchmarkMove is a movement without waiting for the disk, which must not cost
// more in a large catalogue; every second one flips an availability.
func BenchmarkMove(b *testing.B) {
	per := map[int]float64{}
	for _, n := range []int{1_000, 20_000} {
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			s, items := stocked(b, n)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				delta := int64(-10)
				if i/n%2 == 1 {
					delta = 10
				}
				m := &wire.StockMove{Id: fmt.Sprint(i), Item: items[i%n].Id, Delta: delta}
				if _, err := s.Store.Commit(&wire.Record{Body: &wire.Record_StockMove{StockMove: m}}, nil); err != nil {
					b.Fatal(err)
				}
				if err := s.Store.Pace(context.Background()); err != nil {
					b.Fatal(err)
				}
				i++
			}
			per[n] = float64(b.Elapsed()) / float64(b.N)
			if n == 20_000 {
				b.ReportMetric(per[20_000]/per[1_000], "ratio-to-1000-items")
			}
		})
	}
}

func BenchmarkSelect(b *testing.B) {
	s, _ := stocked(b, 20_000)
	from := rulebook.Catalogue{Categories: []string{"d1", "d2"}, Limit: 1000}
	for b.Loop() {
		s.Snapshot().Select(from)
	}
}

func BenchmarkPlace(b *testing.B) {
	s, items := stocked(b, 20_000)
	i := 0
	for b.Loop() {
		i++
		s.Snapshot().Place(items[i%len(items)].Id)
	}
}

// BenchmarkStart is a start with a full catalogue.
func BenchmarkStart(b *testing.B) {
	s, _ := stocked(b, 20_000)
	for b.Loop() {
		s.Restart()
	}
}
