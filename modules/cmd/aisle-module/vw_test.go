package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestVowpalWabbitScoresFromItsText: from the text of a model and a declaration of
// its columns to predictions, cut off at the largest label.
func TestVowpalWabbitScoresFromItsText(t *testing.T) {
	dir := t.TempDir()
	sealed, scorer, rows := filepath.Join(dir, "m.bundle"), filepath.Join(dir, "m.wasm"), filepath.Join(dir, "rows.tsv")
	text := "other\tphrase\tword\nhomme\tthe_man\tman\nfemme\tthe_man\tman\nhomme\t\twoman\n"
	features := filepath.Join(dir, "features.yaml")
	yaml := `version: 0
features:
  - {name: phrase, scope: context, kind: hashed, source: context.phrase, owner: a@b, ttl: 1h}
  - {name: word, scope: context, kind: hashed, source: context.word, owner: a@b, ttl: 1h}
  - {name: other, scope: item, kind: hashed, source: item.attr.other}
`
	for name, text := range map[string]string{rows: text, features: yaml} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	model, columns := "../../modelfile/vw/testdata/pairs.txt", "../../modelfile/vw/testdata/pairs.columns"
	for _, flags := range [][]string{nil, {"--format", "vw", "--features", features}} {
		must(t, append([]string{"import", model, "--columns", columns, "-o", sealed}, flags...)...)
		must(t, "compile", sealed, "-o", scorer)
		must(t, "verify", scorer)
		// the constant, both words, the phrase, homme and its pair with the phrase
		near(t, numbers(t, must(t, "score", scorer, "--rows", rows)), [][]float64{{0.0625 + 0.125 + 0.25 - 0.5 + 1}, {0.0625 + 0.125 + 0.25}, {0}}, 0)
		near(t, numbers(t, must(t, "score", scorer, "--rows", rows, "--raw")), [][]float64{{0.9375}, {0.4375}, {0.0625 - 0.5}}, 0)
	}
	lines := put(t, filepath.Join(dir, "lines.txt"), "shared |s p^the_man w^man\n0:1:0.5 |t w^homme\n|t w^femme\n\n1 |s w^woman |t w^homme\n")
	near(t, numbers(t, must(t, "score", scorer, "--rows", lines, "--raw")), [][]float64{{0.9375}, {0.4375}, {0.0625 - 0.5}}, 0)
	wrong := filepath.Join(dir, "wrong")
	for says, words := range map[string][]string{
		"--columns FILE":        {"import", model, "-o", wrong},
		"line 1 of the columns": {"import", model, "--columns", rows, "-o", wrong},
		"for models of Vowpal":  {"import", "--columns", columns, "../../modelfile/lightgbm/testdata/v4.txt", "-o", wrong},
	} {
		fails(t, 2, says, words...)
		if _, err := os.Stat(wrong); err == nil {
			t.Fatalf("%v made a bundle", words)
		}
	}
}
