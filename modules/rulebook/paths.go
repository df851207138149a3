package rulebook

import (
	"slices"
	"strings"
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
	case origin == "item" && (isAttribute && attribute != "" || slices.Contains(itemPaths, key)):
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
