package rules

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// keep takes out of places the items for which a condition over items does not
// hold. Prices are those after the offers that hold for everybody.
func (v *View) keep(c *condition.Condition, places bitmap.Bits) { c.Keep(places, v.columnsOf(c)) }

// columnsOf are what the paths of a condition lead to; for those that are not about
// items they are of no use.
func (v *View) columnsOf(c *condition.Condition) []condition.Column {
	columns := make([]condition.Column, len(c.Paths()))
	for i, path := range c.Paths() {
		columns[i] = v.column(path)
	}
	return columns
}

// column is what a path leads to of each item; what an item does not have is
// missing.
func (v *View) column(path string) condition.Column {
	_, key, _ := strings.Cut(path, ".")
	switch key {
	case "id":
		return condition.Column{At: func(place int) condition.Value { return condition.Text(v.ID(place)) }}
	case "brand":
		return condition.Column{IDs: v.Brand.IDs, Names: v.Brand.Names}
	case "category":
		return condition.Column{IDs: v.Category.IDs, Names: v.Category.Names}
	case "department":
		names := make([]string, len(v.Category.Names))
		for id, path := range v.Category.Names {
			names[id] = above(path, 1)
		}
		return condition.Column{IDs: v.Category.IDs, Names: names}
	case "price":
		return condition.Column{At: func(place int) condition.Value { return condition.Number(float64(v.Gross[place])) }}
	}
	attribute := strings.TrimPrefix(key, "attr.")
	if column, ok := v.Attribute(attribute); ok && slices.Contains(v.book.lists, attribute) {
		return condition.Column{IDs: column.IDs, Values: lists(column.Names)}
	} else if ok {
		return condition.Column{IDs: column.IDs, Names: column.Names}
	}
	return condition.Column{At: func(int) condition.Value { return condition.Value{} }}
}

// lists are texts as lists of their words, without the spaces around them; an empty
// text is no list.
func lists(texts []string) []condition.Value {
	all := make([]condition.Value, len(texts))
	for i, text := range texts {
		if text == "" {
			continue
		}
		words := strings.Split(text, "|")
		for k := range words {
			words[k] = strings.TrimSpace(words[k])
		}
		all[i] = condition.Texts(slices.DeleteFunc(words, func(w string) bool { return w == "" }))
	}
	return all
}
