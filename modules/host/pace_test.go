package host

import (
	"testing"
	"time"
)

// drive drives pace with code of some ns a unit, for so many units, and gives the
// longest time between two grants and the number of grants.
func drive(grant *int, units int, ns float64) (longest time.Duration, grants int) {
	for ; units > 0; units -= *grant {
		took := time.Duration(float64(*grant) * ns)
		longest = max(longest, took)
		*grant = pace(*grant, took)
		grants++
	}
	return longest, grants
}

// TestGrantsLastATurn whatever the code waits for: at once where it always waits,
// and with one longer time where it waits of a sudden.
func TestGrantsLastATurn(t *testing.T) {
	const budget = 64 * slice
	for _, ns := range []float64{0.003, 0.02, 0.06, 0.2, 3} {
		grant := step
		if longest, grants := drive(&grant, budget, ns); longest > 2*turn {
			t.Errorf("%v ns a unit: %v between grants", ns, longest)
		} else if most := 2*int(budget*ns/float64(turn)) + 600; grants > most {
			t.Errorf("%v ns a unit: %d grants, at most %d are worth their time", ns, grants, most)
		}
	}
	// Fast for a while, then slow: a turn may be longer, but not by much.
	grant := step
	for range 32 {
		drive(&grant, 2*slice, 0.003)
		if longest, _ := drive(&grant, 1, 3); longest > 20*turn {
			t.Fatalf("%v between grants", longest)
		}
	}
}

// TestAStallPasses: a thread that was kept from running takes large grants again.
func TestAStallPasses(t *testing.T) {
	grant := pace(slice, time.Hour)
	if grant < 1 || grant > step {
		t.Fatalf("a grant of %d", grant)
	}
	if _, grants := drive(&grant, 64*slice, 0.003); grant < slice/2 || grants > 400 {
		t.Errorf("%d grants later one of %d", grants, grant)
	}
}
