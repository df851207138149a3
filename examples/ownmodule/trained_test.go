package ownmodule

import (
	"path/filepath"
	"testing"
)

// TestTrainedModelDecides is README.md's other way: a model file, imported against
// the release folder's features, compiled, and put into it. What the trees should
// answer was worked out by hand.
func TestTrainedModelDecides(t *testing.T) {
	dir := t.TempDir()
	model, scorer := filepath.Join(dir, "model.bundle"), filepath.Join(dir, "markdown.wasm")
	call(t, "aisle-module", "import", "trained/model.txt", "--features", "release/features.yaml", "-o", model)
	call(t, "aisle-module", "compile", model, "-o", scorer)
	call(t, "aisle-module", "verify", scorer)
	n := serve(t, folder(t, texts(t, "release"), scorer))
	n.put("id,title,category,price,currency,tax_rate,cost,stock,days_left\n" +
		"today,A,fresh,400,EUR,0,200,5,0\nweek,B,fresh,400,EUR,0,200,5,7\ntight,C,fresh,400,EUR,0,300,5,1\n")
	const expect = 0.34375 // of both trees together
	for _, c := range []struct {
		id    string
		hours float64
		want  float64
	}{
		{"today", 0.5, 0.75 + 0.25}, {"week", 0.5, 0.125 + 0.25}, {"tight", 4, 0.75 - 0.25},
		{"today", 9, 0.25 + 0.25}, {"week", 4.5, 0.25 + 0.25}, {"tight", 9, 0}, // 0.25 less 0.25
	} {
		scored(t, c.id, n.decide("fresh_counter", c.id, map[string]float64{"hours_to_closing": c.hours}), c.want, expect)
	}
}
