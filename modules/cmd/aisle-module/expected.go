package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/terminal"
)

// expected are the predictions that a file says should come out, in the order of
// the rows.
type expected struct {
	name      string
	lines     *bufio.Scanner
	line      int
	tolerance float64 // of numbers beyond -1 and 1, a share of them

	rows, far int
	worst     float64
	first     string // of the rows that are too far off
}

// expectFlags are what the commands that compare are told.
type expectFlags struct {
	file      string
	tolerance float64
}

func (e *expectFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&e.file, "expect", "", "compare with the predictions in `FILE`: the last numbers of its lines, after a header if there is one; it may be the table of rows")
	f.Float64Var(&e.tolerance, "tolerance", 1e-6, "how far a prediction may be off what is expected, beyond 1 as a `SHARE` of it")
}

// maxLine is more than a row of the widest table takes.
const maxLine = 4 << 20

// open begins to read the file; nil if none is named. done must follow.
func (e *expectFlags) open() (x *expected, done func(), err error) {
	if e.file == "" {
		return nil, func() {}, nil
	}
	if !(e.tolerance >= 0) {
		return nil, nil, terminal.Wrongf("--tolerance %v: write a number that is not below 0", e.tolerance)
	}
	f, err := os.Open(e.file)
	if err != nil {
		return nil, nil, unreadable(err)
	}
	x = &expected{name: e.file, lines: bufio.NewScanner(f), tolerance: e.tolerance}
	x.lines.Buffer(nil, maxLine)
	return x, func() { f.Close() }, nil
}

// next are the last n numbers of a line that has anything; a header is passed over.
func (x *expected) next(n int) ([]float64, error) {
	for x.lines.Scan() {
		x.line++
		words := strings.FieldsFunc(x.lines.Text(), func(c rune) bool { return strings.ContainsRune("\t,; \r", c) })
		if len(words) == 0 {
			continue
		}
		out := make([]float64, 0, n)
		for _, w := range words[max(0, len(words)-n):] {
			if v, err := strconv.ParseFloat(w, 64); err == nil && v-v == 0 {
				out = append(out, v)
			}
		}
		if len(out) == n {
			return out, nil
		}
		if x.line > 1 || len(out) > 0 {
			return nil, terminal.Wrongf("%s, line %d: it does not end with %d numbers, as many as the scorer predicts of a row", x.name, x.line, n)
		}
	}
	if err := x.lines.Err(); err != nil {
		return nil, terminal.Wrongf("%s, after line %d: %w", x.name, x.line, err)
	}
	return nil, io.EOF
}

// take compares the predictions of the next row.
func (x *expected) take(got []float64) error {
	want, err := x.next(len(got))
	if err == io.EOF {
		return terminal.Wrongf("%s expects %d rows, and there are more", x.name, x.rows)
	} else if err != nil {
		return err
	}
	x.rows++
	for i := range got {
		off := math.Abs(got[i]-want[i]) / max(1, math.Abs(want[i]))
		if x.worst = max(x.worst, off); off <= x.tolerance {
			continue
		}
		if x.far++; x.first == "" {
			x.first = fmt.Sprintf("row %d is %v, line %d of %s expects %v", x.rows, got[i], x.line, x.name, want[i])
		}
	}
	return nil
}

// end says whether all rows are as expected, and none is missing.
func (x *expected) end() error {
	if _, err := x.next(1); err != io.EOF {
		return terminal.Wrongf("%s expects more rows than the %d there are", x.name, x.rows)
	}
	if x.far > 0 {
		return fmt.Errorf("%d predictions are off by more than %v, the worst by %.2g: %s", x.far, x.tolerance, x.worst, x.first)
	}
	return nil
}

// comparison is how far an engine's predictions are from what is expected.
type comparison struct {
	Engine string  `json:"engine"`
	Rows   int     `json:"rows"`
	Far    int     `json:"far"`   // predictions that are further off than they may be
	Worst  float64 `json:"worst"` // how far the worst one is
}

// compares says whether the words of test belong together.
func (r *rowFlags) compares() error {
	switch {
	case (r.name == "") != (r.expect.file == ""):
		return terminal.Wrongf("--rows and --expect belong together; name both, which may be the same table")
	case r.name == "-":
		return terminal.Wrongf("--rows -: each engine reads the rows; name a file")
	}
	return nil
}

// compare scores the rows in both engines; the error says that one is too far off.
func (r *rowFlags) compare(c *cobra.Command, f *file) (all []comparison, failed error) {
	for _, e := range engines {
		x, done, err := r.expect.open()
		if err != nil {
			return nil, err
		}
		if err = r.score(c, f, e, &writer{raw: r.raw, m: &f.Manifest, expected: x}, true); err == nil {
			err = x.end()
		}
		done()
		all = append(all, comparison{e.name, x.rows, x.far, x.worst})
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s in the %s: %w", f.name, e.name, err)
		}
	}
	return all, failed
}
