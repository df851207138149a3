package condition_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// data is a file of the real data, or the test is skipped.
func data(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("AISLE_DATA")
	b, err := os.ReadFile(filepath.Join(dir, name))
	if dir == "" || err != nil {
		if os.Getenv("AISLE_REQUIRE") == "all" {
			t.Fatalf("%s is required; set AISLE_DATA to the folder that holds it (%v)", name, err)
		}
		t.Skipf("needs %s; set AISLE_DATA to the folder that holds it", name)
	}
	return b
}

func decode(t testing.TB, b []byte) condition.Value {
	t.Helper()
	v, err := condition.Decode(b)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}

// of evaluates c over a document.
func of(c *condition.Condition, document condition.Value) condition.Outcome {
	var values []condition.Value
	for _, p := range c.Paths() {
		values = append(values, document.Lookup(p))
	}
	return c.Eval(values)
}

// TestGrowthBookCases evaluates what GrowthBook's own SDKs are held to.
func TestGrowthBookCases(t *testing.T) {
	var file struct {
		EvalCondition [][]json.RawMessage `json:"evalCondition"`
	}
	if err := json.Unmarshal(data(t, "growthbook/cases.json"), &file); err != nil || len(file.EvalCondition) < 248 {
		t.Fatalf("%d cases, %v", len(file.EvalCondition), err)
	}
	for _, fields := range file.EvalCondition {
		groups := map[string]condition.Value{}
		if len(fields) > 4 {
			var lists map[string]json.RawMessage
			if err := json.Unmarshal(fields[4], &lists); err != nil {
				t.Fatal(err)
			}
			for name, l := range lists {
				groups[name] = decode(t, l)
			}
		}
		c, err := condition.Parse(fields[1], condition.Options{Groups: groups, Lenient: true})
		if err != nil {
			t.Errorf("%s: %v", fields[0], err)
			continue
		}
		want := condition.False
		if string(fields[3]) == "true" {
			want = condition.True
		}
		if got := of(c, decode(t, fields[2])); got != want {
			t.Errorf("%s: %s of %s is %v", fields[0], fields[1], fields[2], got)
		}
	}
}
