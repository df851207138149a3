package rules

import (
	"iter"
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
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

// Offer is the id of the offer that gives a place its price, "" for none.
func (v *View) Offer(place int) string {
	if v.offer == nil || v.offer[place] == 0 {
		return ""
	}
	return v.book.offers[v.offer[place]-1].Id
}

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

// applyOffers gives items their prices after the running offers, and returns the
// places of those that any of them is for.
func (v *View) applyOffers(now int64) (running bitmap.Bits) {
	running = bitmap.New(v.Len())
	for k := range v.book.offers {
		o := &v.book.offers[k]
		if !o.runs(now) {
			continue
		}
		if v.offer == nil {
			v.offer = make([]int32, v.Len())
			v.Gross, v.Net = slices.Clone(v.Snapshot.Gross), slices.Clone(v.Snapshot.Net)
		}
		for i := range v.covered(o) {
			running.Set(i)
			v.lower(i, k)
		}
	}
	return running
}

// covered yields the places that an offer is for.
func (v *View) covered(o *offer) iter.Seq[int] {
	return func(yield func(int) bool) {
		switch o.Kind {
		case "category":
			low, high := v.Category.Names.Below(o.Target)
			v.where(v.Category, low, high, yield)
		case "brand":
			if id, ok := v.Brand.Names.ID(o.Target); ok {
				v.where(v.Brand, id, id+1, yield)
			}
		default:
			for _, place := range v.Places(o.targets) {
				if !yield(int(place)) {
					return
				}
			}
		}
	}
}

func (v *View) where(c catalogue.Column, low, high uint32, yield func(int) bool) {
	for i, id := range c.IDs {
		if id >= low && id < high && !yield(i) {
			return
		}
	}
}

// lower gives place i the price of offer k, if that is better than what it has.
func (v *View) lower(i, k int) {
	o := &v.book.offers[k]
	gross := v.Snapshot.Gross[i]
	switch {
	case o.Price == nil:
		gross = item.Discounted(gross, o.Percent)
	case o.Price.Currency == v.Currency.At(i):
		gross = o.Price.Amount
	}
	if gross >= v.Snapshot.Gross[i] {
		return
	}
	if has := v.offer[i]; has > 0 {
		had := &v.book.offers[has-1]
		if best(priced{gross, o.Priority, o.place}, priced{v.Gross[i], had.Priority, had.place}) >= 0 {
			return
		}
	}
	v.offer[i] = int32(k) + 1
	v.Gross[i], v.Net[i] = gross, item.Net(gross, v.TaxRate[i])
}
