package rules

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

const (
	// Unfulfilled counts what does not come the way that the request asks for.
	Unfulfilled = "fulfilment"
	// Fulfilment is the attribute by which an item says how it comes: words joined
	// by |, such as in_store|collect.
	Fulfilment = "fulfilment"
	// InStore is how an item comes that says nothing, while there is one.
	InStore = "in_store"
)

// Ways is what the item at a place says of how it comes; "" is nothing.
func (v *View) Ways(place int) string {
	column, ok := v.Attribute(Fulfilment)
	if !ok {
		return ""
	}
	return column.At(place)
}

// fulfil removes what does not come a way.
func (c *Candidates) fulfil(bits bitmap.Bits, way string, onHand func(place int) int64) (removed int) {
	if way == "" {
		return 0
	}
	way = strings.ToLower(way)
	column, ok := c.View.Attribute(Fulfilment)
	comes := make([]bool, len(column.Names))
	for id, words := range column.Names {
		comes[id] = slices.Contains(Words(words), way)
	}
	for i := range bits.All() {
		place := int(c.Places[i])
		switch {
		case place == Nowhere:
		case ok && column.At(place) != "":
			if comes[column.IDs[place]] {
				continue
			}
		case way == InStore && onHand != nil && onHand(place) > 0:
			continue
		}
		bits.Clear(i)
		removed++
	}
	return removed
}

// Words are those of a list that an attribute holds, joined by |.
func Words(text string) (words []string) {
	eachWord(text, func(word string) { words = append(words, word) })
	return words
}
