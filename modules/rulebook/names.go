package rulebook

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// counted are the names under which removals are counted that no rule made. A rule of
// such a name could not be told from them in why-not.
var counted = append(slices.Clone(removals), "not_found")

// ItemColumns are the columns of a catalogue that are no attributes.
var ItemColumns = strings.Fields(`id scheme title description brand category price currency tax_rate cost stock
	safety_stock status location image url`)

// attributeProblem says what is wrong with the name of an attribute, "" for nothing. No
// item would have the attribute, so that a rule about it would hold for none.
func attributeProblem(key string) string {
	switch {
	case key == "" || strings.HasPrefix(key, "item.") || nameProblem(key) != "":
		return "must be the name of an attribute, as the items have it, such as labels"
	case slices.Contains(ItemColumns, key):
		return "is a column of its own, and no attribute; choose one that is"
	}
	return ""
}

// nameProblem says what is wrong with a brand or the path of a category, "" for nothing.
// An empty category would be all of them; the others are none, for imports leave no
// spaces around names, and no empty steps.
func nameProblem(name string) string {
	switch {
	case strings.Trim(name, "/") == "":
		return "is no name; write one or remove it"
	case strings.TrimSpace(name) != name:
		return "has spaces around it; remove them"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a sign that can't be printed; remove it"
	}
	return ""
}

// nameable checks brands, or paths of categories.
func nameable(d *decoder, path string, names []string) {
	unique(d, path, names, func(name string) string { return name })
	for i, name := range names {
		problem := nameProblem(name)
		if problem == "" && strings.Contains(strings.Trim(name, "/"), "//") {
			problem = "has an empty step; write a path such as food/cheese"
		}
		if problem != "" {
			d.fault(fmt.Sprintf("%s[%d]", path, i), problem)
		}
	}
}

// identifiable checks ids of items, which imports take no others of.
func identifiable(d *decoder, path string, ids []string) {
	unique(d, path, ids, func(id string) string { return id })
	for i, id := range ids {
		if problem := idProblem(id); problem != "" {
			d.fault(fmt.Sprintf("%s[%d]", path, i), problem)
		}
	}
}

func idProblem(id string) string {
	if len(id) > maxID {
		return fmt.Sprintf("is no id: it has more than %d bytes", maxID)
	}
	return nameProblem(id)
}

// maxID is the length of an item's id.
const maxID = 256
