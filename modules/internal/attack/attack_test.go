package attack_test

import (
	"errors"
	"testing"

	"github.com/aisle-edge/aisle/modules/internal/attack"
	"github.com/aisle-edge/aisle/modules/meter"
)

// TestNoneIsAdmittedAsItIs but those whose meter is sound: the checker alone keeps
// every other one out, whoever signed it.
func TestNoneIsAdmittedAsItIs(t *testing.T) {
	all := attack.Corpus()
	if len(all) < 45 {
		t.Fatalf("a corpus of %d modules", len(all))
	}
	for _, m := range all {
		if got := refusal(meter.Check(m.Wasm, meter.Limits{})); !attack.Among(got, m.Check) {
			t.Errorf("%s: %s, want %s", m.Name, got, m.Check)
		}
	}
}

// refusal is the kind of a refusal, or ok.
func refusal(err error) string {
	var r *meter.Refusal
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &r):
		return string(r.Kind)
	}
	return err.Error()
}
