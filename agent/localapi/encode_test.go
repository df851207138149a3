package localapi

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// fill puts arbitrary values into everything of an answer.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "text"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "number"))
	case reflect.Float64:
		x := rapid.Float64().Draw(t, "number")
		if math.IsInf(x, 0) || math.IsNaN(x) {
			x = 1e-9
		}
		v.SetFloat(x)
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("an answer has a %s", v.Type())
	}
}

// sameJSON compares what two encodings say.
func sameJSON(t *rapid.T, got []byte, v any) {
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal(want, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Fatal(diff)
	}
}

// TestAnswersAreWhatTheirTypesSay: the ones written by hand say what encoding/json
// says of the same value.
func TestAnswersAreWhatTheirTypesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a ranking.Answer
		fill(t, reflect.ValueOf(&a).Elem())
		sameJSON(t, appendAnswer(nil, &a), a)
		var r attribution.Report
		fill(t, reflect.ValueOf(&r).Elem())
		sameJSON(t, appendReport(nil, &r), r)
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a\"b\\c", "\x00\x1f\n", "é\u2028😀", "\xff", "a\xc3", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(appendText(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); len(s) == len(strings.ToValidUTF8(s, "?")) && got != want && s == want {
			t.Errorf("%q reads back as %q", s, got)
		}
	})
}

// FuzzRequest: no body stops the process, or is half understood.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"slot":"hero","context":{"a":[1,"b",true]},"actions":[{"id":"x","features":{"y":1}}]}`))
	f.Add([]byte(`{"slot":"\ud800","count":1e3}`))
	f.Add([]byte(strings.Repeat(`{"a":[`, 100)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r ranking.Request
		if d := parse(b, &r); d != nil {
			return
		}
		var strict any
		if err := json.Unmarshal(b, &strict); err != nil {
			t.Errorf("%q is taken, and is no JSON: %v", b, err)
		}
	})
}

func TestShallow(t *testing.T) {
	for b, want := range map[string]bool{
		strings.Repeat("[", deepest):                        true,
		strings.Repeat("[", deepest+1):                      false,
		`"` + strings.Repeat("[", 100) + `"`:                true,
		`"\"` + strings.Repeat("{", 100) + `"`:              true,
		`"\\"` + strings.Repeat("{", deepest+1):             false,
		strings.Repeat("[]", 1000):                          true,
		`{"a":` + strings.Repeat(`{"b":`, deepest) + `1}}}`: false,
	} {
		if shallow([]byte(b)) != want {
			t.Errorf("%.20s… is shallow: %v", b, !want)
		}
	}
}
