package catalogue

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"iter"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

func key(column, id string) error {
	if len(id) < 1 || len(id) > 256 {
		return &item.RowError{Column: column, Problem: "must be 1 to 256 bytes"}
	}
	return nil
}

// belowZero: nobody counts fewer than none.
func belowZero(column string) error {
	return &item.RowError{Column: column, Problem: "is below zero; write what is there, and send sales as movements"}
}

// most is more of an item than anybody has; as in files; sums of it never overflow.
const most = 1<<31 - 1

// tooMany: it was not meant so.
func tooMany(column string) error {
	return &item.RowError{Column: column, Problem: "is more than there can be; write at most 2147483647"}
}

// PutItems takes in items, as [item.Items] reads them. A row that is refused is
// reported; any other error ends the write, and what was accepted before stays.
func (c *Catalogue) PutItems(ctx context.Context, rows iter.Seq2[*wire.Item, error]) (store.Report, error) {
	report, err := store.Bulk(ctx, c.store, rows, func(it *wire.Item) (uint64, error) {
		if err := key("id", it.Id); err != nil {
			return 0, err
		}
		if it.StockKnown && it.Stock < 0 {
			return 0, belowZero("stock")
		}
		if it.Stock > most {
			return 0, tooMany("stock")
		}
		if it.Source == "" {
			it.Source = "local"
		}
		return c.store.Commit(&wire.Record{Body: &wire.Record_Item{Item: it}}, nil)
	})
	return report, errors.Join(err, c.publish())
}

// PutStock takes in counts, as [item.Stock] reads them; 0 as a time is now.
func (c *Catalogue) PutStock(ctx context.Context, rows iter.Seq2[*wire.StockCount, error]) (store.Report, error) {
	return store.Bulk(ctx, c.store, rows, func(n *wire.StockCount) (uint64, error) {
		if err := key("id", n.Item); err != nil {
			return 0, err
		}
		if n.OnHand < 0 {
			return 0, belowZero("on_hand")
		}
		if n.OnHand > most {
			return 0, tooMany("on_hand")
		}
		return c.store.Commit(&wire.Record{Body: &wire.Record_StockCount{StockCount: n}}, func(v *store.View) error {
			at, err := parseCount(v.Get(c.stock, []byte(n.Item)))
			if err == nil && at.stale(n.AsOfMs, c.store.Now()) {
				return &item.RowError{Column: "as_of", Problem: "is before the last count; send a newer one"}
			}
			return nil
		})
	})
}

// Move takes in movements. One whose id came in within the last seven days is a
// duplicate, whatever else it says.
func (c *Catalogue) Move(ctx context.Context, rows iter.Seq2[*wire.StockMove, error]) (store.Report, error) {
	return store.Bulk(ctx, c.store, rows, func(m *wire.StockMove) (uint64, error) {
		if err := cmp.Or(key("id", m.Id), key("item", m.Item)); err != nil {
			return 0, err
		}
		if m.Delta > most || m.Delta < -most {
			return 0, tooMany("delta")
		}
		return c.store.Commit(&wire.Record{Body: &wire.Record_StockMove{StockMove: m}}, func(v *store.View) error {
			if seq := v.Get(c.moved, []byte(m.Id)); len(seq) == 8 {
				return store.Duplicate(binary.BigEndian.Uint64(seq))
			}
			return nil
		})
	})
}
