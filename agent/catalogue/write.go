package catalogue

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Report says what became of the rows of one write. What is accepted or a
// duplicate is durable, unless the context ended first.
type Report struct {
	Accepted  int
	Duplicate int // movements that had come in before
	Refused   int
	Errors    []error // why, of the first hundred that were refused
}

const maxErrors = 100

func (r *Report) refuse(err error) {
	if r.Refused++; len(r.Errors) < maxErrors {
		r.Errors = append(r.Errors, err)
	}
}

// refusal is a row that the catalogue itself does not take.
type refusal struct{ column, problem string }

func (r refusal) Error() string { return "column " + r.column + ": " + r.problem }

// duplicate is the sequence of the record that brought in the same movement.
type duplicate uint64

func (duplicate) Error() string { return "came in before" }

// write commits a record a row, waits once for all of them, and sorts out what
// can't be taken.
func write[T any](ctx context.Context, st *store.Store, rows iter.Seq2[T, error], commit func(T) (uint64, error)) (r Report, err error) {
	var last uint64
	n := 0
	for row, broken := range rows {
		n++
		seq, err := uint64(0), broken
		if err == nil {
			seq, err = commit(row)
		}
		var unread *item.RowError
		var refused refusal
		var known duplicate
		switch {
		case err == nil:
			r.Accepted++
			last = max(last, seq)
		case errors.As(err, &known):
			r.Duplicate++
			last = max(last, uint64(known))
		case errors.As(err, &unread):
			r.refuse(err)
		case errors.As(err, &refused):
			r.refuse(fmt.Errorf("row %d, %w", n, err))
		default:
			return r, errors.Join(err, st.Sync(ctx, last))
		}
		if err := st.Pace(ctx); err != nil {
			return r, err
		}
	}
	return r, st.Sync(ctx, last)
}

func key(column, id string) error {
	if len(id) < 1 || len(id) > 256 {
		return refusal{column, "must be 1 to 256 bytes"}
	}
	return nil
}

// PutItems takes in items, as [item.Items] reads them. A row that is refused is
// reported; any other error ends the write, and what was accepted before stays.
func (c *Catalogue) PutItems(ctx context.Context, rows iter.Seq2[*wire.Item, error]) (Report, error) {
	report, err := write(ctx, c.store, rows, func(it *wire.Item) (uint64, error) {
		if err := key("id", it.Id); err != nil {
			return 0, err
		}
		if it.Source == "" {
			it.Source = "local"
		}
		return c.store.Commit(&wire.Record{Body: &wire.Record_Item{Item: it}}, nil)
	})
	return report, errors.Join(err, c.publish())
}

// PutStock takes in counts, as [item.Stock] reads them; 0 as a time is now.
func (c *Catalogue) PutStock(ctx context.Context, rows iter.Seq2[*wire.StockCount, error]) (Report, error) {
	return write(ctx, c.store, rows, func(n *wire.StockCount) (uint64, error) {
		if err := key("id", n.Item); err != nil {
			return 0, err
		}
		return c.store.Commit(&wire.Record{Body: &wire.Record_StockCount{StockCount: n}}, func(v *store.View) error {
			at, err := parseCount(v.Get(c.stock, []byte(n.Item)))
			if err == nil && at.stale(n.AsOfMs, c.store.Now()) {
				return refusal{"as_of", "is before the last count; send a newer one"}
			}
			return nil
		})
	})
}

// Move takes in movements. One whose id came in within the last seven days is a
// duplicate, whatever else it says.
func (c *Catalogue) Move(ctx context.Context, rows iter.Seq2[*wire.StockMove, error]) (Report, error) {
	return write(ctx, c.store, rows, func(m *wire.StockMove) (uint64, error) {
		if err := cmp.Or(key("id", m.Id), key("item", m.Item)); err != nil {
			return 0, err
		}
		return c.store.Commit(&wire.Record{Body: &wire.Record_StockMove{StockMove: m}}, func(v *store.View) error {
			if seq := v.Get(c.moved, []byte(m.Id)); len(seq) == 8 {
				return duplicate(binary.BigEndian.Uint64(seq))
			}
			return nil
		})
	})
}
