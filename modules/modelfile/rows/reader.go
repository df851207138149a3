package rows

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// MaxLine is the longest line in bytes.
const MaxLine = 16 << 20

// ErrRow is returned for a line that is no row of the model's.
var ErrRow = errors.New("not a row of the model's features")

// Reader reads rows one after another.
type Reader struct {
	rules  Rules
	names  []string
	lines  *bufio.Scanner
	line   int
	held   string // a first line that was looked at and is a row
	comma  rune   // between fields; 0: blanks
	sparse bool
	fields []int // of a table: the field of each column
	want   int   // fields of a line
}

// New looks at the first line to tell libsvm from tables, what separates their
// fields, and whether it is a header: then names, of the model's columns, find
// theirs and other fields are left out. Without a header a line has a field for
// each feature, or one more: the label, which comes first.
func New(r io.Reader, rules Rules, names []string) (*Reader, error) {
	out := &Reader{rules: rules, names: names, lines: bufio.NewScanner(r)}
	out.lines.Buffer(nil, MaxLine)
	first, err := out.next()
	if err == io.EOF {
		return out, nil
	} else if err != nil {
		return nil, err
	}
	switch {
	case strings.Contains(first, "\t"):
		out.comma = '\t'
	case strings.Contains(first, ","):
		out.comma = ','
	}
	if out.sparse = sparse(first); out.sparse {
		out.held = first
		return out, nil
	}
	fields, err := out.split(first)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if _, ok := rules.number(f); !ok {
			return out, out.header(fields)
		}
	}
	out.held = first
	return out, out.headless(len(fields))
}

// sparse tells a libsvm line: each field but a first one is index:value.
func sparse(line string) bool {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	for i, f := range fields {
		key, _, ok := strings.Cut(f, ":")
		if _, err := strconv.Atoi(key); i > 0 && (!ok || err != nil && key != "qid") {
			return false
		}
	}
	return len(fields) > 1 || strings.Contains(line, ":")
}

func (r *Reader) errorf(format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrRow, r.line, fmt.Sprintf(format, args...))
}

func (r *Reader) header(fields []string) error {
	r.want = len(fields)
	for _, name := range r.names {
		at := slices.IndexFunc(fields, func(f string) bool { return strings.TrimSpace(f) == name })
		if at < 0 {
			return r.errorf("the header names no %q", name)
		}
		r.fields = append(r.fields, at)
	}
	return nil
}

func (r *Reader) headless(n int) error {
	r.want = n
	label := n - r.rules.Width
	if label != 0 && label != 1 {
		return r.errorf("%d fields; the model has %d features, before which a label may stand", n, r.rules.Width)
	}
	for c := range r.rules.Columns() {
		r.fields = append(r.fields, label+r.rules.Feature(c))
	}
	return nil
}

// next is the next line that is not empty.
func (r *Reader) next() (string, error) {
	for r.lines.Scan() {
		r.line++
		if s := strings.TrimRight(r.lines.Text(), "\r"); strings.TrimSpace(s) != "" {
			return s, nil
		}
	}
	if err := r.lines.Err(); err != nil {
		return "", fmt.Errorf("read line %d: %w", r.line+1, err)
	}
	return "", io.EOF
}

func (r *Reader) split(line string) ([]string, error) {
	if r.comma == 0 {
		return strings.Fields(line), nil
	}
	if !strings.Contains(line, `"`) {
		return strings.Split(line, string(r.comma)), nil
	}
	c := csv.NewReader(strings.NewReader(line))
	c.Comma = r.comma
	fields, err := c.Read()
	if err != nil {
		return nil, r.errorf("%v", errors.Unwrap(err))
	}
	return fields, nil
}

// Read appends the columns of the next row, or returns io.EOF.
func (r *Reader) Read(dst []float32) ([]float32, error) {
	line := r.held
	if r.held = ""; line == "" {
		var err error
		if line, err = r.next(); err != nil {
			return dst, err
		}
	}
	if r.sparse {
		return r.libsvm(dst, line)
	}
	fields, err := r.split(line)
	if err != nil {
		return dst, err
	}
	if len(fields) != r.want {
		return dst, r.errorf("%d fields, not %d", len(fields), r.want)
	}
	for c, at := range r.fields {
		x, ok := r.rules.number(fields[at])
		if !ok {
			return dst, r.errorf("%.40q of column %d is not a number", fields[at], c)
		}
		dst = append(dst, x)
	}
	return dst, nil
}

// libsvm reads index:value pairs, whose index is the number of a feature. What
// the model does not know is left out.
func (r *Reader) libsvm(dst []float32, line string) ([]float32, error) {
	absent := float32(math.NaN())
	if r.rules.Zero {
		absent = 0
	}
	from := len(dst)
	for range r.rules.Columns() {
		dst = append(dst, absent)
	}
	line, _, _ = strings.Cut(line, "#")
	for i, f := range strings.Fields(line) {
		key, value, ok := strings.Cut(f, ":")
		index, err := strconv.Atoi(key)
		if i == 0 && (!ok || err != nil) || key == "qid" {
			continue // the label, or the group of a ranking
		}
		x, number := r.rules.number(value)
		if !ok || err != nil || index < 0 || !number {
			return dst[:from], r.errorf("%.40q is not index:value", f)
		}
		if c := r.rules.column(index); c >= 0 {
			dst[from+c] = x
		}
	}
	return dst, nil
}

// column is the column of a feature, or -1.
func (r Rules) column(feature int) int {
	if r.Index != nil {
		if at, ok := slices.BinarySearch(r.Index, feature); ok {
			return at
		}
		return -1
	}
	if feature < r.Width {
		return feature
	}
	return -1
}
