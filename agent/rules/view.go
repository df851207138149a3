package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// View is what a slot's release and a snapshot of the catalogue say together,
// from one time until an offer starts or ends. It does not change.
type View struct {
	*catalogue.Snapshot
	Gross []int64 // prices after the offers, by place
	Net   []int64

	book   *Book
	from   int64
	until  int64
	offer  []int32       // by place: in the book's offers, from 1; nil: none runs
	drops  []bitmap.Bits // by static rule: the places it removes
	source *Candidates   // nil: the caller gives them
}

func (v *View) holds(s *catalogue.Snapshot, now int64) bool {
	return v != nil && v.Snapshot == s && now >= v.from && now < v.until
}

// Source is the slot's own candidates, nil where only the caller gives any.
func (v *View) Source() *Candidates { return v.source }

func (b *Book) build(s *catalogue.Snapshot, now int64) *View {
	v := &View{Snapshot: s, Gross: s.Gross, Net: s.Net, book: b}
	v.from, v.until = b.steady(now)
	running := v.applyOffers(now)
	n := s.Len()
	columns := rulebook.Columns{
		Status: s.Status, NetPrice: v.Net, NetCost: s.Cost,
		Category: s.Category.IDs, Categories: s.Category.Names, Brand: s.Brand.IDs, Brands: s.Brand.Names,
		Place: s.Place,
	}
	all := bitmap.New(n)
	all.Fill(n)
	for i := range b.static {
		left := slices.Clone(all)
		b.static[i].Apply(&columns, left)
		drop := slices.Clone(all)
		drop.AndNot(left)
		v.drops = append(v.drops, drop)
	}
	if !b.slot.Source.Actions {
		v.source = newSource(v, b.places(s, running))
	}
	return v
}

// maxCandidates is how many a slot's own source gives at most.
const maxCandidates = 10_000

// places are the slot's own candidates, ascending.
func (b *Book) places(s *catalogue.Snapshot, running bitmap.Bits) []uint32 {
	var places []uint32
	switch from := b.slot.Source; {
	case from.Catalogue != nil:
		places = s.Select(*from.Catalogue)
	case from.Offers:
		for i := range running.All() {
			if s.Status[i] != catalogue.Discontinued {
				places = append(places, uint32(i))
			}
		}
	default:
		places = s.Places(from.Items)
	}
	return places[:min(len(places), maxCandidates)]
}
