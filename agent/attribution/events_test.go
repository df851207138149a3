package attribution_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/attribution"
)

// Keys of ids that were made one after another are in that order, so that their rows
// share pages; they say nothing of an id but its time, and no two ids share one.
func TestKeysAreInTheOrderOfTime(t *testing.T) {
	seen := map[attribution.EventKey]string{}
	key := func(id string) attribution.EventKey {
		k := attribution.KeyOf(id)
		if was, ok := seen[k]; ok {
			t.Fatalf("%s and %s have one key", was, id)
		}
		seen[k] = id
		return k
	}
	var last attribution.EventKey
	for ms := range uint64(2000) {
		ms = 0x0199_0000_fff0 + ms*7
		id := fmt.Sprintf("%08x-%04x-7abc-9def-0123456789ab", ms>>16, ms&0xffff)
		k := key(id)
		if bytes.Compare(k[:], last[:]) <= 0 {
			t.Fatalf("the key of %s comes before that of the id before", id)
		}
		if bytes.Contains(k[:], []byte{0x01, 0x23, 0x45}) || bytes.Contains(k[:], []byte{0x7a, 0xbc}) {
			t.Errorf("%x holds what is random in %s", k, id)
		}
		last = k
	}
	for _, id := range []string{ // not of that form, or another text of the same number
		"", "e", strings.Repeat("7", 36), "01990000-fff0-4abc-9def-0123456789ab", "0199g000-fff0-7abc-9def-0123456789ab",
		"01990000-FFF0-7abc-9def-0123456789ab", "01990000-fff0-7abc-9def-0123456789ac", "01990000-fff0-7abc-9def-0123456789ab1",
	} {
		key(id)
	}
}
