package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// writer writes answers, a line a row.
type writer struct {
	out       *bufio.Writer // nil writes nothing
	expected  *expected     // nil compares nothing
	json, raw bool
	m         *bundle.Manifest
	terms     []string // what contributions are of, nil: not asked for
	line      []byte
	means     []float64
	numbers   []float64
}

// header names the columns of what follows.
func (w *writer) header() {
	w.terms = []string{"bias"}
	for _, c := range w.m.Columns {
		w.terms = append(w.terms, c.Name)
	}
	for _, x := range w.m.Crosses {
		w.terms = append(w.terms, x[0]+" x "+x[1])
	}
	if w.json {
		return
	}
	names := w.m.Heads
	if n := w.predictions(); n < len(names) {
		names = []string{"class"}
	}
	for i, name := range names {
		if i > 0 {
			w.out.WriteByte('\t')
		}
		w.out.WriteString(name)
	}
	for _, head := range w.m.Heads {
		for _, term := range w.terms {
			w.out.WriteString("\t" + head + ":" + term)
		}
	}
	w.out.WriteByte('\n')
}

func (w *writer) predictions() int {
	if w.raw {
		return len(w.m.Heads)
	}
	return w.m.Link.Predictions(len(w.m.Heads))
}

// answer is a row's line as JSON.
type answer struct {
	Prediction    []float64   `json:"prediction"`
	Variance      []float64   `json:"variance,omitempty"`
	Contributions [][]float64 `json:"contributions,omitempty"` // by head: of the bias, the columns, the crosses
}

// rows writes the answers to a frame.
func (w *writer) rows(f *abi.Frame, explain func(row, head int) ([]float64, error)) error {
	for i := range f.Rows() {
		w.means = w.means[:0]
		for h := range w.m.Heads {
			w.means = append(w.means, f.Mean(h)[i])
		}
		if w.numbers = w.numbers[:0]; w.raw {
			w.numbers = append(w.numbers, w.means...)
		} else {
			w.numbers = w.m.Link.Apply(w.numbers, w.means)
		}
		if w.expected != nil {
			if err := w.expected.take(w.numbers); err != nil {
				return err
			}
		}
		if w.out == nil {
			continue
		}
		a := answer{Prediction: w.numbers}
		if w.m.Variance {
			for h := range w.m.Heads {
				a.Variance = append(a.Variance, f.Variance(h)[i])
			}
		}
		for h := range w.m.Heads {
			if w.terms == nil {
				break
			}
			terms, err := explain(i, h)
			if errors.Is(err, host.ErrNoExplain) {
				return terminal.Wrongf("%w; leave --contributions out", err)
			} else if err != nil {
				return err
			}
			a.Contributions = append(a.Contributions, terms)
		}
		if err := w.write(a); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) write(a answer) error {
	if w.json {
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		w.line = append(w.line[:0], line...)
	} else {
		w.line = appendNumbers(w.line[:0], a.Prediction)
		for _, terms := range a.Contributions {
			w.line = appendNumbers(append(w.line, '\t'), terms)
		}
	}
	_, err := w.out.Write(append(w.line, '\n'))
	return err
}

// appendNumbers writes as many digits as a number needs to read back as the same
// bits.
func appendNumbers(dst []byte, numbers []float64) []byte {
	for i, x := range numbers {
		if i > 0 {
			dst = append(dst, '\t')
		}
		dst = strconv.AppendFloat(dst, x, 'g', -1, 64)
	}
	return dst
}
