package catalogue

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
)

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
