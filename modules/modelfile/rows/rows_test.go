package rows

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func all(text string, rules Rules, names ...string) (string, error) {
	r, err := New(strings.NewReader(text), rules, Columns{Names: names})
	if err != nil {
		return "", err
	}
	var out []string
	for {
		row, err := r.Read(nil)
		if err == io.EOF {
			return strings.Join(out, " "), nil
		} else if err != nil {
			return "", err
		}
		out = append(out, fmt.Sprint(row))
	}
}

func TestRowsOfEachFormat(t *testing.T) {
	three, zero, some := Rules{Width: 3}, Rules{Width: 3, Zero: true}, Rules{Width: 2000, Index: []int{1, 1999}}
	for _, c := range []struct {
		name, text string
		rules      Rules
		want       string
	}{
		{"libsvm", "1 0:2 2:3\n0 1:-1e3\n", three, "[2 NaN 3] [NaN -1000 NaN]"},
		{"libsvm, absent is zero", "1 0:2 2:3\n", zero, "[2 0 3]"},
		{"libsvm without labels", "0:1 1:2\n1:5\n", three, "[1 2 NaN] [NaN 5 NaN]"},
		{"libsvm of a ranking", "2 qid:7 1:5 # doc 3\n", three, "[NaN 5 NaN]"},
		{"libsvm with more features", "1 2:1 3:9\n", three, "[NaN NaN 1]"},
		{"libsvm, an empty row later", "1 0:2\n0\n", three, "[2 NaN NaN] [NaN NaN NaN]"},
		{"libsvm of a few columns", "1 0:7 1:8 1999:9\n", some, "[8 9]"},
		{"tabs", "1\t2\t3\n4\t5\t6\n", three, "[1 2 3] [4 5 6]"},
		{"tabs after a label", "9\t1\t2\t3\n", three, "[1 2 3]"},
		{"commas with missing ones", "1,,3\nNA,?,nan\n", three, "[1 NaN 3] [NaN NaN NaN]"},
		{"blanks, line ends of Windows", "1 2 3\r\n\r\n4 5 6", three, "[1 2 3] [4 5 6]"},
		{"infinity", "inf -inf 1e300\n", three, "[+Inf -Inf +Inf]"},
		{"header", "y,c,a,b,z\n0,3,1,2,x\n", three, "[1 2 3]"},
		{"header in quotes", "\"a\",\"b\",\"c\"\n1,2,3\n", three, "[1 2 3]"},
		{"nothing", "", three, ""},
	} {
		if got, err := all(c.text, c.rules, "a", "b", "c"); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

func TestRowsThatDoNotFitAreNamed(t *testing.T) {
	three := Rules{Width: 3}
	for _, c := range []struct{ name, text, says string }{
		{"too few fields", "1,2\n", "line 1: 2 fields"}, {"too many fields", "1,2,3,4,5\n", "line 1: 5 fields"},
		{"other width later", "1,2,3\n1,2,3,4\n", "line 2: 4 fields, not 3"}, {"text later", "1,2,3\n\n1,x,3\n", "line 3: \"x\""},
		{"header without a feature", "a,b,d\n1,2,3\n", `names no "c"`}, {"negative index", "1 -1:2\n", "line 1"}, {"no value", "1 0:1\n1 0:\n1 2\n", "line 3"},
		{"text in libsvm", "1 0:1\n1 0:x\n", "line 2"}, {"open quotes", "\"a,b,c\n", "line 1"}, {"index too large", "1 0:1\n1 99999999999999999999:1\n", "line 2"},
	} {
		if got, err := all(c.text, three, "a", "b", "c"); !errors.Is(err, ErrRow) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
	if _, err := all(strings.Repeat("1", MaxLine+1), three); err == nil {
		t.Error("a line without end")
	}
}

// TestRoundingKeepsDecisions: whatever f64 is at most a threshold stays so, and
// for f32 values the rounded threshold decides as the f64 does.
func TestRoundingKeepsDecisions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	down := Rules{Down: true}
	check := func(x, y float64) {
		if x <= y && down.Round(x) > Floor(y) {
			t.Fatalf("%v <= %v, but not when rounded", x, y)
		}
		if f := float32(x); (float64(f) <= y) != (f <= Floor(y)) {
			t.Fatalf("%v <= %v is decided otherwise", f, y)
		}
	}
	special := []float64{0, 0.1, -0.1, 1e300, -1e300, math.MaxFloat32, math.Inf(1), math.Inf(-1), 1e-46, -1e-46, 1.0000000180025095e-35}
	for range 200_000 {
		x := (r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(80)-40))
		y := x
		for range r.IntN(4) {
			y = math.Nextafter(y, math.Inf(r.IntN(2)*2-1))
		}
		check(x, y)
		check(x, special[r.IntN(len(special))])
		check(special[r.IntN(len(special))], special[r.IntN(len(special))])
	}
	if got := (Rules{}).Round(0.1); got != 0.1 {
		t.Errorf("to the nearest: %v", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("1 0:2 2:3\n0 1:-1e3\n")
	f.Add("y,c,a,b,z\n0,3,1,2,x\n")
	f.Add("1\t2\t3\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := New(strings.NewReader(text), Rules{Width: 3}, Columns{Names: []string{"a", "b", "c"}})
		for err == nil {
			var row []float32
			if row, err = r.Read(nil); err == nil && len(row) != 3 {
				t.Fatalf("a row of %d columns", len(row))
			}
		}
		if err != io.EOF && !errors.Is(err, ErrRow) && !strings.HasPrefix(err.Error(), "read line") {
			t.Fatal(err)
		}
	})
}
