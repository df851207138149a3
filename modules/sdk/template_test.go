package sdk_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/sdk"
)

// TestSampleRowsAreTrue: a project's manifest is of the template's shape, and the
// answers beside its sample rows are those of the template.
func TestSampleRowsAreTrue(t *testing.T) {
	dir, m := begun(t)
	if s, err := m.Frame(); err != nil || s != template.shape || m.Family != bundle.FamilyOwn {
		t.Fatalf("the manifest is of %+v, %v", s, err)
	}
	file, err := os.Open(filepath.Join(dir, "rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil || len(table) < 6 {
		t.Fatal(table, err)
	}
	for i, c := range m.Columns {
		if table[0][i] != c.Name || table[0][len(m.Columns)] != m.Heads[0] {
			t.Fatalf("sample rows have the columns %q", table[0])
		}
	}
	for _, line := range table[1:] {
		f := sampleRow(t, m.Columns, line)
		want, err := strconv.ParseFloat(line[len(m.Columns)], 64)
		if err != nil {
			t.Fatal(err)
		}
		or, id := row(f, 0)
		mean := 0.0
		for _, v := range template.terms(0, or, id) {
			mean += v
		}
		if math.Abs(mean-want) > 1e-6 {
			t.Errorf("%q: the template answers %v", line, mean)
		}
	}
}

// TestTemplateColumnsCanBeDeclared: a features.yaml that says of the columns what
// the manifest says is sound, and fits the manifest.
func TestTemplateColumnsCanBeDeclared(t *testing.T) {
	_, m := begun(t)
	var b strings.Builder
	b.WriteString("version: 0\nfeatures:\n")
	for _, c := range m.Columns {
		fmt.Fprintf(&b, "  - {name: %s, scope: %s, kind: %s, source: %s}\n", c.Name, c.Scope, c.Kind, c.Source)
	}
	book, err := rulebook.ParseFeatures([]byte(b.String()), func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if misfits := m.Adopt(book); len(misfits) > 0 {
		t.Error(misfits)
	}
}

// begun is a new project and its manifest.
func begun(t *testing.T) (dir string, m bundle.Manifest) {
	t.Helper()
	dir = t.TempDir()
	if err := sdk.New("c", dir, "trial"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

// sampleRow is a frame of one row. An empty value is missing.
func sampleRow(t *testing.T, columns []bundle.Column, line []string) *abi.Frame {
	f, err := abi.New(template.shape, 1)
	if err != nil {
		t.Fatal(err)
	}
	var dense []float32
	for i, c := range columns {
		if c.Kind == bundle.KindHashed {
			f.Categorical(0, 0)[0] = 0
			if line[i] != "" {
				f.Categorical(0, 0)[0] = scoring.XX64.ID(c.Name, line[i])
			}
			continue
		}
		x, err := strconv.ParseFloat(line[i], 32)
		if err != nil {
			x = math.NaN()
		}
		dense = append(dense, float32(x))
	}
	f.ContextDense()[0] = dense[0]
	for i, x := range dense[1:] {
		f.Dense(0, i)[0] = x
	}
	return &f
}
