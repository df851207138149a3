package catalogue

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
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

// change is what the columns take from an item's row.
type change struct {
	place      uint32
	digest     uint64 // xxhash64 of the row
	id         string
	status     uint8
	gross      int64
	taxRate    float64
	cost       int64
	currency   string
	brand      string
	category   string
	attributes []string // in the order of the keys that have columns
}

// with is the snapshot after some items changed or came in.
func (s *Snapshot) with(changes []change, attributes []string) *Snapshot {
	n := s.Len()
	for _, c := range changes {
		n = max(n, int(c.place)+1)
	}
	next := &Snapshot{
		Hash: grown(s.Hash, n), Status: grown(s.Status, n), TaxRate: grown(s.TaxRate, n),
		Gross: grown(s.Gross, n), Net: grown(s.Net, n), Cost: grown(s.Cost, n),
		ids: grown(s.ids, n), digests: grown(s.digests, n), places: s.places, attributes: map[string]Column{},
	}
	for i := s.Len(); i < n; i++ {
		next.Status[i] = Discontinued // a place that lost its row is never shown
	}
	places := make([]uint32, len(changes))
	for j := range changes {
		next.set(&changes[j])
		places[j] = changes[j].place
	}
	text := func(column Column, of func(*change) string) Column {
		texts := make([]string, len(changes))
		for j := range changes {
			texts[j] = of(&changes[j])
		}
		return column.with(n, places, texts)
	}
	next.Currency = text(s.Currency, func(c *change) string { return c.currency })
	next.Brand = text(s.Brand, func(c *change) string { return c.brand })
	next.Category = text(s.Category, func(c *change) string { return c.category })
	for k, key := range attributes {
		next.attributes[key] = text(s.attributes[key], func(c *change) string { return c.attributes[k] })
	}
	if n > s.Len() {
		next.index()
	}
	next.Version = version(next.digests)
	return next
}

func grown[T any](column []T, n int) []T {
	out := make([]T, n)
	copy(out, column)
	return out
}

func (s *Snapshot) set(c *change) {
	i := c.place
	s.ids[i], s.Hash[i], s.digests[i] = c.id, xxhash.Sum64String(c.id), c.digest
	s.Status[i], s.TaxRate[i], s.Cost[i] = c.status, c.taxRate, c.cost
	s.Gross[i], s.Net[i] = c.gross, item.Net(c.gross, c.taxRate)
}

func status(text string) uint8 {
	switch text {
	case "active":
		return rulebook.StatusActive
	case "hidden":
		return Hidden
	}
	return Discontinued
}

// index makes places anew, at most half full.
func (s *Snapshot) index() {
	size := 8
	for size < 2*s.Len() {
		size *= 2
	}
	s.places = make([]uint32, size)
	for i, hash := range s.Hash {
		if s.ids[i] == "" {
			continue
		}
		at := hash & uint64(size-1)
		for s.places[at] != 0 {
			at = (at + 1) & uint64(size-1)
		}
		s.places[at] = uint32(i) + 1
	}
}

func version(digests []uint64) uint64 {
	b := make([]byte, 0, 8*len(digests))
	for _, d := range digests {
		b = binary.LittleEndian.AppendUint64(b, d)
	}
	return max(1, xxhash.Sum64(b)) // 0 is no catalogue
}
