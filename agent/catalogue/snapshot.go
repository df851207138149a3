package catalogue

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// The statuses of an item besides [rulebook.StatusActive].
const (
	Hidden       uint8 = 1
	Discontinued uint8 = 2
)

// Snapshot is all items at one time, by place. Its columns are for reading.
type Snapshot struct {
	Version uint64 // the same for the same items in the same order, on every node

	Hash     []uint64 // xxhash64 of the id
	Status   []uint8
	Gross    []int64 // price in minor units, with tax
	Net      []int64 // without
	Cost     []int64 // net, or rulebook.UnknownCost
	TaxRate  []float64
	Currency Column
	Brand    Column
	Category Column // paths with /

	attributes map[string]Column
	ids        []string
	digests    []uint64 // xxhash64 of each row
	places     []uint32 // place+1 by hash, open addressing; 0: free
}

// Len is the number of places.
func (s *Snapshot) Len() int { return len(s.ids) }

// ID is the id of the item at place i.
func (s *Snapshot) ID(i int) string { return s.ids[i] }

// Place is where the item is in the columns, if there is such an item.
func (s *Snapshot) Place(id string) (place int, ok bool) {
	return s.find(xxhash.Sum64String(id), func(i int) bool { return s.ids[i] == id })
}

// PlaceOf is Place for who knows only the xxhash64 of the id.
func (s *Snapshot) PlaceOf(hash uint64) (place int, ok bool) {
	return s.find(hash, func(int) bool { return true })
}

func (s *Snapshot) find(hash uint64, same func(int) bool) (place int, ok bool) {
	mask := uint64(len(s.places) - 1)
	for at := hash & mask; len(s.places) > 0 && s.places[at] != 0; at = (at + 1) & mask {
		if i := int(s.places[at]) - 1; s.Hash[i] == hash && same(i) {
			return i, true
		}
	}
	return 0, false
}

// Attribute is the column of an attribute that was declared with
// [Catalogue.SetAttributes].
func (s *Snapshot) Attribute(key string) (Column, bool) {
	c, ok := s.attributes[key]
	return c, ok
}

// Select gives the places of the items a slot's source selects, ascending. An
// item that is discontinued is no candidate. It costs some microseconds a
// thousand items, so it is kept for as long as the snapshot is current.
func (s *Snapshot) Select(from rulebook.Catalogue) []uint32 {
	category := s.Category.matching(from.Categories, Names.Below)
	brand := s.Brand.matching(from.Brands, Names.exactly)
	var places []uint32
	for i := range s.Len() {
		if from.Limit > 0 && len(places) == from.Limit {
			break
		}
		if s.Status[i] != Discontinued && category(i) && brand(i) {
			places = append(places, uint32(i))
		}
	}
	return places
}

// Places gives the places of the items that are known, ascending, each once.
func (s *Snapshot) Places(ids []string) []uint32 {
	var places []uint32
	for _, id := range ids {
		if i, ok := s.Place(id); ok {
			places = append(places, uint32(i))
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// matching tells of an item whether its text is in one of the ranges; without
// texts, every item's is.
func (c Column) matching(texts []string, span func(Names, string) (low, high uint32)) func(i int) bool {
	if len(texts) == 0 {
		return func(int) bool { return true }
	}
	in := bitmap.New(len(c.Names))
	for _, text := range texts {
		for low, high := span(c.Names, text); low < high; low++ {
			in.Set(int(low))
		}
	}
	return func(i int) bool { return in.Has(int(c.IDs[i])) }
}

func (n Names) exactly(text string) (low, high uint32) {
	id, ok := n.ID(text)
	if !ok {
		return 0, 0
	}
	return id, id + 1
}
