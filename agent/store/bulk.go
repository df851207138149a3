package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/aisle-edge/aisle/sync/item"
)

// Report says what became of the rows of one write. What is accepted or a
// duplicate is durable, unless the context ended first.
type Report struct {
	Accepted  int
	Duplicate int // had come in before
	Refused   int
	Errors    []*item.RowError // of the first hundred that were refused
}

const maxErrors = 100

// Duplicate is the sequence of the record that brought the same thing in before.
type Duplicate uint64

func (d Duplicate) Error() string { return fmt.Sprintf("came in before, as record %d", uint64(d)) }

// Bulk commits what rows give, one by one, and waits once for all of it. commit
// returns the sequence of its record; or a [Duplicate], or an *item.RowError for
// a row that can't be taken, as rows may give them: both are reported, and the
// next row follows. Any other error ends it, and what was accepted stays. A
// RowError without a line gets the row's number.
func Bulk[T any](ctx context.Context, s *Store, rows iter.Seq2[T, error], commit func(T) (uint64, error)) (r Report, err error) {
	var last uint64
	n := 0
	for row, err := range rows {
		n++
		seq := uint64(0)
		if err == nil {
			seq, err = commit(row)
		}
		var refused *item.RowError
		var known Duplicate
		switch {
		case err == nil:
			r.Accepted++
			last = max(last, seq)
		case errors.As(err, &known):
			r.Duplicate++
			last = max(last, uint64(known))
		case errors.As(err, &refused):
			r.refuse(*refused, n)
		default:
			return r, errors.Join(err, s.Sync(ctx, last))
		}
		if err := cmp.Or(ctx.Err(), s.Pace(ctx)); err != nil {
			return r, err
		}
	}
	return r, s.Sync(ctx, last)
}

func (r *Report) refuse(e item.RowError, row int) {
	if e.Line == 0 {
		e.Line = row
	}
	if r.Refused++; len(r.Errors) < maxErrors {
		r.Errors = append(r.Errors, &e)
	}
}
