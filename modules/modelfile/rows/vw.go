package rows

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// example reads the next line of Vowpal Wabbit's text: a label, a tag and the like,
// then features by namespace. What begins with shared belongs to all lines up to an
// empty one. Features that no column has are left out, as everywhere.
func (r *Reader) example(numbers []float32, ids []uint32) ([]float32, []uint32, error) {
	for {
		line := r.held
		if r.held = ""; line == "" {
			if !r.lines.Scan() {
				return numbers, ids, r.end()
			}
			r.line++
			line = strings.TrimRight(r.lines.Text(), "\r")
		}
		switch {
		case strings.TrimSpace(line) == "":
			r.shared = ""
		case isShared(line):
			r.shared = line
		default:
			return r.features(numbers, ids, line)
		}
	}
}

func isShared(line string) bool {
	rest, ok := strings.CutPrefix(line, "shared")
	return ok && (rest == "" || strings.ContainsAny(rest[:1], " \t|"))
}

// features appends the columns of a line and of what it shares with others.
func (r *Reader) features(numbers []float32, ids []uint32, line string) ([]float32, []uint32, error) {
	n := len(r.columns.Features)
	row := example{columns: &r.columns, numbers: make([]float32, n), ids: make([]uint32, n)}
	for c := range row.numbers {
		row.numbers[c] = float32(math.NaN())
	}
	for _, text := range []string{r.shared, line} {
		spaces := strings.Split(text, "|")
		if len(spaces) == 1 && text != "" {
			return numbers, ids, r.errorf("%.40q has no features: none stands behind a |", text)
		}
		for _, space := range spaces[1:] {
			if problem := row.space(space); problem != "" {
				return numbers, ids, r.errorf("%s", problem)
			}
		}
	}
	for c := range n {
		if r.columns.id(c) != nil {
			ids = append(ids, row.ids[c])
		} else {
			numbers = append(numbers, row.numbers[c])
		}
	}
	return numbers, ids, nil
}

// example is what is known of a row.
type example struct {
	columns *Columns
	numbers []float32
	ids     []uint32
}

// space takes the features of one namespace, or says what is wrong with them.
func (e *example) space(text string) string {
	name, scale := "", 1.0
	words := strings.Fields(text)
	if text != "" && text[0] != ' ' && text[0] != '\t' {
		var number string
		var scaled bool
		if name, number, scaled = strings.Cut(words[0], ":"); scaled {
			var err error
			if scale, err = strconv.ParseFloat(number, 32); err != nil {
				return "the namespace " + strconv.Quote(words[0]) + " is scaled by no number"
			}
		}
		words = words[1:]
	}
	for _, word := range words {
		feature, number, valued := strings.Cut(word, ":")
		value := 1.0
		if valued {
			var err error
			if value, err = strconv.ParseFloat(number, 32); err != nil {
				return "the value of " + strconv.Quote(word) + " is no number"
			}
		}
		if problem := e.feature(name+"^"+feature, value*scale); problem != "" {
			return problem
		}
	}
	return ""
}

// feature gives a column its value. Of several that begin like it, the longest has
// it; of columns of one feature, the first that is free.
func (e *example) feature(name string, value float64) string {
	if value == 0 {
		return ""
	}
	best, full := -1, false
	for c, feature := range e.columns.Features {
		id := e.columns.id(c)
		if id == nil && feature == name {
			if e.numbers[c] != e.numbers[c] {
				e.numbers[c] = 0
			}
			e.numbers[c] += float32(value)
			return ""
		}
		if id == nil || !strings.HasPrefix(name, feature) || best >= 0 && len(feature) < len(e.columns.Features[best]) {
			continue
		}
		if longer := best < 0 || len(feature) > len(e.columns.Features[best]); longer || full {
			best, full = c, e.ids[c] != 0
		}
	}
	switch {
	case best < 0:
		return ""
	case full:
		return "there are more features like " + strconv.Quote(name) + " than columns for them"
	case value != 1:
		return strconv.Quote(name) + " has a value, but its column takes names only"
	}
	e.ids[best] = e.columns.IDs[best](strings.TrimPrefix(name, e.columns.Features[best]))
	return ""
}

// named tells whether lines may be Vowpal Wabbit's text.
func (c Columns) named() bool {
	return len(c.Features) > 0 && !slices.Contains(c.Features, "")
}
