package tcf

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// vectors are strings of two decoders' own tests with what each makes of them.
func vectors(t testing.TB) (all []vector) {
	t.Helper()
	const name = "consent/tcf_vectors.jsonl"
	dir := os.Getenv("AISLE_DATA")
	b, err := os.ReadFile(filepath.Join(dir, name))
	if dir == "" || err != nil {
		if os.Getenv("AISLE_REQUIRE") == "all" {
			t.Fatalf("%s is required; set AISLE_DATA to the folder that holds it (%v)", name, err)
		}
		t.Skipf("needs %s; set AISLE_DATA to the folder that holds it", name)
	}
	for line := range bytes.Lines(b) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

type vector struct {
	Text   string         `json:"tcString"`
	Prebid map[string]any `json:"prebid/go-gdpr"`
	IAB    map[string]any `json:"iabtcf-es"`
}

// Promise 3: what two decoders agree on, this one reads the same, field by
// field; what both refuse, and whatever is of version 1, is refused.
func TestVectors(t *testing.T) {
	agreed, refused := 0, 0
	for _, v := range vectors(t) {
		s, err := Parse(v.Text)
		_, one := v.Prebid["error"]
		_, other := v.IAB["error"]
		switch {
		case v.Text[0] == 'B' || one && other:
			refused++
			if err == nil {
				t.Errorf("%s is read as %+v; the others say %v and %v", v.Text, s, v.Prebid["error"], v.IAB["error"])
			}
			continue
		case one || other:
			continue // they do not agree
		}
		agreed++
		if err != nil {
			t.Errorf("%s: %v", v.Text, err)
			continue
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(v.IAB)
		maps.Copy(want, v.Prebid)
		for field, value := range want {
			if !reflect.DeepEqual(got[field], value) {
				t.Errorf("%.40s: %s is %v, want %v", v.Text, field, got[field], value)
			}
		}
	}
	if agreed != 25 || refused < 39 {
		t.Errorf("%d agreed and %d refused; the file has 25 and at least 39", agreed, refused)
	}
}
