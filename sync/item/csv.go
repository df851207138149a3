package item

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

func csvRows(r io.Reader, columns []string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		in := &allowance{r: r, left: MaxRow}
		c := csv.NewReader(in)
		c.ReuseRecord = true
		names, err := header(c, columns)
		if err != nil {
			yield(row{}, err)
			return
		}
		for {
			in.left = MaxRow
			values, err := c.Read()
			if err == io.EOF {
				return
			}
			line := 0
			if err == nil {
				line, _ = c.FieldPos(0)
			}
			if err = rowFault(err); !yield(row{line, names, values}, err) || fatal(err) {
				return
			}
		}
	}
}

func header(c *csv.Reader, columns []string) ([]string, error) {
	names, err := c.Read()
	if err == io.EOF {
		return nil, errors.New("is empty; name the columns in the first line, separated by commas")
	}
	if err != nil {
		return nil, fmt.Errorf("read the header line: %w; name the columns there", err)
	}
	if len(names) > maxColumns {
		return nil, fmt.Errorf("header line: more than %d columns; remove some", maxColumns)
	}
	names = slices.Clone(names)
	names[0] = strings.TrimPrefix(names[0], byteOrderMark)
	for i, name := range names {
		if name == "" || !utf8.ValidString(name) || slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("header line: column %d is unnamed, named twice or not UTF-8; give each column its own name", i+1)
		}
	}
	first := "id"
	if columns != nil {
		first = columns[0]
	}
	if !slices.Contains(names, first) {
		return nil, fmt.Errorf("header line: there is no column %s; the first line names the columns, separated by commas", first)
	}
	for _, name := range names {
		if err := known(name, columns); err != nil {
			return nil, fmt.Errorf("header line: column %s: %w", name, err)
		}
	}
	return names, nil
}

// rowFault makes a fault of one CSV row a RowError, without quoting the row.
func rowFault(err error) error {
	var parse *csv.ParseError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &parse):
		return fmt.Errorf("read rows: %w", err)
	case errors.Is(err, csv.ErrFieldCount):
		return &RowError{Line: parse.StartLine, Problem: "the row has more or fewer values than the header; quote values that hold a comma"}
	}
	return &RowError{Line: parse.StartLine, Problem: `a quote is out of place; write "" for a quote inside a quoted value`}
}

func fatal(err error) bool {
	var r *RowError
	return err != nil && !errors.As(err, &r)
}

// allowance stops a row that never ends (an unclosed quote swallows what follows)
// before the CSV reader has it all in memory.
type allowance struct {
	r    io.Reader
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %d bytes; look for a quote that is not closed", MaxRow)
	}
	n, err := a.r.Read(p)
	a.left -= n
	return n, err
}
