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
	switch c.key {
	case "price":
		return func(i int) float32 { return c.number(float64(v.Gross[i])) }
	case "margin":
		return func(i int) float32 {
			if v.Cost[i] == rulebook.UnknownCost || v.Net[i] <= 0 {
				return missing
			}
			return c.number(float64(v.Net[i]-v.Cost[i]) / float64(v.Net[i]))
		}
	case "discount":
		return func(i int) float32 {
			if v.Snapshot.Gross[i] <= 0 {
				return missing
			}
			return c.number(1 - float64(v.Gross[i])/float64(v.Snapshot.Gross[i]))
		}
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
