package ledger

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// outcomeKey is the place of that column among Row's fields.
const outcomeKey = 13

// rows walks the columns of one row group side by side. The library's own row
// reader copies each value to the heap; this one gives out slices of decoded
// pages and is several times faster.
type rows struct {
	left    int64
	columns []column // in the order of Row's fields
	names   map[string]string
}

func openRows(group parquet.RowGroup) *rows {
	chunks := group.ColumnChunks()
	r := &rows{left: group.NumRows(), columns: make([]column, len(chunks)), names: make(map[string]string)}
	for i, chunk := range chunks {
		r.columns[i].pages = chunk.Pages()
	}
	return r
}

func (r *rows) close() {
	for i := range r.columns {
		r.columns[i].close()
	}
}

// next fills row with the next row's values; io.EOF after the last.
func (r *rows) next(row *Row) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	var v [15]*parquet.Value
	for i := range r.columns {
		value, err := r.columns[i].next()
		if err != nil {
			return err
		}
		v[i] = value
	}
	row.Agent, row.Site = r.name(v[0]), r.name(v[1])
	copy(row.Epoch[:], v[2].ByteArray())
	row.Seq, row.AtMs, row.ReceivedMs = v[3].Uint64(), v[4].Int64(), v[5].Int64()
	row.Kind, row.Duplicate = Kind(r.name(v[6])), v[7].Boolean()
	row.EventID, row.Slot, row.Item = v[8].ByteArray(), v[9].ByteArray(), v[10].ByteArray()
	row.Decision, row.Pseudonym = v[11].ByteArray(), v[12].ByteArray()
	row.OutcomeKey, row.Record = v[outcomeKey].Uint64(), v[14].ByteArray()
	return nil
}

// name makes one string of the few that a column of names repeats.
func (r *rows) name(v *parquet.Value) string {
	b := v.ByteArray()
	s, ok := r.names[string(b)]
	if !ok {
		s = string(b)
		r.names[s] = s
	}
	return s
}

// column is a cursor over one column's values.
type column struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	read   [256]parquet.Value
	i, n   int
}

func (c *column) next() (*parquet.Value, error) {
	for c.i == c.n {
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	c.i++
	return &c.read[c.i-1], nil
}

// fill reads on within the page, or turns it. The values read before a page is
// turned belong to rows that were given out already.
func (c *column) fill() (err error) {
	if c.values != nil {
		c.i = 0
		if c.n, err = c.values.ReadValues(c.read[:]); c.n > 0 || !errors.Is(err, io.EOF) {
			return ignoreEOF(err)
		}
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
	if c.page, err = c.pages.ReadPage(); err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	c.values = c.page.Values()
	return nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (c *column) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}
