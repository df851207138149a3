package document

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	for text, want := range map[string]any{
		`{"a":[1,2.5,-3e2],"b":"x\u00e9","c":{"d":null,"e":true}}`: map[string]any{"a": []float64{1, 2.5, -300}, "b": "xé", "c": map[string]any{"d": nil, "e": true}},
		` [ 1 , "a" , [ ] ] `:       []any{1.0, "a", []float64(nil)},
		`[Infinity,-Infinity]`:      []float64{math.Inf(1), math.Inf(-1)},
		`0.1`:                       0.1,
		`[9007199254740993]`:        []float64{9007199254740992},
		`"\\"`:                      `\`,
		`[[1],[2,3],[true,4],[{}]]`: []any{[]float64{1}, []float64{2, 3}, []any{true, 4.0}, []any{map[string]any{}}},
	} {
		v, err := JSON([]byte(text), false)
		if err != nil || !reflect.DeepEqual(v.v, want) {
			t.Errorf("%s: %#v, %v", text, v.v, err)
		}
	}
	v, err := JSON([]byte(`[0.1,16777217,1.00000005960464477540]`), true)
	if want := []float64{float64(float32(0.1)), 16777217, 1 + 0x1p-23}; err != nil || !reflect.DeepEqual(v.v, want) {
		t.Errorf("narrow: %#v, %v", v.v, err)
	}
	if v, err := JSON([]byte(`NaN`), false); err != nil || !math.IsNaN(v.Number()) {
		t.Errorf("NaN: %v", err)
	}
	for _, bad := range []string{
		``, `{`, `[`, `[1`, `[1,`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `"`, `"\`, `"\x"`, "\"a\nb\"", `1 2`, `nul`, `0x1`, `1_0`, `inf`, `1e999`, `--1`,
		strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2),
		"[" + strings.Repeat("{},", MaxValues/4) + "1]",
	} {
		if _, err := JSON([]byte(bad), false); !errors.Is(err, ErrSyntax) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestUBJ(t *testing.T) {
	for bytes, want := range map[string]any{
		"{i\x01a[$d#i\x02\x3f\x80\x00\x00\xc0\x00\x00\x00U\x01bSi\x02xy}":                  map[string]any{"a": []float64{1, -2}, "b": "xy"},
		"{#i\x01L\x00\x00\x00\x00\x00\x00\x00\x01aT":                                       map[string]any{"a": true},
		"[i\xffU\xffI\xff\xfel\xff\xff\xff\xfdL\xff\xff\xff\xff\xff\xff\xff\xfcu\xff\xff]": []float64{-1, 255, -2, -3, -4, 65535},
		"[$D#i\x01\x40\x09\x00\x00\x00\x00\x00\x00":                                        []float64{3.125},
		"[$L#i\x01\xff\xff\xff\xff\xff\xff\xff\xff":                                        []float64{-1},
		"[#i\x03Z[]N{}":         []any{nil, []float64(nil), map[string]any{}},
		"Hi\x041e-2":            0.01,
		"[$S#i\x02i\x01ai\x01b": []any{"a", "b"},
		"Cx":                    "x",
	} {
		v, err := UBJ([]byte(bytes))
		if err != nil || !reflect.DeepEqual(v.v, want) {
			t.Errorf("%q: %#v, %v", bytes, v.v, err)
		}
		for cut := range len(bytes) {
			if _, err := UBJ([]byte(bytes[:cut])); !errors.Is(err, ErrSyntax) {
				t.Errorf("%q cut off at %d: %v", bytes, cut, err)
			}
		}
	}
	for _, bad := range []string{
		"[$Z#l\x00\x00\xff\xff", "[$d#l\x7f\xff\xff\xff", "[$d#i\xff", "[$di\x01", "[#d\x3f\x80\x00\x00", "SL\xff\xff\xff\xff\xff\xff\xff\xff", "?", "ZZ",
		"Hi\x02ab", "[$", strings.Repeat("[", MaxDepth+2),
		"[" + strings.Repeat("[]", MaxValues/4+1) + "]",
	} {
		if _, err := UBJ([]byte(bad)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestErrorsNameTheWay(t *testing.T) {
	for want, get := range map[string]func(v Value){
		"a.x is missing":                 func(v Value) { v.Get("a", "x", "y") },
		"a.b is not an object":           func(v Value) { v.Get("a", "b", "c") },
		"a.b has 2 members, not 3":       func(v Value) { v.Get("a", "b").Ints(3) },
		"a.b is 0.5, not a whole":        func(v Value) { v.Get("a", "b").Ints(2) },
		"a.c[1] is not a number":         func(v Value) { v.Get("a", "c").List()[1].Int() },
		"a.c holds what is not a number": func(v Value) { v.Get("a", "c").Numbers(-1) },
		"the file is not an array":       func(v Value) { v.List() },
		"a.c[0] is not a string":         func(v Value) { v.Get("a", "c").List()[0].Text() },
		"a.d is 5e+09, not a whole":      func(v Value) { v.Get("a", "d").Int() },
		"a is not an array":              func(v Value) { v.Get("a").Len() },
		"a.b is not a string":            func(v Value) { v.Get("a", "b").Text() },
		"a.c[1] is not an object":        func(v Value) { v.Get("a", "c").List()[1].Get("z") },
		"a is not a number":              func(v Value) { v.Get("a").Number() },
		"a.e is missing":                 func(v Value) { v.Get("a", "e") },
	} {
		v, err := JSON([]byte(`{"a":{"b":[0.5,1],"c":[1,"x"],"d":5e9,"e":null}}`), false)
		if err != nil {
			t.Fatal(err)
		}
		get(v)
		if err := v.Err(); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5,-3e2],"b":"x\u00e9","c":{"d":null,"e":true}}`))
	f.Add([]byte("{i\x01a[$d#i\x02\x3f\x80\x00\x00\xc0\x00\x00\x00U\x01bSi\x02xy}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte) (Value, error){
			UBJ, func(b []byte) (Value, error) { return JSON(b, true) },
		} {
			if v, err := read(b); err == nil {
				v.Get("a").Numbers(-1)
			} else if !errors.Is(err, ErrSyntax) {
				t.Fatal(err)
			}
		}
	})
}
