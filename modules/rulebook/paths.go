package rulebook

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// IsItemPath tells whether a path of a condition leads to an item's column.
func IsItemPath(path string) bool { return strings.HasPrefix(path, "item.") }

var (
	itemPaths = []string{"id", "brand", "category", "department", "price"}
	timePaths = []string{"hour", "minute", "weekday", "date"}
)

// problemOf says what is wrong with a path of a condition, "" for nothing.
// declared tells of which fields of a person there is a feature.
func problemOf(path string, declared func(field string) bool) string {
	origin, key, _ := strings.Cut(path, ".")
	attribute, isAttribute := strings.CutPrefix(key, "attr.")
	switch {
	case path == "basket" || path == "site.id":
	case origin == "item" && isAttribute && attribute != "":
		return attributeProblem(attribute)
	case origin == "item" && slices.Contains(itemPaths, key):
	case origin == "item":
		return "is no path: item. is followed by " + strings.Join(itemPaths, ", ") + " or attr.<key>"
	case origin == "time" && slices.Contains(timePaths, key):
	case origin == "time":
		return "is no path: time. is followed by " + strings.Join(timePaths, ", ")
	case origin == "context" && key != "":
	case origin == "profile" && key != "":
		if !declared(key) {
			return "is not declared in features.yaml; give it a feature with this source and its purpose"
		}
	default:
		return "is no path; use item., context., time., profile., site.id or basket"
	}
	return ""
}

// clock are the paths whose values are the whole numbers below a number.
var clock = []struct {
	path   string
	values int
}{{"time.hour", 24}, {"time.minute", 60}, {"time.weekday", 7}}

// never says which path of the clock a condition demands what it can't have of,
// such as a day that is written as a word; "" for none.
func never(c *condition.Condition) string {
	if alone := c.Split(func(p string) bool { return p == "time.date" }).Item; !alone.Always() && !slices.ContainsFunc(days(), func(day condition.Value) bool {
		return alone.Eval([]condition.Value{day}) == condition.True
	}) {
		return "time.date is a day such as 2026-03-08, as a text, so this never holds"
	}
	for _, of := range clock {
		alone := c.Split(func(p string) bool { return p == of.path }).Item
		if !alone.Always() && !possible(alone, of.values) {
			return fmt.Sprintf("%s is a whole number from 0 to %d, so this never holds", of.path, of.values-1)
		}
	}
	return ""
}

// textAsTruth says which path of a text a condition compares with true or false; "" for
// none. A text no would be as true as yes.
func textAsTruth(c *condition.Condition) string {
	for _, path := range c.Truths() {
		if IsItemPath(path) && path != "item.price" || path == "site.id" || path == "time.date" {
			return path + " is a text, and any text would be true; write what it says in quotes, such as \"yes\""
		}
	}
	return ""
}

// days are those that dates in conditions may be about.
var days = sync.OnceValue(func() (all []condition.Value) {
	for day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2120; day = day.AddDate(0, 0, 1) {
		all = append(all, condition.Text(day.Format(time.DateOnly)))
	}
	return all
})

// possible tells whether a condition of one path holds for one of its values.
func possible(c *condition.Condition, values int) bool {
	for n := range values {
		if c.Eval([]condition.Value{condition.Number(float64(n))}) == condition.True {
			return true
		}
	}
	return false
}
