package item

import (
	"fmt"
	"io"
	"iter"
)

// Format is how rows are written. Its zero value is CSV.
type Format string

const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// MaxRow is the longest row in bytes.
const MaxRow = 64 << 10

const (
	maxColumns    = 256
	byteOrderMark = "\ufeff"
)

// RowError is a row that was refused; the rows after it can still be read.
type RowError struct {
	Line    int    // from 1
	Column  string // empty: the row as a whole
	Problem string // what is wrong and what to write instead, without the value
}

func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Problem)
	}
	return fmt.Sprintf("line %d, column %s: %s", e.Line, e.Column, e.Problem)
}

// row is one line by column name, before anything is believed of it.
type row struct {
	line          int
	names, values []string
}

// rows yields each row of r or a *RowError; any other error is the last. Of CSV,
// the header line may name no other columns than those; nil allows any.
func rows(r io.Reader, f Format, columns []string) iter.Seq2[row, error] {
	switch f {
	case CSV, "":
		return csvRows(r, columns)
	case NDJSON:
		return jsonRows(r)
	}
	return func(yield func(row, error) bool) {
		yield(row{}, fmt.Errorf("unknown format %q; use %s or %s", f, CSV, NDJSON))
	}
}
