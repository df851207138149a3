package sdk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/sdk"
	"github.com/aisle-edge/aisle/modules/sdk/sdktest"
)

// source is the file of a project that its author changes.
var source = map[string]string{"go": "main.go", "rust": "model.rs", "c": "model.c", "assemblyscript": "model.ts"}

// build makes a project of the language, puts a program of testdata in the place
// of the template's ("" leaves it), and builds it as its README says. blocks
// tells whether the program's block function stays.
func build(t testing.TB, lang, program string, blocks bool) []byte {
	t.Helper()
	sdktest.Need(t, lang)
	dir := filepath.Join(t.TempDir(), "project")
	if err := sdk.New(lang, dir, "trial"); err != nil {
		t.Fatal(err)
	}
	if program != "" {
		place(t, filepath.Join("testdata", program+filepath.Ext(source[lang])), filepath.Join(dir, source[lang]), blocks)
	}
	return sdktest.Build(t, lang, dir)
}

// place copies a program, with what stands between its marks or without.
func place(t testing.TB, from, to string, blocks bool) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	inside := false
	for line := range strings.Lines(string(b)) {
		switch strings.TrimSpace(line) {
		case "// block {":
			inside = true
		case "// block }":
			inside = false
		default:
			if blocks || !inside {
				out.WriteString(line)
			}
		}
	}
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
