package fairness

import (
	"os"
	"testing"
)

// FuzzParse: no bytes are read beyond, whatever they say.
func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("testdata/kept.v0")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := parse(b); (k == nil) == (err == nil) {
			t.Error(k, err)
		}
		if k, err := unpack(b); (k == nil) == (err == nil) || k != nil && len(b) < 33+len(k.windows)*rowSize {
			t.Error(k, err)
		}
	})
}
