package catalogue

import (
	"testing"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

// missed records that somebody did not find an item.
func (s *shop) missed(id, item string, at int64) {
	s.t.Helper()
	o := &wire.Outcome{Id: id, Item: item, Type: wire.OutcomeType_OUTCOME_NOT_FOUND, HappenedMs: at}
	if _, err := s.Node.Store.Commit(&wire.Record{Body: &wire.Record_Outcome{Outcome: o}}, nil); err != nil {
		s.t.Fatal(err)
	}
}

// Promise 4: of what was not found no more can be promised than came since, until it is
// counted, no earlier than it was missed; whatever the order in which that is told, and
// through restarts, power cuts and a rebuild.
func TestNotFoundUntilCounted(t *testing.T) {
	for _, c := range []struct {
		name string
		then func(s *shop, start int64)
		want int64 // that can be promised
	}{
		{"it stays", func(*shop, int64) {}, 0},
		{"a count of the same number", func(s *shop, _ int64) { s.count("i", 5, 0) }, 5},
		{"a count of none", func(s *shop, _ int64) { s.count("i", 0, 0) }, 0},
		{"a count as of earlier", func(s *shop, start int64) { s.count("i", 9, start+1000) }, 0},
		{"a delivery", func(s *shop, _ int64) { s.move("m", "i", 2, 0) }, 2},
		{"a delivery, and a sale of that", func(s *shop, _ int64) { s.move("m", "i", 2, 0); s.move("n", "i", -1, 0) }, 1},
		{"somebody finds one, then a delivery", func(s *shop, _ int64) { s.move("m", "i", -1, 0); s.move("n", "i", 2, 0) }, 2},
		{"a delivery, and it is not found again", func(s *shop, _ int64) { s.move("m", "i", 2, 0); s.missed("again", "i", 0) }, 0},
		{"a delivery, and a count", func(s *shop, _ int64) { s.move("m", "i", 2, 0); s.count("i", 6, 0) }, 6},
		{"more comes back than there ever was", func(s *shop, _ int64) { s.move("m", "i", -9, 0); s.move("n", "i", 6, 0) }, 2},
		{"a delivery before, told late", func(s *shop, start int64) { s.move("m", "i", 2, start+1000) }, 0},
		{"a sale", func(s *shop, _ int64) { s.move("m", "i", -1, 0) }, 0},
		{"the item with its stock", func(s *shop, _ int64) {
			s.put(thing("i", func(it *wire.Item) { it.Stock, it.StockKnown, it.Title = 3, true, "new" }))
		}, 3},
		{"the item without", func(s *shop, _ int64) { s.put(thing("i", func(it *wire.Item) { it.Title = "new" })) }, 0},
		{"a hold that ends", func(s *shop, _ int64) { s.Hold("i", 1); s.Hold("i", -1) }, 0},
		{"told late, after it was counted again", func(s *shop, start int64) {
			s.count("i", 5, 0)
			s.missed("late", "i", start+2000)
		}, 5},
	} {
		s := newShop(t)
		s.put(thing("i", func(it *wire.Item) { it.Stock, it.StockKnown = 5, true }))
		start := s.Now().UnixMilli()
		s.Advance(time.Minute)
		s.missed("o", "i", 0)
		s.missed("o2", "unheard of", 0)
		s.Advance(time.Minute)
		c.then(s, start)
		for _, when := range []string{"", " after a power cut", " after a rebuild"} {
			if got := s.Promisable(0); got != c.want || s.Availability().Bits.Has(0) != (c.want > 0) || s.Availability().Lost.Has(0) != (c.want == 0 && c.name != "a count of none") {
				t.Errorf("%s%s: %d can be promised, want %d; %v", c.name, when, got, c.want, s.Availability())
			}
			if when == "" {
				if err := s.Node.Store.Sync(ctx, s.Log.Last()); err != nil {
					t.Fatal(err)
				}
				s.Cut()
			} else {
				s.Damage("catalogue.db")
			}
		}
		s.Close()
	}
}

// Movements that were joined make no more promisable of what was not found than came
// since, wherever among them it was missed.
func TestJoinedMovementsFindNothing(t *testing.T) {
	const moves, now = maxMoves + 10, 100_000
	for missed := int64(1); missed < moves; missed++ {
		var c count
		c.set(0, 10, now)
		for i := range int64(moves) {
			c.move(1, 1000+i, now)
			if i == missed {
				c.lose(1000+i, now)
			}
		}
		if got, came := c.found(), moves-1-missed; got > came || c.onHand != moves {
			t.Fatalf("missed at %d: %d of %d can be promised, %d came since", missed, got, c.onHand, came)
		}
	}
}
