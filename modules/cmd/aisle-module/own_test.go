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
	"github.com/aisle-edge/aisle/modules/sdk"
	"github.com/aisle-edge/aisle/modules/sdk/sdktest"
)

// TestTemplatesBecomeScorers: in each language from new to a scorer that passes its
// test, by the command alone; its sample rows score what is beside them.
func TestTemplatesBecomeScorers(t *testing.T) {
	for _, lang := range sdk.Languages() {
		t.Run(lang, func(t *testing.T) {
			sdktest.Need(t, lang)
			dir := filepath.Join(t.TempDir(), "trial")
			must(t, "new", "--lang", lang, dir)
			sdktest.Build(t, lang, dir)
			guest, scorer, rows := filepath.Join(dir, "guest.wasm"), filepath.Join(dir, "scorer.wasm"), filepath.Join(dir, "rows.csv")
			fails(t, 1, "not admissible", "verify", guest)
			must(t, "inspect", guest)
			must(t, "meter", guest, "-o", scorer)
			must(t, "verify", scorer)
			near(t, numbers(t, must(t, "score", scorer, "--rows", rows)), lastColumn(t, rows), 1e-6)
			if out := must(t, "score", scorer, "--rows", rows, "--contributions"); strings.Count(out, "\n") != 7 || !strings.HasPrefix(out, "value\tvalue:bias\tvalue:temperature\t") {
				t.Errorf("%s", out)
			}
			var tested struct {
				Passed bool
				Trials []trial
			}
			if err := json.Unmarshal([]byte(must(t, "test", "--json", scorer)), &tested); err != nil || !tested.Passed || len(tested.Trials) != 8 {
				t.Errorf("%v: %+v", err, tested)
			}
			for i, one := range tested.Trials {
				if one.Fuel < 1 || one.Memory < 1<<16 || one.Fuel != tested.Trials[i%4].Fuel {
					t.Errorf("trial %d: %+v", i, one)
				}
			}
			if out := must(t, "bench", scorer, "--for", "1ms"); strings.Count(out, "\n") != 7 {
				t.Errorf("%s", out)
			}
		})
	}
}

// lastColumn are the numbers at the end of each line but the first.
func lastColumn(t testing.TB, name string) (out [][]float64) {
	t.Helper()
	_, text, _ := strings.Cut(slurp(t, name), "\n")
	for line := range strings.Lines(text) {
		out = append(out, numbers(t, line[strings.LastIndex(line, ",")+1:])...)
	}
	return out
}

const oneColumn = `{"format": 0, "columns": [{"name": "price", "scope": "item", "kind": "dense"}], "heads": ["reward"], "variance": false}`

// TestAttacksBecomeNoScorers: each of the corpus ends with 1 and one line, since even
// the harmless ones answer one row only. Without a manifest the meter alone decides,
// and verify on what comes of it.
func TestAttacksBecomeNoScorers(t *testing.T) {
	dir := t.TempDir()
	manifest := put(t, filepath.Join(dir, "one.json"), oneColumn)
	for i, m := range attack.Corpus() {
		name, out := filepath.Join(dir, fmt.Sprint(i, ".wasm")), filepath.Join(dir, fmt.Sprint(i, ".scorer"))
		put(t, name, string(m.Wasm))
		if len(m.Wasm) == 0 {
			fails(t, 2, "is empty", "meter", name, "-o", out)
			continue
		}
		fails(t, 1, "", "meter", name, "--manifest", manifest, "-o", out)
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s became a scorer", m.Name)
		}
		if m.Check == "ok" { // they bring their own meter
			fails(t, 1, "meter's own", "meter", name, "-o", out)
			continue
		}
		switch code, _, _ := call("meter", name, "-o", out); {
		case attack.Among("ok", m.Rewritten):
		case strings.HasPrefix(m.Rewritten, "refused") != (code == 1):
			t.Errorf("%s, %s: %d", m.Name, m.Rewritten, code)
		case strings.Contains(m.Name, "initialize"):
			wants := 0
			if strings.HasPrefix(m.Rewritten, "admit") {
				wants = 1
			}
			if code, _, problems := call("verify", out); code == 0 && wants == 1 {
				t.Errorf("%s, %s: %d, %s", m.Name, m.Rewritten, code, problems)
			}
		}
	}
}

// TestRecord: a module that answers otherwise than its vectors fails, until it is
// recorded; other families never are.
func TestRecord(t *testing.T) {
	dir := t.TempDir()
	b := bundletest.Own(t, bundletest.Column(bundle.ScopeItem, "price"))
	b.Golden[0].Output[3] ^= 1
	scorer := put(t, filepath.Join(dir, "own.wasm"), string(bundletest.File(t, b)))
	fails(t, 1, "golden vector", "test", scorer)
	must(t, "test", scorer, "--record")
	must(t, "verify", scorer)
	again := slurp(t, scorer)
	must(t, "test", scorer, "--record")
	if slurp(t, scorer) != again {
		t.Error("recorded otherwise the second time")
	}
	trees := bundletest.Of(t, bundletest.Stumps(), bundletest.Columns(bundletest.Stumps().FrameShape())...)
	fails(t, 2, "have the vectors of their model", "test", put(t, filepath.Join(dir, "trees.wasm"), string(bundletest.File(t, trees))), "--record")
}

// TestManifestsOfGuestsAreChecked before anything is made of them.
func TestManifestsOfGuestsAreChecked(t *testing.T) {
	dir := t.TempDir()
	var guest string
	for _, m := range attack.Harmless() {
		if m.Name == "loop that ends" {
			guest = put(t, filepath.Join(dir, "guest.wasm"), string(m.Wasm))
		}
	}
	out := filepath.Join(dir, "out.wasm")
	for says, text := range map[string]string{
		"no manifest": "columns: none", "unknown field": `{"colums": []}`, "more than one object": oneColumn + oneColumn,
		`family "trees"`: `{"family": "trees"}`, "heads": `{"family": "own", "columns": [], "heads": []}`,
	} {
		code, _, problems := call("meter", guest, "-o", out, "--manifest", put(t, filepath.Join(dir, "m.json"), text))
		if code != 2 || strings.Count(problems, "\n") != 1 || !strings.Contains(problems, says) && says != "heads" {
			t.Errorf("%s: %d, %s", says, code, problems)
		}
	}
	must(t, "meter", guest, "-o", out) // no manifest at all: the module alone
	must(t, "verify", out)
	fails(t, 2, "without a manifest", "score", out, "--rows", guest)
	put(t, filepath.Join(dir, "manifest.json"), oneColumn)
	fails(t, 1, "does not score", "meter", guest, "-o", out) // it is taken, and this guest answers one row only
}
