package rules

import (
	"iter"
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/sync/item"
)

// Offer is the id of the offer that gives a place its price, "" for none.
func (v *View) Offer(place int) string {
	if v.offer == nil || v.offer[place] == 0 {
		return ""
	}
	return v.book.offers[v.offer[place]-1].Id
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

// groupOffers lets rules count together what is on the same offer.
func (v *View) groupOffers() {
	if v.offer == nil {
		return
	}
	v.onOffer = &grouping{make([]uint32, len(v.offer)), len(v.book.offers) + 1}
	for place, k := range v.offer {
		v.onOffer.of[place] = uint32(k)
	}
}
