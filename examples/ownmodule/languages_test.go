package ownmodule

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/sdk"
	"github.com/aisle-edge/aisle/modules/sdk/sdktest"
)

// TestEveryLanguageDecides goes with the project of each language, untouched, all
// the way that its README tells, and into an agent.
func TestEveryLanguageDecides(t *testing.T) {
	for _, lang := range sdk.Languages() {
		t.Run(lang, func(t *testing.T) {
			sdktest.Need(t, lang)
			dir := filepath.Join(t.TempDir(), "first")
			call(t, "aisle-module", "new", "--lang", lang, dir)
			sdktest.Build(t, lang, dir)
			scorer := filepath.Join(dir, "first.wasm")
			call(t, "aisle-module", "meter", filepath.Join(dir, "guest.wasm"), "--manifest", filepath.Join(dir, "manifest.json"), "-o", scorer)
			call(t, "aisle-module", "verify", scorer)
			call(t, "aisle-module", "test", scorer)
			samples := read(t, filepath.Join(dir, "rows.csv"))
			agrees(t, call(t, "aisle-module", "score", scorer, "--rows", filepath.Join(dir, "rows.csv")), samples)
			n := serve(t, folder(t, templateFolder, scorer))
			n.put(templateItems(samples))
			for i, s := range samples {
				context := map[string]float64{}
				if s["temperature"] != "" {
					context["temperature"] = number(t, s["temperature"])
				}
				a := n.decide("shelf", fmt.Sprint("row-", i), context)
				scored(t, fmt.Sprint("row ", i), a, number(t, s["value"]), 0.1)
			}
		})
	}
}

// templateFolder declares the columns of the template's manifest.
var templateFolder = map[string]string{
	"slots.yaml": `version: 0
salt: 7c1f0a86e95d4cc0b23b0d1bb9c2f6a1d87e64f03e5a9c2b1108f7d6e4a3b592
slots:
  - {id: shelf, kind: content, source: {actions: true}, model: first, reward: {weights: {click: 1}}}
`,
	"rules.yaml": "version: 0\nrules: []\n",
	"features.yaml": `version: 0
features:
  - {name: temperature, scope: context, kind: dense, source: context.temperature}
  - {name: margin, scope: item, kind: dense, source: item.margin}
  - {name: popularity, scope: item, kind: dense, source: item.attr.popularity}
  - {name: chilled, scope: item, kind: dense, source: item.attr.chilled}
  - {name: category, scope: item, kind: hashed, source: item.category}
`,
	"offers.csv": "id,title,kind,target\n",
}

// folder writes a release folder with a scorer file.
func folder(t *testing.T, files map[string]string, scorer string) string {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile(scorer)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(scorer)), b, 0o600)
	}
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// templateItems are goods with the values of the rows: a margin is made of price
// and cost.
func templateItems(rows []map[string]string) string {
	var b strings.Builder
	b.WriteString("id,title,category,price,currency,tax_rate,cost,popularity,chilled\n")
	for i, r := range rows {
		cost := ""
		if m, err := strconv.ParseFloat(r["margin"], 64); err == nil {
			cost = strconv.Itoa(int(math.Round(400 * (1 - m))))
		}
		fmt.Fprintf(&b, "row-%d,Row %d,%s,400,EUR,0,%s,%s,%s\n", i, i, r["category"], cost, r["popularity"], r["chilled"])
	}
	return b.String()
}

// agrees compares what aisle-module scores, a line each, with the last column.
func agrees(t *testing.T, lines string, rows []map[string]string) {
	t.Helper()
	got := strings.Fields(lines)
	if len(got) != len(rows) {
		t.Fatalf("%d rows are scored by %q", len(rows), lines)
	}
	for i, r := range rows {
		want := r["value"] + r["worth"] // one of them is there
		if math.Abs(number(t, got[i])-number(t, want)) > 1e-6 {
			t.Errorf("row %d scores %s, want %s", i, got[i], want)
		}
	}
}

// read is a CSV file by column.
func read(t *testing.T, name string) (rows []map[string]string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil || len(table) < 2 {
		t.Fatal(name, len(table), err)
	}
	for _, line := range table[1:] {
		row := map[string]string{}
		for i, v := range line {
			row[table[0][i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
