package ownmodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVowpalWabbitModelDecides: the text of a model, the columns that its features
// are, and an agent that hashes names as Vowpal Wabbit did. Weights, hashes and the
// pair that interacts are in the file; sums were worked out by hand.
func TestVowpalWabbitModelDecides(t *testing.T) {
	dir := t.TempDir()
	files := texts(t, "release")
	files["slots.yaml"] = strings.ReplaceAll(files["slots.yaml"], "model: markdown", "model: words")
	files["features.yaml"] = `version: 0
features:
  - {name: phrase, scope: context, kind: hashed, source: context.phrase, owner: words@example.org}
  - {name: word, scope: context, kind: hashed, source: context.word, owner: words@example.org}
  - {name: other, scope: item, kind: hashed, source: item.attr.other, owner: words@example.org}
`
	sealed, scorer, features := filepath.Join(dir, "words.bundle"), filepath.Join(dir, "words.wasm"), filepath.Join(dir, "features.yaml")
	if err := os.WriteFile(features, []byte(files["features.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	const model = "../../modules/modelfile/vw/testdata/pairs"
	call(t, "aisle-module", "import", model+".txt", "--columns", model+".columns", "--features", features, "-o", sealed)
	call(t, "aisle-module", "compile", sealed, "-o", scorer)
	n := serve(t, folder(t, files, scorer))
	n.put("id,title,category,price,currency,tax_rate,cost,stock,other\n" +
		"one,A,fresh,400,EUR,0,200,5,homme\ntwo,B,fresh,400,EUR,0,200,5,femme\nthree,C,fresh,400,EUR,0,200,5,\n")
	const constant, man, theMan, homme, pair = 0.0625, 0.125, 0.25, -0.5, 1
	type said = map[string]string
	for _, c := range []struct {
		id   string
		said said
		want float64
	}{
		{"one", said{"phrase": "the_man", "word": "man"}, constant + man + theMan + homme + pair},
		{"two", said{"phrase": "the_man", "word": "man"}, constant + man + theMan},
		{"three", said{"phrase": "the_man"}, constant + theMan},
		{"one", said{"phrase": "the_man", "word": "woman"}, constant + theMan + homme + pair},
		{"two", said{"word": "man"}, constant + man},
	} {
		scored(t, c.id, n.decide("fresh_counter", c.id, c.said), c.want, constant)
	}
}
