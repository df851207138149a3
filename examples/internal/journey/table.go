package journey

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxRow is the longest row in bytes; the longest real one has some 200.
const maxRow = 64 << 10

// ErrNoFile is returned for a table that is not in the folder.
var ErrNoFile = errors.New("no such file")

// each visits the rows of a table by the named columns, in this order. It
// returns false for a row it can't use. Values are valid until it returns.
func (d *Data) each(table string, columns []string, visit func(v []string) bool) error {
	file, err := find(d.dir, table)
	if err != nil {
		return err
	}
	in, err := open(file)
	if err != nil {
		return fmt.Errorf("open %s: %w; copy the file again", file, err)
	}
	defer in.Close()
	rows := reader(in)
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("read the header line of %s: %w; copy the file again", file, err)
	}
	places, err := places(header, columns)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := d.visit(table, rows, places, visit); err != nil {
		return fmt.Errorf("read %s: %w; copy the file again", file, err)
	}
	return nil
}

func (d *Data) visit(table string, rows *bounded, places []int, visit func(v []string) bool) error {
	values := make([]string, len(places))
	for {
		row, err := rows.Read()
		var parse *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &parse):
			d.counts.Skipped[table]++
			continue
		case err != nil:
			return err
		}
		d.counts.Rows[table]++
		for i, at := range places {
			values[i] = row[at]
		}
		if !visit(values) {
			d.counts.Skipped[table]++
		}
	}
}

func places(header, columns []string) ([]int, error) {
	places := make([]int, len(columns))
	for i, name := range columns {
		if places[i] = slices.Index(header, name); places[i] < 0 {
			return nil, fmt.Errorf("there is no column %s; is this a file of The Complete Journey?", name)
		}
	}
	return places, nil
}

// find prefers the whole table to a sample.
func find(dir, table string) (string, error) {
	for _, name := range []string{table + ".csv.gz", table + ".csv", table + "_sample.csv.gz", table + "_sample.csv"} {
		file := filepath.Join(dir, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("%w: %s has neither %s.csv.gz nor %s_sample.csv.gz; name the folder of The Complete Journey", ErrNoFile, dir, table, table)
}

func open(file string) (io.ReadCloser, error) {
	f, err := os.Open(file)
	if err != nil || !strings.HasSuffix(file, ".gz") {
		return f, err
	}
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{unpacked, f}, nil
}

// bounded is a CSV reader that stops at a row that never ends.
type bounded struct {
	*csv.Reader
	in   io.Reader
	left int
}

func reader(in io.Reader) *bounded {
	b := &bounded{in: in}
	b.Reader = csv.NewReader(readerFunc(b.fill))
	b.ReuseRecord = true
	return b
}

func (b *bounded) Read() ([]string, error) {
	b.left = maxRow
	return b.Reader.Read()
}

func (b *bounded) fill(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %d bytes", maxRow)
	}
	n, err := b.in.Read(p)
	b.left -= n
	return n, err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
