package rules

import (
	"cmp"
	"log/slog"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// offer is one of the slot's.
type offer struct {
	*wire.Offer
	place   int // in the file
	targets []string
}

// addOffers keeps those of the slot that can run at all.
func (b *Book) addOffers(offers []*wire.Offer) {
	for i, o := range offers {
		if (o.Slot == "" || o.Slot == b.slot.ID) && keepable(o) {
			b.offers = append(b.offers, offer{o, i, item.Targets(o)})
		}
	}
}

// keepable tells whether an offer can run at all.
func keepable(o *wire.Offer) bool {
	if o.Condition != "" || o.Cadence != "" || o.Budget != 0 {
		slog.Warn("an offer does not run: conditions, cadences and budgets are not kept to yet", "offer", o.Id)
		return false
	}
	return o.Status == "active"
}

func (o *offer) runs(now int64) bool {
	return now >= o.StartsMs && (o.EndsMs == 0 || now < o.EndsMs)
}

// steady is the time around now in which no offer starts or ends: from the first
// up to, but without, the second.
func (b *Book) steady(now int64) (from, until int64) {
	until = 1<<63 - 1
	for i := range b.offers {
		for _, at := range []int64{b.offers[i].StartsMs, b.offers[i].EndsMs} {
			if at > now {
				until = min(until, at)
			} else {
				from = max(from, at)
			}
		}
	}
	return from, until
}

// capOffers removes what is on an offer that this person has seen often enough.
func (c *Candidates) capOffers(dst *Allowed, person []attribution.Entry) (removed int) {
	b, v := c.View.book, c.View
	if v.offer == nil || len(person) == 0 {
		return 0
	}
	for k := range b.offers {
		o := &b.offers[k]
		if o.PerPersonCap == 0 {
			continue
		}
		removed += c.limit(dst, &dst.saw[0], o.PerPersonCap, func(e *attribution.Entry, i int) bool {
			place := c.Places[i]
			return place != Nowhere && v.offer[place] == int32(k)+1 && e.Slot == b.key && e.At >= o.StartsMs
		})
	}
	return removed
}

// offerGroup counts together what is on the same offer; nil: none runs.
func (v *View) offerGroup() *grouping { return v.onOffer }

// offerBegan is when an offer of the book began.
func (v *View) offerBegan(k int) int64 { return v.book.offers[k].StartsMs }

// best orders offers for one item: lowest price, higher priority, first.
func best(a, b priced) int {
	return cmp.Or(cmp.Compare(a.gross, b.gross), -cmp.Compare(a.priority, b.priority), cmp.Compare(a.place, b.place))
}

type priced struct {
	gross    int64
	priority int32
	place    int
}
