package rulebook_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

const grouped = `version: 0
groups:
  staff_picks: ["04006381333931", b]
  numbers: [1, 2.5]
  empty: []
  saved: {type: list, attributeKey: profile.city, values: [Bonn, Ulm]}
  wet: {type: condition, condition: {context.weather: {$in: [rain, snow]}, profile.age: {$gte: 18}}}
rules:
  - {id: picked, kind: exclude, unless: {item.id: {$inGroup: staff_picks}}}
  - {id: far, kind: exclude, when: {context.distance: {$notInGroup: numbers}, $savedGroup: {id: wet}}}
  - {id: home, kind: exclude, when: {$savedGroup: {id: saved}}}
  - {id: never, kind: exclude, when: {site.id: {$inGroup: empty}}}
`

const features = `version: 0
features:
  - {name: age, scope: context, kind: dense, source: profile.age, purpose: personalised_offers}
  - {name: city, scope: context, kind: hashed, source: profile.city, purpose: personalised_offers}
`

func slotsWith(more string) string {
	return "version: 0\nsalt: " + strings.Repeat("3f", 32) + "\nslots:\n  - id: hero\n    kind: offer\n    reward: {weights: {click: 1}}\n" + more
}

func parseGroups(slots, rules string) (*rulebook.Rulebook, error) {
	return rulebook.Parse(rulebook.Files{Slots: []byte(slots), Rules: []byte(rules), Features: []byte(features), Purpose: func(string) bool { return true }})
}

// Conditions of rules, promoted items and offers know the groups of rules.yaml, of
// values and of conditions.
func TestGroupsOfConditions(t *testing.T) {
	book, err := parseGroups(slotsWith("    promoted: {share: 0.5, where: {item.id: {$inGroup: staff_picks}}}\n"), grouped)
	if err != nil {
		t.Fatal(err)
	}
	eval := func(c *condition.Condition, said map[string]condition.Value) condition.Outcome {
		var values []condition.Value
		for _, p := range c.Paths() {
			values = append(values, said[p])
		}
		return c.Eval(values)
	}
	if _, column, err := book.CheckCampaign(rulebook.Campaign{Condition: `{"time.weekday": "monday"}`}); err == nil || column != "condition" || err.Error() != "time.weekday is a whole number from 0 to 6, so this never holds" {
		t.Errorf("%s: %v", column, err)
	}
	offers, _, err := book.CheckCampaign(rulebook.Campaign{Condition: `{"item.id": {"$inGroup": "staff_picks"}}`})
	if err != nil {
		t.Fatal(err)
	}
	text, number := condition.Text, condition.Number
	for name, c := range map[string]struct {
		c    *condition.Condition
		said map[string]condition.Value
		want condition.Outcome
	}{
		"in the list":           {book.Rules[0].Unless.Condition, map[string]condition.Value{"item.id": text("04006381333931")}, condition.True},
		"not in it":             {book.Rules[0].Unless.Condition, map[string]condition.Value{"item.id": text("c")}, condition.False},
		"of a slot":             {book.Slots[0].Promoted.Where.Condition, map[string]condition.Value{"item.id": text("b")}, condition.True},
		"of an offer":           {offers, map[string]condition.Value{"item.id": text("b")}, condition.True},
		"no number of them":     {book.Rules[1].When.Condition, map[string]condition.Value{"context.distance": number(3), "context.weather": text("rain"), "profile.age": number(18)}, condition.True},
		"one of the numbers":    {book.Rules[1].When.Condition, map[string]condition.Value{"context.distance": number(2.5), "context.weather": text("rain"), "profile.age": number(18)}, condition.False},
		"outside the condition": {book.Rules[1].When.Condition, map[string]condition.Value{"context.distance": number(3), "context.weather": text("sun"), "profile.age": number(18)}, condition.False},
		"a withheld field":      {book.Rules[1].When.Condition, map[string]condition.Value{"context.distance": number(3), "context.weather": text("rain"), "profile.age": condition.Withhold()}, condition.Withheld},
		"a city":                {book.Rules[2].When.Condition, map[string]condition.Value{"profile.city": text("Ulm")}, condition.True},
		"of nothing":            {book.Rules[3].When.Condition, map[string]condition.Value{"site.id": text("")}, condition.False},
	} {
		if got := eval(c.c, c.said); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What is wrong with a group, or with its name where it is used, is told once, where it
// stands, with what there is instead.
func TestFaultsOfGroups(t *testing.T) {
	_, err := parseGroups(slotsWith("    promoted: {share: 0.5, where: {item.id: {$inGroup: staf}}}\n"), `version: 0
lists: [labels, labels, item.attr.x]
groups:
  staff: [a]
  Staff: [a]
  deep: [[a]]
  text: a
  wrong: {type: condition, condition: {item.brand: {$lees: 5}}}
  circle: {type: condition, condition: {$savedGroup: {id: circle}}}
  path: {type: condition, condition: {profile.nothing: 1}}
rules:
  - {id: a, kind: exclude, unless: {item.id: {$inGroup: stuff}}}
  - {id: b, kind: exclude, unless: {item.id: {$inGroup: deep}}}
  - {id: c, kind: exclude, when: {$savedGroup: {id: path}}}
`)
	want := []string{
		`slots.yaml:7: slots[0].promoted.where.item.id.$inGroup: there is no group "staf"; there are Staff, circle, deep, path, staff, text, wrong`,
		`rules.yaml:2: lists[1]: "labels" is there twice`,
		`rules.yaml:2: lists[2]: must be the name of an attribute, as the items have it, such as labels`,
		`rules.yaml:5: groups.Staff: its name must be 1 to 64 of a-z 0-9 _ . -, not starting with a sign`,
		`rules.yaml:6: groups.deep: needs a list of single values`,
		`rules.yaml:7: groups.text: "text" is no group of values`,
		`rules.yaml:8: groups.wrong: unknown operator "$lees"`,
		`rules.yaml:9: groups.circle: group "circle" contains itself`,
		`rules.yaml:12: rules[0].unless.item.id.$inGroup: there is no group "stuff"; there are Staff, circle, deep, path, staff, text, wrong`,
		`rules.yaml:14: rules[2].when: profile.nothing is not declared in features.yaml`,
	}
	var got []string
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			if line, _, ok := strings.Cut(line, "; known"); ok || strings.Contains(line, "features.yaml;") {
				line, _, _ = strings.Cut(line, "; give")
				got = append(got, line)
				continue
			}
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := parseGroups(slotsWith(""), "version: 0\nrules: [{id: a, kind: exclude, unless: {item.id: {$inGroup: x}}}]\n"); err == nil || !strings.Contains(err.Error(), `there is no group "x", nor any other`) {
		t.Error(err)
	}
}
