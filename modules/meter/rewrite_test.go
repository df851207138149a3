package meter_test

import (
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/smith"
	"github.com/aisle-edge/aisle/modules/meter"
)

// TestWhatIsRewrittenIsAdmitted: nothing that Rewrite gives is refused, and it
// gives something of every valid module.
func TestWhatIsRewrittenIsAdmitted(t *testing.T) {
	for seed := range uint64(300) {
		m := smith.New(smith.Seed(seed))
		out, err := meter.Rewrite(m.Bytes, meter.Limits{})
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		if err := meter.Check(out, meter.Limits{}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
