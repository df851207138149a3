package rulebook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// whenFile is a file whose rules have conditions.
type whenFile struct {
	Rules []struct {
		When When `yaml:"when"`
	} `yaml:"rules"`
}

func readWhen(yaml string) (f whenFile, faults Faults) {
	var d decoder
	d.file("rules.yaml", []byte(yaml), &f)
	for i := range f.Rules {
		d.compile(&f.Rules[i].When, "rules["+string(rune('0'+i))+"].when", condition.Options{})
	}
	return f, d.sorted()
}

// TestConditionIsTheSameInYAMLAndJSON: a map of YAML, a text and a block of text.
func TestConditionIsTheSameInYAMLAndJSON(t *testing.T) {
	f, faults := readWhen(`rules:
  - when:
      context.weather: rain
      profile.age: {$gte: 18, $lt: 70.5}
      $or:
        - item.brand: {$in: [a, "8", 8, true, null]}
        - item.id: "04006381333931"
  - when: '{"context.weather": "rain", "profile.age": {"$gte": 18, "$lt": 70.5},
      "$or": [{"item.brand": {"$in": ["a", "8", 8, true, null]}}, {"item.id": "04006381333931"}]}'
  - when: |
      {"context.weather": "rain", "profile.age": {"$gte": 18, "$lt": 70.5},
       "$or": [{"item.brand": {"$in": ["a", "8", 8, true, null]}}, {"item.id": "04006381333931"}]}
`)
	if faults != nil {
		t.Fatal(faults)
	}
	want := f.Rules[0].When
	if diff := cmp.Diff([]string{"context.weather", "profile.age", "item.brand", "item.id"}, want.Paths()); diff != "" {
		t.Error(diff)
	}
	for i, r := range f.Rules[1:] {
		if !r.When.Said.Equal(want.Said) {
			t.Errorf("rule %d says something else: %v", i+1, r.When.Said)
		}
	}
}

// TestFaultsOfConditionsHaveTheirLines: where people wrote them.
func TestFaultsOfConditionsHaveTheirLines(t *testing.T) {
	_, faults := readWhen(`rules:
  - when:
      context.weather: rain
      $or:
        - item.brand: {$in: [a]}
        - item.price:
            $gt: 5
            $lees: 10
  - when: '{"a": {"$regex": "("}}'
  - when: '{"a": '
  - when:
      item.id: 0123
  - when: [a]
  - when:
`)
	var got []string
	for _, f := range faults {
		problem, _, _ := strings.Cut(f.String(), ";")
		got = append(got, problem)
	}
	want := []string{
		`rules.yaml:8: rules[0].when.$or[1].item.price.$lees: unknown operator "$lees"`,
		"rules.yaml:9: rules[1].when.a.$regex: is no RE2 pattern: missing closing )",
		"rules.yaml:10: rules[2].when: is not whole: the JSON ends too early",
		"rules.yaml:12: rules[3].when.item.id: must be a plain number",
		"rules.yaml:13: rules[4].when: must be a map of paths and what their values must be",
		"rules.yaml:14: rules[5].when: must be a map of paths and what their values must be",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
