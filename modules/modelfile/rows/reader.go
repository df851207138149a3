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

// Columns are what a row is read into, in the model's order.
type Columns struct {
	Names []string
	// IDs turn the text of a categorical column into its id; nil for a number. The
	// whole slice may be nil.
	IDs []func(text string) uint32
	// Label is where a table without a header has what is no feature: the number of
	// its field from 0, or "none". Left empty, a field more than there are features
	// is the label, and the first.
	Label string
	// Features are what Vowpal Wabbit knows the columns by, NAMESPACE^NAME, or of a
	// categorical one as far as its value; empty of other models.
	Features []string
}

// Reader reads rows one after another.
type Reader struct {
	rules   Rules
	columns Columns
	lines   *bufio.Scanner
	line    int
	held    string // a first line that was looked at and is a row
	comma   rune   // between fields; 0: blanks
	sparse  bool
	places  map[int]int // of libsvm: the column of each feature
	fields  []int       // of a table: the field of each column
	want    int         // fields of a line
	text    bool        // of Vowpal Wabbit
	shared  string      // of its text: what the next lines have in common
}

// New looks at the first line to tell libsvm from tables, what separates their
// fields, and whether it is a header: then the columns' names find theirs and
// other fields are left out. Without a header a line has a field for each
// feature, and perhaps a label. Names that merely number the columns, as Column_0
// or f0, need not be in a header: fields go by their place then. Categorical columns
// are read from tables with a header only, and from Vowpal Wabbit's text, which is
// told by its | where columns have its features.
func New(r io.Reader, rules Rules, columns Columns) (*Reader, error) {
	out := &Reader{rules: rules, columns: columns, lines: bufio.NewScanner(r)}
	out.lines.Buffer(nil, MaxLine)
	first, err := out.next()
	if err == io.EOF {
		return out, nil
	} else if err != nil {
		return nil, err
	}
	if out.text = columns.named() && strings.Contains(first, "|"); out.text {
		out.held = first
		return out, nil
	}
	switch {
	case strings.Contains(first, "\t"):
		out.comma = '\t'
	case strings.Contains(first, ","):
		out.comma = ','
	}
	if out.sparse = sparse(first); out.sparse {
		out.held = first
		return out, out.numbered()
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
	if slices.ContainsFunc(columns.IDs, func(id func(string) uint32) bool { return id != nil }) {
		return nil, out.errorf("a model of categorical columns needs a header that names its columns")
	}
	out.held = first
	return out, out.headless(len(fields))
}

// numbered prepares for rows of index:value.
func (r *Reader) numbered() error {
	r.places = map[int]int{}
	for c := range r.rules.Columns() {
		if r.columns.id(c) != nil {
			return r.errorf("libsvm has numbers only; write a table with a header for a model of categorical columns")
		}
		r.places[r.rules.Feature(c)] = c
	}
	return nil
}

// id is what makes ids of a column, nil of numbers.
func (c Columns) id(column int) func(string) uint32 {
	if column < len(c.IDs) {
		return c.IDs[column]
	}
	return nil
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
	var missing []string
	for _, name := range r.columns.Names {
		at := slices.IndexFunc(fields, func(f string) bool { return strings.TrimSpace(f) == name })
		if at < 0 {
			missing = append(missing, name)
		}
		r.fields = append(r.fields, at)
	}
	switch {
	case len(missing) == 0:
		return nil
	case len(missing) == len(r.fields) && !slices.ContainsFunc(r.columns.Names, func(s string) bool { return !isNumbering(s) }):
		r.fields = nil
		if at := slices.Index(fields, r.columns.Label); at >= 0 {
			r.columns.Label = strconv.Itoa(at)
		}
		return r.headless(len(fields))
	}
	return r.errorf("the header names no %q", missing[0])
}

// isNumbering tells names that libraries give where they know none.
func isNumbering(name string) bool {
	number := strings.TrimPrefix(strings.TrimPrefix(name, "Column_"), "f")
	_, err := strconv.Atoi(number)
	return err == nil && number != name
}

func (r *Reader) headless(n int) error {
	r.want = n
	label, err := r.label(n)
	if err != nil {
		return err
	}
	for c := range r.rules.Columns() {
		at := r.rules.Feature(c)
		if label >= 0 && at >= label {
			at++
		}
		r.fields = append(r.fields, at)
	}
	return nil
}

// label is the field of the label of lines of n fields, -1 if they have none.
func (r *Reader) label(n int) (int, error) {
	at, extra := -1, 0
	switch l := r.columns.Label; {
	case l == "" && n == r.rules.Width+1:
		at = 0
	case l != "" && l != "none":
		var err error
		if at, err = strconv.Atoi(l); err != nil || at < 0 || at >= n {
			return 0, r.errorf("no field %q of %d for the label; it is a number from 0, a name of the header, or none", l, n)
		}
	}
	if at >= 0 {
		extra = 1
	}
	if n != r.rules.Width+extra {
		return 0, r.errorf("%d fields; the model has %d features, beside which a label may stand", n, r.rules.Width)
	}
	return at, nil
}

// next is the next line that is not empty.
func (r *Reader) next() (string, error) {
	for r.lines.Scan() {
		r.line++
		if s := strings.TrimRight(r.lines.Text(), "\r"); strings.TrimSpace(s) != "" {
			return s, nil
		}
	}
	return "", r.end()
}

// end is why there is no line more.
func (r *Reader) end() error {
	if err := r.lines.Err(); err != nil {
		return fmt.Errorf("read line %d: %w", r.line+1, err)
	}
	return io.EOF
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
	dst, _, err := r.Next(dst, nil)
	return dst, err
}

// Next appends the next row's numbers, and the ids of its categorical columns, each
// in the columns' order, or returns io.EOF.
func (r *Reader) Next(numbers []float32, ids []uint32) ([]float32, []uint32, error) {
	if r.text {
		return r.example(numbers, ids)
	}
	line := r.held
	if r.held = ""; line == "" {
		var err error
		if line, err = r.next(); err != nil {
			return numbers, ids, err
		}
	}
	if r.sparse {
		numbers, err := r.libsvm(numbers, line)
		return numbers, ids, err
	}
	fields, err := r.split(line)
	if err != nil {
		return numbers, ids, err
	}
	if len(fields) != r.want {
		return numbers, ids, r.errorf("%d fields, not %d", len(fields), r.want)
	}
	for c, at := range r.fields {
		if id := r.columns.id(c); id != nil {
			ids = append(ids, id(strings.TrimSpace(fields[at])))
			continue
		}
		x, ok := r.rules.number(fields[at])
		if !ok {
			return numbers, ids, r.errorf("%.40q of column %d is not a number", fields[at], c)
		}
		numbers = append(numbers, x)
	}
	return numbers, ids, nil
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
		if c, ok := r.places[index]; ok {
			dst[from+c] = x
		}
	}
	return dst, nil
}
