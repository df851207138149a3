package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/modules/internal/attack"
)

// TestVerifyRefusesAttacks: each module that the checker must refuse ends with 1
// and one line; those with a sound meter are admissible as they are.
func TestVerifyRefusesAttacks(t *testing.T) {
	dir := t.TempDir()
	for i, m := range attack.Corpus() {
		name := filepath.Join(dir, fmt.Sprint(i, ".wasm"))
		if err := os.WriteFile(name, m.Wasm, 0o600); err != nil {
			t.Fatal(err)
		}
		if m.Check == "ok" {
			if out := must(t, "verify", name); !strings.Contains(out, "is admissible: a bare module, ") || strings.Contains(out, "golden") {
				t.Error(out)
			}
			continue
		}
		says := "not admissible"
		if len(m.Wasm) == 0 {
			says = "is empty"
		}
		if fails(t, 1, says, "verify", name); t.Failed() {
			t.Fatalf("verify %s", m.Name)
		}
	}
}

// TestVerifyRefusesForgeries: a scorer file and a bundle whose parts don't belong
// together.
func TestVerifyRefusesForgeries(t *testing.T) {
	columns := []bundle.Column{bundletest.Column(bundle.ScopeContext, "hour"), bundletest.Column(bundle.ScopeItem, "price")}
	for name, c := range map[string]struct {
		says   string
		change func(*bundle.Bundle)
	}{
		"as it is":      {"", func(*bundle.Bundle) {}},
		"other answers": {"golden vector", func(b *bundle.Bundle) { b.Golden[1].Output[0] ^= 1 }},
		"other module":  {"module is not the one", func(b *bundle.Bundle) { b.Manifest.Module = strings.Repeat("0", 64) }},
		"other columns": {"golden vector is of another shape", nil},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "own.wasm")
			b := bundletest.Own(t, columns...)
			if c.change == nil {
				text := string(bundletest.File(t, b))
				put(t, file, strings.Replace(text, `"scope":"context"`, `"scope":"item"   `, 1))
			} else {
				c.change(b)
				put(t, file, string(bundletest.File(t, b)))
			}
			if c.says == "" {
				must(t, "verify", file)
				return
			}
			fails(t, 1, c.says, "verify", file)
			code, out, _ := call("verify", "--json", file)
			var v verdict
			if err := json.Unmarshal([]byte(out), &v); err != nil || code != 1 || v.Admissible || !strings.Contains(v.Reason, c.says) {
				t.Errorf("%d, %v: %s", code, err, out)
			}
		})
	}
}

// TestFilesThatAreNoneAreNamed: whatever is read, one line says what is wrong.
func TestFilesThatAreNoneAreNamed(t *testing.T) {
	dir := t.TempDir()
	b := bundletest.Own(t, bundletest.Column(bundle.ScopeItem, "price"))
	whole := string(bundletest.File(t, b))
	scorer := put(t, filepath.Join(dir, "own.wasm"), whole)
	rows := put(t, filepath.Join(dir, "rows.csv"), "price\n1\n")
	out := filepath.Join(dir, "out")
	bad := map[string]string{"empty": "", "text": "hello\n", "zeros": strings.Repeat("\x00", 4096), "bundle": "AISLEBN\x00" + strings.Repeat("x", 100), "tree": "tree\nversion=v4\n", "json": `{"learner":{"gradient_booster":{`}
	for n := 1; n < len(whole); n += 41 {
		bad[fmt.Sprint("cut to ", n)] = whole[:n]
	}
	for name, text := range bad {
		file := put(t, filepath.Join(dir, "bad"), text)
		fails(t, 1, "", "verify", file)
		for _, words := range [][]string{{"import", file, "-o", out}, {"compile", file, "-o", out}, {"score", file, "--rows", rows}} {
			fails(t, 2, "", words...)
		}
		if code, _, problems := call("inspect", file); code != 0 && code != 2 || strings.Count(problems, "\n") > 1 {
			t.Errorf("inspect of %s: %d, %q", name, code, problems)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("something was made of %s", name)
		}
	}
	for _, text := range []string{"price\nx\n", "1 2 3\n", "cost\n3\n", "price\n1,2\n", "1 0:x\n"} {
		fails(t, 2, "line ", "score", scorer, "--rows", put(t, filepath.Join(dir, "bad"), text))
	}
	fails(t, 2, "is a folder", "verify", dir)
	fails(t, 2, "no such file", "verify", filepath.Join(dir, "none"))
}
