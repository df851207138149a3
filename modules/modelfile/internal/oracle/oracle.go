// Package oracle compares what models make of rows with what the libraries that
// trained them made of the same rows. Tests only.
package oracle

import (
	"bufio"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Data is the path of a file below gbdt-models of the real data; the test skips
// without it.
func Data(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("AISLE_DATA")
	path := filepath.Join(dir, "gbdt-models", name)
	if _, err := os.Stat(path); dir == "" || err != nil {
		if os.Getenv("AISLE_REQUIRE") != "" && dir != "" {
			t.Fatalf("gbdt-models/%s is required; set AISLE_DATA to the folder that holds it (%v)", name, err)
		}
		t.Skipf("needs gbdt-models/%s; set AISLE_DATA to the folder that holds it", name)
	}
	return path
}

// Read reads a file with one of the readers of models.
func Read(t testing.TB, path string, read func(io.Reader, modelfile.Options) (*modelfile.Model, error), o modelfile.Options) *modelfile.Model {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := read(strings.NewReader(string(b)), o)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return m
}

// Numbers are the numbers of a file, line by line.
func Numbers(t testing.TB, path string) [][]float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][]float64
	for s := bufio.NewScanner(f); s.Scan(); {
		var line []float64
		for _, w := range strings.FieldsFunc(s.Text(), func(c rune) bool { return strings.ContainsRune(" \t,", c) }) {
			v, err := strconv.ParseFloat(w, 64)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			line = append(line, v)
		}
		out = append(out, line)
	}
	return out
}

// Rows are the rows of a file as the model's columns.
func Rows(t testing.TB, m *modelfile.Model, path string) [][]float32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := rows.New(f, m.Rows, rows.Columns{Names: m.Features})
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	var out [][]float32
	for {
		dense, err := r.Read(nil)
		if err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", filepath.Base(path), err)
		}
		out = append(out, dense)
	}
}

// Means scores the rows of a file, head after head of each row, and demands of
// the contributions that they sum to each.
func Means(t testing.TB, m *modelfile.Model, path string) [][]float64 {
	t.Helper()
	var out [][]float64
	for _, dense := range Rows(t, m, path) {
		out = append(out, score(t, m.Scorer, dense))
	}
	return out
}

func score(t testing.TB, s scoring.Model, dense []float32) []float64 {
	t.Helper()
	f, err := abi.New(s.FrameShape(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for c, x := range dense {
		f.Dense(0, c)[0] = x
	}
	if err := s.Score(&f); err != nil {
		t.Fatal(err)
	}
	var means []float64
	for h := range s.FrameShape().Heads {
		mean, sum := f.Mean(h)[0], 0.0
		for _, c := range s.Contributions(h, scoring.Row{Dense: dense}) {
			sum += c
		}
		if math.Abs(sum-mean) > 1e-5*math.Max(1, math.Abs(mean)) {
			t.Fatalf("contributions sum to %v, the mean is %v", sum, mean)
		}
		means = append(means, mean)
	}
	return means
}

// Predictions applies a link to each row's means.
func Predictions(l scoring.Link, means [][]float64) [][]float64 {
	out := make([][]float64, len(means))
	for i, m := range means {
		out[i] = l.Apply(nil, m)
	}
	return out
}

// Near demands that all numbers are within tol of what they should be: in all, or
// relative to those above 1.
func Near(t testing.TB, name string, got, want [][]float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, not %d", name, len(got), len(want))
	}
	worst, bad := 0.0, 0
	for i := range got {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: row %d has %d numbers, not %d", name, i, len(got[i]), len(want[i]))
		}
		for j := range got[i] {
			d := math.Abs(got[i][j]-want[i][j]) / math.Max(1, math.Abs(want[i][j]))
			worst = math.Max(worst, d)
			if !(d <= tol) {
				if bad++; bad <= 3 {
					t.Errorf("%s: row %d: %v, want %v", name, i, got[i], want[i])
				}
			}
		}
	}
	t.Logf("%s: %d rows, at most %.2g off, %d beyond %g", name, len(got), worst, bad, tol)
}
