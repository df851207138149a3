package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aisle-edge/aisle/modules/terminal"
)

// TestMain makes this binary the real command when it is called by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aisle-module": main})
}

// call runs words as the command does.
func call(words ...string) (code int, out, problems string) {
	return feed("", words...)
}

func feed(in string, words ...string) (code int, out, problems string) {
	var o, p bytes.Buffer
	code = terminal.Run(context.Background(), commands(), words, strings.NewReader(in), &o, &p)
	return code, o.String(), p.String()
}

// must runs words that succeed, and gives what they print.
func must(t testing.TB, words ...string) string {
	t.Helper()
	code, out, problems := call(words...)
	if code != 0 {
		t.Fatalf("aisle-module %s: exit status %d: %s", strings.Join(words, " "), code, problems)
	}
	return out
}

// fails runs words that must fail with a status and one line that says why.
func fails(t testing.TB, status int, says string, words ...string) {
	t.Helper()
	code, out, problems := call(words...)
	line := strings.TrimSuffix(problems, "\n")
	if code != status || !strings.HasPrefix(line, "aisle-module: ") || strings.Contains(line, "\n") || !strings.Contains(line, says) {
		t.Errorf("aisle-module %s: exit status %d, want %d with %q: %q, %q", strings.Join(words, " "), code, status, says, out, problems)
	}
}

// data is the path of a file below gbdt-models of the real data; the test skips
// without it.
func data(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("AISLE_DATA")
	path := filepath.Join(dir, "gbdt-models", name)
	if _, err := os.Stat(path); dir == "" || err != nil {
		t.Skipf("needs gbdt-models/%s; set AISLE_DATA to the folder that holds it", name)
	}
	return path
}

// numbers are those of lines.
func numbers(t testing.TB, text string) (out [][]float64) {
	t.Helper()
	for line := range strings.Lines(text) {
		var one []float64
		for _, w := range strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t,\r\n", c) }) {
			x, err := strconv.ParseFloat(w, 64)
			if err != nil {
				t.Fatal(err)
			}
			one = append(one, x)
		}
		out = append(out, one)
	}
	return out
}

// near demands numbers within tol of what they should be: in all, or relative to
// those above 1.
func near(t testing.TB, got, want [][]float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, not %d", len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("row %d has %d numbers, not %d", i, len(got[i]), len(want[i]))
		}
		for j := range got[i] {
			d := math.Abs(got[i][j]-want[i][j]) / max(1, math.Abs(want[i][j]))
			if worst = max(worst, d); !(d <= tol) {
				t.Fatalf("row %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
	t.Logf("%d rows, at most %.2g off", len(got), worst)
}

// slurp is what a file holds.
func slurp(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// feeds runs words that succeed on what standard input holds.
func feeds(t testing.TB, in string, words ...string) string {
	t.Helper()
	code, out, problems := feed(in, words...)
	if code != 0 {
		t.Fatal(problems)
	}
	return out
}
