package features

import (
	"strings"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

func (c *column) eachDense(f *abi.Frame, of *rules.Candidates, number func(place int) float32) {
	for i, place := range of.Places {
		v := missing
		if place != rules.Nowhere {
			v = number(int(place))
		}
		f.Dense(i/abi.BlockRows, c.place)[i%abi.BlockRows] = v
	}
}

func (c *column) eachID(f *abi.Frame, of *rules.Candidates, id func(place int) uint32) {
	for i, place := range of.Places {
		v := uint32(0)
		switch {
		case place != rules.Nowhere:
			v = id(int(place))
		case c.key == "id":
			v = c.id(of.IDs[i]) // all that is known of it
		}
		f.Categorical(i/abi.BlockRows, c.place)[i%abi.BlockRows] = v
	}
}

// numberOfItem gives a dense column's value by place, that of a text from the
// numbers of the names.
func (c *column) numberOfItem(v *rules.View, numbers []float32) func(place int) float32 {
	if c.priced() {
		return func(i int) float32 { return c.ofPrice(v, i, v.Gross[i], v.Net[i]) }
	}
	texts := c.texts(v)
	return func(i int) float32 {
		if texts.IDs == nil {
			return missing
		}
		return numbers[texts.IDs[i]]
	}
}

// byMedian gives a price by the median regular one of its category.
func (c *column) byMedian(v *rules.View, medians []float64) func(place int) float32 {
	return func(i int) float32 {
		usual := medians[v.Category.IDs[i]]
		if usual <= 0 {
			return missing
		}
		return c.number(float64(v.Gross[i]) / usual)
	}
}

// priced tells whether a column says something of an item's price.
func (c *column) priced() bool {
	return c.origin == "item" && (c.key == "price" || c.key == "margin" || c.key == "discount")
}

// ofPrice is what such a column says of a place at a price.
func (c *column) ofPrice(v *rules.View, place int, gross, net int64) float32 {
	switch cost, regular := v.Cost[place], v.Snapshot.Gross[place]; {
	case c.key == "price":
		return c.number(float64(gross))
	case c.key == "margin" && cost != rulebook.UnknownCost && net > 0:
		return c.number(float64(net-cost) / float64(net))
	case c.key == "discount" && regular > 0:
		return c.number(1 - float64(gross)/float64(regular))
	}
	return missing
}

// numbersOf are a dense column's numbers of names.
func (c *column) numbersOf(names catalogue.Names) []float32 {
	numbers := make([]float32, len(names))
	for k, text := range names {
		numbers[k] = missing
		if x, ok := parseNumber(text); ok {
			numbers[k] = c.number(x)
		}
	}
	return numbers
}

// idOfItem gives a categorical column's value by place, that of a text from the ids
// of the names.
func (c *column) idOfItem(v *rules.View, ids []uint32) func(place int) uint32 {
	if c.key == "id" {
		return func(i int) uint32 { return c.id(v.ID(i)) }
	}
	texts := c.texts(v)
	return func(i int) uint32 {
		if texts.IDs == nil {
			return 0
		}
		return ids[texts.IDs[i]]
	}
}

// idsOf are a categorical column's ids of names.
func (c *column) idsOf(names catalogue.Names) []uint32 {
	ids := make([]uint32, len(names))
	for k, text := range names {
		if c.key == "department" {
			text, _, _ = strings.Cut(text, "/")
		}
		ids[k] = c.id(text)
	}
	return ids
}

// texts is the catalogue's column that a column reads; an attribute that the
// catalogue does not keep has none.
func (c *column) texts(v *rules.View) catalogue.Column {
	switch c.key {
	case "brand":
		return v.Brand
	case "category", "department":
		return v.Category
	}
	texts, _ := v.Attribute(strings.TrimPrefix(c.key, "attr."))
	return texts
}

func (c *column) onHand(dst []float32, of *rules.Candidates, cat *catalogue.Catalogue) {
	for i, place := range of.Places {
		dst[i] = missing
		if place != rules.Nowhere {
			dst[i] = c.number(float64(cat.OnHand(int(place))))
		}
	}
}
