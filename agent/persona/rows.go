package persona

import (
	"sync/atomic"

	"github.com/aisle-edge/aisle/modules/embedding"
)

// Rows are where candidates stand in a table, or embedding.Nowhere.
type Rows struct {
	At   []int32
	kept bool // they do not change
}

// Shelf keeps the rows of the candidates that a slot has of its own. Its zero value
// is empty; it may be used by many at a time.
type Shelf struct{ last atomic.Pointer[shelved] }

// shelved is apart from its rows, for these may be kept when that is long gone.
type shelved struct {
	of    any // what the rows were found for
	table *embedding.Table
	rows  *Rows
}

// Rows are those of n candidates, which of is and hash gives by number.
func (s *Shelf) Rows(t *embedding.Table, of any, n int, hash func(i int) uint64) *Rows {
	if l := s.last.Load(); l != nil && l.of == of && l.table == t {
		return l.rows
	}
	r := &Rows{kept: true}
	r.Find(t, n, hash)
	s.last.Store(&shelved{of, t, r})
	return r
}

// Find makes r the rows of candidates that come but once.
func (r *Rows) Find(t *embedding.Table, n int, hash func(i int) uint64) {
	r.At = r.At[:0]
	for i := range n {
		r.At = append(r.At, int32(t.Row(hash(i))))
	}
}
