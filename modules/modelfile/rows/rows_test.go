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

// TestColumnsGoWhereTheyBelong: in another order than features, under a header that
// names none of them, and beside a label that is not the first.
func TestColumnsGoWhereTheyBelong(t *testing.T) {
	three, numbered := Rules{Width: 3, Index: []int{2, 0, 1}}, []string{"Column_2", "f0", "f1"}
	for _, c := range []struct {
		name, text, label string
		names             []string
		want              string
	}{
		{"libsvm", "1 0:1 2:3\n", "", numbered, "[3 1 NaN]"},
		{"no header", "1,2,3\n", "", numbered, "[3 1 2]"},
		{"no header, a label", "9,1,2,3\n", "", numbered, "[3 1 2]"},
		{"a label behind", "1,2,3,9\n", "3", numbered, "[3 1 2]"},
		{"a label within", "1,9,2,3\n", "1", numbered, "[3 1 2]"},
		{"another header", "price,margin,age\n1,2,3\n", "", numbered, "[3 1 2]"},
		{"another header with a label", "price,y,margin,age\n1,9,2,3\n", "y", numbered, "[3 1 2]"},
		{"another header, names that mean something", "price,margin,age\n1,2,3\n", "", []string{"a", "b", "c"}, `names no "a"`},
		{"a header that names some", "f0,margin,age\n1,2,3\n", "", numbered, `names no "Column_2"`},
		{"no such label", "1,2,3,9\n", "4", numbered, "for the label"},
		{"a label of no number", "1,2,3,9\n", "y", numbered, "for the label"},
		{"no label, yet a field more", "1,2,3,9\n", "none", numbered, "4 fields"},
	} {
		r, err := New(strings.NewReader(c.text), three, Columns{Names: c.names, Label: c.label})
		got := ""
		if err == nil {
			var row []float32
			row, err = r.Read(nil)
			got = fmt.Sprint(row)
		}
		if err != nil {
			got = err.Error()
		}
		if got != c.want && !(err != nil && errors.Is(err, ErrRow) && strings.Contains(got, c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNamesAreRead(t *testing.T) {
	id := func(text string) uint32 { return uint32(len(text)) }
	columns := Columns{Names: []string{"a", "b", "c"}, IDs: []func(string) uint32{nil, id}}
	r, err := New(strings.NewReader("c,b,a\n3,\"x,y\",1\n4,,2\n"), Rules{Width: 3}, columns)
	if err != nil {
		t.Fatal(err)
	}
	numbers, ids, err := r.Next(nil, nil)
	if err == nil {
		numbers, ids, err = r.Next(numbers, ids)
	}
	if got := fmt.Sprint(numbers, ids, err); got != "[1 3 2 4] [3 0] <nil>" {
		t.Error(got)
	}
	for _, text := range []string{"1,2,3\n", "0 1:2\n"} {
		if _, err := New(strings.NewReader(text), Rules{Width: 3}, columns); !errors.Is(err, ErrRow) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRulesThatContradictThemselves(t *testing.T) {
	for _, r := range []Rules{{}, {Width: -1}, {Width: 2, Index: []int{0, 0}}, {Width: 2, Index: []int{2}}, {Width: 2, Index: []int{-1}}, {Width: 1, Index: []int{0, 0}}} {
		if !errors.Is(r.Validate(), ErrRules) {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range []Rules{{Width: 3}, {Width: 9, Index: []int{8, 1}}} {
		if err := r.Validate(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// texts are rows of Vowpal Wabbit's text; the id of a name is 100 times its length and
// its last letter.
func texts(text string) (string, error) {
	name := func(s string) uint32 { return uint32(100*len(s)) + uint32(("\x00" + s)[len(s)]) }
	r, err := New(strings.NewReader(text), Rules{Width: 3}, Columns{Names: []string{"a", "b", "c"}, Features: []string{"N^a", "^b=", "N^"}, IDs: []func(string) uint32{nil, name, name}})
	if err != nil {
		return "", err
	}
	var out []string
	for {
		numbers, ids, err := r.Next(nil, nil)
		if err == io.EOF {
			return strings.Join(out, " "), nil
		} else if err != nil {
			return "", err
		}
		out = append(out, fmt.Sprint(numbers, ids))
	}
}

func TestTextOfVowpalWabbit(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"one line", "1 |N a:2 xy", "[2] [0 321]"},
		{"all of a label", "1 0.5 0.1 'tag|N a xy:1 |\tb=z\r\n", "[1] [222 321]"},
		{"absent and zero", "|N a:0 x:0 | b=z:0\n\n|", "[NaN] [0 0] [NaN] [0 0]"},
		{"scaled, twice", "|N:0.5 a:4 a:2 |O a:9", "[3] [0 0]"},
		{"shared", "shared |N xy\n0:1:0.5 | b=z\n|N a:7\n\n|N a:8\n", "[NaN] [222 321] [7] [0 321] [8] [0 0]"},
		{"a tag like that", "sharedx|N a:7\n|", "[7] [0 0] [NaN] [0 0]"},
	} {
		if got, err := texts(c.text); err != nil || got != strings.ReplaceAll(strings.ReplaceAll(c.want, "222", fmt.Sprint(100+'z')), "321", fmt.Sprint(200+'y')) {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
	for _, c := range []struct{ name, text, says string }{
		{"no number", "|N a:2\n|N a:x", "line 2: the value of"}, {"no scale", "|N:x a:2", "scaled by no number"}, {"nothing", "|N a\n1", "line 2"},
		{"names with values", "| b=z:2", "takes names only"}, {"one name more", "|N x y", "more features like"}, {"scaled names", "|N:2 x", "takes names only"},
	} {
		if got, err := texts(c.text); !errors.Is(err, ErrRow) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("shared |N xy\n0:1:0.5 | b=z\n\n|N:2 a:8\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := texts(text); err != nil && !errors.Is(err, ErrRow) && !strings.HasPrefix(err.Error(), "read line") {
			t.Fatal(err)
		}
	})
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
