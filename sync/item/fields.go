package item

import (
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-edge/aisle/sync/wire"
)

const listSeparator = "|"

// read builds a T from each row, and passes on the rows that are refused. Other
// columns than those are refused; nil allows any.
func read[T any](r io.Reader, o Options, columns []string, build func(*fields) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range rows(r, o.Format, columns) {
			var v T
			if err == nil {
				f := fields{row: row, scheme: o.Scheme}
				f.utf8()
				f.only(columns)
				if v = build(&f); f.err != nil {
					var none T
					v, err = none, f.err
				}
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// fields reads typed values out of a row. The first fault sticks; what is read
// after it is of no use.
type fields struct {
	row
	scheme Scheme
	err    error
}

func (f *fields) fault(column, problem string) {
	if f.err == nil {
		f.err = &RowError{f.line, column, problem}
	}
}

func (f *fields) utf8() {
	for i, v := range f.values {
		if !utf8.ValidString(v) {
			f.fault(f.names[i], "is not UTF-8; save the file as UTF-8")
		}
	}
}

func (f *fields) text(column string) string {
	if i := slices.Index(f.names, column); i >= 0 {
		return f.values[i]
	}
	return ""
}

func (f *fields) id(column string, scheme Scheme) string {
	id, err := ID(scheme, f.text(column))
	if err != nil {
		f.fault(column, err.Error())
	}
	return id
}

// integer is 0 and false for an absent value.
func (f *fields) integer(column string, low, high int64, hint string) (int64, bool) {
	s := f.text(column)
	if s == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < low || n > high {
		f.fault(column, fmt.Sprintf("is no whole number from %d to %d%s", low, high, hint))
	}
	return n, true
}

// count is what somebody counted: what is on hand falls below zero by sales only.
func (f *fields) count(column string) (int64, bool) {
	return f.integer(column, 0, math.MaxInt32, "; write what is there, and send sales as movements")
}

func (f *fields) amount(column string) (int64, bool) {
	return f.integer(column, 0, maxAmount, "; write minor units, 399 for 3.99")
}

func (f *fields) decimal(column string, high float64, hint string) float64 {
	s := f.text(column)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v <= high) {
		f.fault(column, fmt.Sprintf("is no number from 0 to %v; %s", high, hint))
	}
	return v
}

// price reads price and currency together: none without the other.
func (f *fields) price() *wire.Money {
	amount, ok := f.amount("price")
	code := f.text("currency")
	if _, known := Exponent(code); !known && (ok || code != "") {
		f.fault("currency", "is no ISO 4217 code with a minor unit; write one such as EUR")
	}
	if !ok {
		return nil
	}
	return &wire.Money{Amount: amount, Currency: code}
}

// at is Unix milliseconds, 0 for an absent value.
func (f *fields) at(column string) int64 {
	s := f.text(column)
	if s == "" {
		return 0
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 {
		f.fault(column, "is no time; write it as 2026-01-31T08:00:00Z")
		return 0
	}
	return t.UnixMilli()
}

// schemeOf is the row's own scheme, or else the catalogue's.
func (f *fields) schemeOf() Scheme {
	switch s := Scheme(f.text("scheme")); {
	case s == GTIN || s == Own:
		return s
	case s != "":
		f.fault("scheme", "is neither gtin nor own")
	case f.scheme == GTIN:
		return GTIN
	}
	return Own
}

// Of texts that people see so many characters are taken. Lists of goods have titles of
// up to 150 (Google's product data specification; its descriptions have 5,000); what is
// longer by far is two columns that ran into one. Names are compared, and recorded.
const (
	maxTitle       = 1000
	maxDescription = 20_000
	maxName        = 256
	maxAddress     = 2048 // of a page or an image
)

// oneLine is a text of at most so many characters, without signs that end a line, and
// without spaces around it: they make two names of what people see as one.
func (f *fields) oneLine(column string, most int) string {
	s := strings.TrimSpace(f.text(column))
	if strings.ContainsFunc(s, unicode.IsControl) {
		f.fault(column, "holds a sign that can't be printed, such as the end of a line; remove it")
	}
	return f.short(column, s, most)
}

func (f *fields) short(column, s string, most int) string {
	if len(s) > most && utf8.RuneCountInString(s) > most {
		f.fault(column, fmt.Sprintf("is longer than %d characters; shorten it, or look for columns that ran into one", most))
	}
	return s
}

// path is a category without a leading or trailing step.
func (f *fields) path(column string) string {
	path := strings.Trim(f.oneLine(column, maxName), "/")
	if strings.Contains(path, "//") {
		f.fault(column, "has an empty step; write a path such as food/cheese")
	}
	return path
}

// oneOf is the first choice for an absent value.
func (f *fields) oneOf(column string, choices ...string) string {
	s := f.text(column)
	if s == "" {
		return choices[0]
	}
	if !slices.Contains(choices, s) {
		f.fault(column, "is none of "+strings.Join(choices, ", "))
	}
	return s
}

// list splits a|b.
func (f *fields) list(column string) []string {
	s := f.text(column)
	if s == "" {
		return nil
	}
	return strings.Split(s, listSeparator)
}

// rest is what stands in columns that are not known, without absent values. What a
// known column would be called but for case, spaces and dashes is refused: it would be
// an attribute that nobody reads, of an item without a price.
func (f *fields) rest(known []string) map[string]string {
	var m map[string]string
	for i, name := range f.names {
		if f.values[i] == "" || slices.Contains(known, name) {
			continue
		}
		if meant := written(name, known); meant != "" {
			f.fault(name, "is column "+meant+" written otherwise; write it so")
		} else if strings.TrimSpace(name) != name {
			f.fault(name, "has spaces around its name; remove them")
		}
		if m == nil {
			m = make(map[string]string, len(f.names)-i)
		}
		m[name] = f.values[i]
	}
	return m
}

// written is the column that a name means, written otherwise; "" for none.
func written(name string, columns []string) string {
	folded := plain(name)
	i := slices.IndexFunc(columns, func(c string) bool {
		return folded != "" && c[0] == folded[0] && plain(c) == folded
	})
	if i < 0 {
		return ""
	}
	return columns[i]
}

// plain is a name in small letters, without what stands between words.
func plain(name string) string {
	return between.Replace(strings.ToLower(name))
}

var between = strings.NewReplacer("_", "", "-", "", " ", "", ".", "")

// only refuses columns that are not known.
func (f *fields) only(columns []string) {
	for _, name := range f.names {
		if err := known(name, columns); err != nil {
			f.fault(name, err.Error())
		}
	}
}

func known(name string, columns []string) error {
	if columns == nil || slices.Contains(columns, name) {
		return nil
	}
	return fmt.Errorf("is no column of this file; remove it, or use one of %s", strings.Join(columns, " "))
}
