package features_test

import (
	"testing"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// TestNumbersAreRoundedAsTheModelWants: 0.1 is at most a threshold of 0.1 only when
// both were rounded down, as LightGBM's thresholds are.
func TestNumbersAreRoundedAsTheModelWants(t *testing.T) {
	book, err := rulebook.ParseFeatures([]byte("version: 0\nfeatures: [{name: margin, scope: context, kind: dense, source: context.margin}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := bundle.Manifest{Family: bundle.FamilyTrees, Columns: []bundle.Column{bundle.ColumnOf(&book.Features[0], book.Hash)}, Heads: []string{"score"}}
	known := &features.Known{Context: features.Values{{Name: "margin", Kind: features.Number, Number: 0.1}}}
	for name, c := range map[string]struct {
		rules *rows.Rules
		want  float32
	}{
		"to the nearest": {nil, 0.1}, "also to the nearest": {&rows.Rules{Width: 1}, 0.1}, "down": {&rows.Rules{Width: 1, Down: true}, rows.Floor(0.1)},
	} {
		m.Rows = c.rules
		plan, err := features.New(&m, book, nil)
		if err != nil {
			t.Fatal(err)
		}
		var dense [1]float32
		if plan.Context(dense[:], nil, known); dense[0] != c.want {
			t.Errorf("%s: %v, want %v", name, dense[0], c.want)
		}
	}
	if rows.Floor(0.1) == 0.1 {
		t.Error("0.1 tells nothing")
	}
}
