package condition_test

import (
	"encoding/json"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// FuzzParseEval: whatever bytes come as condition and document, strict and
// lenient reading agree where both read, the parts agree with the whole, and
// nothing panics.
func FuzzParseEval(f *testing.F) {
	m := newMaker(4)
	for range 50 {
		f.Add(inJSON(f, m.condition(3)), inJSON(f, m.document()))
	}
	f.Add([]byte(`{"a":{"$regx":"("},"$savedGroup":{"id":"s"}}`), []byte(`{"a":[[null]]}`))
	o := options(f)
	o.Groups["s"] = decode(f, []byte(`{"type":"condition","condition":{"b":{"$gt":1}}}`))
	f.Fuzz(func(t *testing.T, said, about []byte) {
		document, err := condition.Decode(about)
		if err != nil {
			return
		}
		var plain any
		if err := json.Unmarshal(about, &plain); err != nil {
			t.Fatalf("%s: encoding/json says %v", about, err)
		}
		o.Lenient = true
		lenient, wrong := condition.Parse(said, o)
		o.Lenient = false
		strict, err := condition.Parse(said, o)
		if err == nil && (wrong != nil || of(strict, document) != of(lenient, document)) {
			t.Fatalf("strict and lenient differ: %v", wrong)
		}
		if wrong != nil {
			return
		}
		for _, without := range []string{"", "a"} {
			checkSplit(t, lenient, document, without)
		}
	})
}
