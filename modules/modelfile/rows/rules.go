// Package rows reads the rows that a training library's command line reads:
// libsvm, and tables separated by tabs, commas or blanks, with or without header
// and label. It reads strictly: what is neither a number nor missing is an error
// that names the line.
package rows

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Rules say how a library takes the numbers of a row. They travel with a model.
type Rules struct {
	// Down: numbers are rounded to f32 toward -Inf, as thresholds were, so that
	// x <= t stays true; otherwise to the nearest.
	Down bool `json:"down,omitempty"`
	// Zero: what a sparse row leaves out is 0; otherwise missing.
	Zero bool `json:"zero,omitempty"`
	// Width is how many features a whole row has.
	Width int `json:"width"`
	// Index is the number of each column's feature in a whole row, in any order;
	// without it column i is feature i.
	Index []int `json:"index,omitempty"`
}

// Round is a number as a column holds it.
func (r Rules) Round(x float64) float32 {
	if r.Down {
		return Floor(x)
	}
	return float32(x)
}

// Floor is the largest f32 that is not above x, so that for every f32 y,
// y <= x just when y <= Floor(x).
func Floor(x float64) float32 {
	f := float32(x)
	if float64(f) > x {
		return math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

// Columns is how many columns the rows have.
func (r Rules) Columns() int {
	if r.Index != nil {
		return len(r.Index)
	}
	return r.Width
}

// ErrRules is returned for rules that contradict themselves.
var ErrRules = errors.New("rules of rows that contradict themselves")

// Validate returns ErrRules unless every column has a feature of its own.
func (r Rules) Validate() error {
	if r.Width < 1 || r.Index != nil && len(r.Index) > r.Width {
		return ErrRules
	}
	seen := make(map[int]bool, len(r.Index))
	for _, feature := range r.Index {
		if feature < 0 || feature >= r.Width || seen[feature] {
			return ErrRules
		}
		seen[feature] = true
	}
	return nil
}

// Feature is the number of a column's feature in a whole row.
func (r Rules) Feature(column int) int {
	if r.Index != nil {
		return r.Index[column]
	}
	return column
}

// number reads a number as a column holds it; what libraries write for missing
// is NaN.
func (r Rules) number(s string) (float32, bool) {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "", "?", "na", "nan", "null", "none":
		return float32(math.NaN()), true
	}
	bits := 32 // one rounding, not two
	if r.Down {
		bits = 64
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil && (math.IsInf(f, 0) || f == 0) && err.(*strconv.NumError).Err == strconv.ErrRange {
		err = nil
	}
	return r.Round(f), err == nil
}
