package registry

import (
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
)

// What the rulebook takes for columns of a catalogue are those that imports know: no
// item has an attribute of such a name, and every item may have one of another.
func TestColumnsAreNoAttributes(t *testing.T) {
	for _, column := range append([]string{"colour"}, rulebook.ItemColumns...) {
		attributes := 0
		for it := range item.Items(strings.NewReader(`{"id":"i","`+column+`":"1"}`), item.Options{Format: item.NDJSON}) {
			attributes += len(it.GetAttributes())
		}
		if known := column != "colour"; known == (attributes > 0) {
			t.Errorf("%s: %d attributes", column, attributes)
		}
	}
}
