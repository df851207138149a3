package rules

import (
	"strings"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// keep takes out of places the items for which a condition over items does not
// hold. Prices are those after the offers that hold for everybody.
func (v *View) keep(c *condition.Condition, places bitmap.Bits) {
	columns := make([]condition.Column, len(c.Paths()))
	for i, path := range c.Paths() {
		columns[i] = v.column(path)
	}
	c.Keep(places, columns)
}

func (v *View) column(path string) condition.Column {
	_, key, _ := strings.Cut(path, ".")
	switch key {
	case "brand":
		return condition.Column{IDs: v.Brand.IDs, Names: v.Brand.Names}
	case "category":
		return condition.Column{IDs: v.Category.IDs, Names: v.Category.Names}
	}
	if attribute, ok := strings.CutPrefix(key, "attr."); ok {
		if column, ok := v.Attribute(attribute); ok {
			return condition.Column{IDs: column.IDs, Names: column.Names}
		}
	}
	return condition.Column{At: func(place int) condition.Value { return v.value(path, place) }}
}

// value is what a path leads to of the item at a place; what an item does not have
// is missing, and of what is no item nothing may be taken for known.
func (v *View) value(path string, place int) condition.Value {
	if place == Nowhere {
		return condition.Withhold()
	}
	_, key, _ := strings.Cut(path, ".")
	said := ""
	switch key {
	case "id":
		said = v.ID(place)
	case "brand":
		said = v.Brand.At(place)
	case "category":
		said = v.Category.At(place)
	case "department":
		said = above(v.Category.At(place), 1)
	case "price":
		return condition.Number(float64(v.Gross[place]))
	default:
		if column, ok := v.Attribute(strings.TrimPrefix(key, "attr.")); ok {
			said = column.At(place)
		}
	}
	if said == "" {
		return condition.Value{}
	}
	return condition.Text(said)
}
