package rulebook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// TestGroups: what people write is what is watched, and what they don't write is
// filled in.
func TestGroups(t *testing.T) {
	book, err := ruled(`- {id: a, kind: active}
fairness:
- {id: local, items: {item.attr.supplier: local}}
- {id: seniors, customers: {profile.age: {$gte: 65}}, tolerance: 0.9, least: 200, window: 168h}
- {id: early, customers: "{\"time.hour\": {\"$lt\": 9}}"}
`, "")
	if err != nil {
		t.Fatal(err)
	}
	type group struct {
		ID        string
		Items     bool
		Tolerance float64
		Least     int
		Window    time.Duration
		Paths     []string
	}
	var got []group
	for _, g := range book.Fairness {
		when := g.Customers
		if g.OfItems() {
			when = g.Items
		}
		got = append(got, group{g.ID, g.OfItems(), g.Tolerance, g.Least, g.Window, when.Paths()})
	}
	want := []group{
		{"local", true, 0.8, 100, 24 * time.Hour, []string{"item.attr.supplier"}},
		{"seniors", false, 0.9, 200, 168 * time.Hour, []string{"profile.age"}},
		{"early", false, 0.8, 100, 24 * time.Hour, []string{"time.hour"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if keys := book.Fairness[0].Paths(); len(keys) != 1 || len(book.Fairness[1].Paths()) != 1 {
		t.Error("Paths are not those of the condition")
	}
}

// TestGroupFaults: what a group says wrongly is told where it was written, with what
// to write.
func TestGroupFaults(t *testing.T) {
	for group, want := range map[string]string{
		"id: a": "fairness[0]: say either items or customers",
		"id: a, items: {item.brand: b}, customers: {time.hour: 1}":         "fairness[0]: say either items or customers",
		"id: a, items: {context.weather: rain}":                            "fairness[0].items: context.weather is not about items; make it a group of customers",
		"id: a, customers: {item.brand: b}":                                "fairness[0].customers: item.brand is about items; make it a group of items",
		"id: a, customers: {profile.ages: 1}":                              "fairness[0].customers: profile.ages is not declared in features.yaml",
		"id: a, customers: {}":                                             "fairness[0].customers: demands nothing; remove it",
		"id: a, customers: {time.hour: {$lees: 1}}":                        `fairness[0].customers.time.hour.$lees: unknown operator "$lees"`,
		"id: A Group, items: {item.brand: b}":                              "fairness[0].id: must be 1 to 64 of",
		"items: {item.brand: b}":                                           "fairness[0].id: is missing",
		"id: a, items: {item.brand: b}, least: 9":                          "fairness[0].least: must be at least 10",
		"id: a, items: {item.brand: b}, tolerance: 1":                      "fairness[0].tolerance: must be below 1",
		"id: a, items: {item.brand: b}, window: 1s":                        "fairness[0].window: must be at least 60",
		"id: a, items: {item.brand: b}, over: 1h":                          "fairness[0].over: unknown key; use one of id items customers",
		"id: a, items: {item.brand: b}}\n- {id: a, items: {item.brand: c}": `fairness[1]: "a" is there twice`,
	} {
		_, err := ruled("- {id: r, kind: active}\nfairness:\n- {"+group+"}\n", "")
		faults, _ := err.(rulebook.Faults)
		if len(faults) != 1 || !strings.Contains(faults[0].String(), want) || faults[0].Line < 6 {
			t.Errorf("%s: %v; want %s", group, err, want)
		}
	}
}
