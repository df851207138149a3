package features_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// What a request says counts only as the type that features.yaml says, and the
// clock is that of the site's zone.
func TestContextTypesAndZone(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(slots), "version: 0\nzone: Europe/Berlin\nrules: []\n", `
version: 0
context: [{key: heat, type: number}, {key: open, type: boolean}, {key: spare, type: list}]
features:
  - {name: heat, scope: context, kind: dense, source: context.heat}
  - {name: open, scope: context, kind: dense, source: context.open}
  - {name: hour, scope: context, kind: dense, source: time.hour}
  - {name: month, scope: context, kind: dense, source: time.month}
  - {name: day, scope: context, kind: dense, source: time.day_of_year}
  - {name: weekend, scope: context, kind: dense, source: time.is_weekend}
`, map[string]func(*scoring.Linear){"hero": nil}))
	plan := n.Releases.Active().Slot("hero").Plan
	text := func(name, s string) features.Value { return features.Value{Name: name, Kind: features.Text, Text: s} }
	number := func(name string, x float64) features.Value {
		return features.Value{Name: name, Kind: features.Number, Number: x}
	}
	at := time.Date(2026, 7, 31, 23, 30, 0, 0, time.UTC) // a Friday; in Berlin a Saturday, 01:30
	for _, c := range []struct {
		says    features.Values
		want    []float32
		ignored []string
	}{
		{features.Values{number("heat", 30), text("open", "true")}, []float32{30, 1}, nil},
		{features.Values{text("heat", "30"), text("open", "yes"), text("spare", "x")}, []float32{missing, missing}, []string{"heat", "open", "spare"}},
		{features.Values{number("open", 1), number("other", 1)}, []float32{missing, missing}, []string{"open", "other"}},
	} {
		dense := make([]float32, 6)
		plan.Context(dense, nil, &features.Known{Time: at, Context: c.says, Granted: func(wire.Purpose) bool { return false }})
		if want := append(c.want, 1, 8, 213, 1); !close(dense, want) {
			t.Errorf("%v: %v, want %v", c.says, dense, want)
		}
		var got []string
		for i := range c.says {
			if plan.Ignores(&c.says[i]) {
				got = append(got, c.says[i].Name)
			}
		}
		if !slices.Equal(got, c.ignored) {
			t.Errorf("%v: ignored %v, want %v", c.says, got, c.ignored)
		}
	}
}
