package rules

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Offer is an offer of a release, with what its columns say compiled.
type Offer struct {
	*wire.Offer
	Condition *condition.Condition // nil: none
	Cadence   item.Cadence
	Share     int64 // of its budget, what this node may give away by itself
}

// Once tells whether what counts is when a person redeemed it.
func (o *Offer) Once() bool { return o.Cadence.Once || o.Cadence.Every > 0 }

// offer is one of the slot's.
type offer struct {
	*Offer
	targets  []string
	personal bool                 // decided for each request
	person   bool                 // by what is known of a person
	item     *condition.Condition // what its condition says of items alone; nil: nothing
	request  *asked               // of the request alone
	mixed    *asked               // of both
	list     *asked               // that a person's list holds the offer
}

// addOffers keeps those of the slot.
func (b *Book) addOffers(offers []*Offer) {
	for _, o := range offers {
		if (o.Slot == "" || o.Slot == b.slot.ID) && o.Status == "active" {
			one := newOffer(o, &b.asks)
			b.offers = append(b.offers, one)
			b.overlays, b.persons = b.overlays || one.personal, b.persons || one.person
			b.capped = b.capped || o.PerPersonCap > 0
			b.budgeted = b.budgeted || o.Budgeted
		}
	}
}

func newOffer(o *Offer, a *asks) offer {
	one := offer{Offer: o, targets: item.Targets(o.Offer)}
	one.personal = o.Budgeted || o.PerPersonCap > 0 || o.Cadence != item.Cadence{}
	if o.Condition != nil {
		parts := o.Condition.Split(rulebook.IsItemPath)
		if !parts.Item.Always() {
			one.item = parts.Item
		}
		if !parts.Request.Always() {
			one.personal, one.request = true, a.ask(parts.Request)
		}
		if !parts.Mixed.Always() {
			one.personal, one.mixed = true, a.ask(parts.Mixed)
		}
	}
	if field := o.Cadence.Field; field != "" {
		holds := condition.Object([]string{"$in"}, []condition.Value{condition.Texts([]string{o.Id})})
		c, _ := condition.Compile(condition.Object([]string{"profile." + field}, []condition.Value{holds}), condition.Options{})
		one.list = a.ask(c)
	}
	one.person = o.PerPersonCap > 0 || o.Cadence != item.Cadence{} || slices.ContainsFunc(one.paths(), ofPerson)
	return one
}

// ofPerson tells whether a path leads to what is known of a person.
func ofPerson(path string) bool { return strings.HasPrefix(path, "profile.") }

// paths are all that the offer reads of items and requests.
func (o *offer) paths() (paths []string) {
	if o.Condition != nil {
		paths = o.Condition.Paths()
	}
	if o.Cadence.Field != "" {
		paths = append(paths, "profile."+o.Cadence.Field)
	}
	return paths
}

// Attributes are those of items that the offers' conditions read, for the
// catalogue to keep.
func (b *Book) Attributes() (keys []string) {
	for i := range b.offers {
		for _, p := range b.offers[i].paths() {
			if key, ok := strings.CutPrefix(p, "item.attr."); ok {
				keys = append(keys, key)
			}
		}
	}
	return keys
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

// groupOffers lets rules count together what is on the same offer: of several, on
// the one that takes off first.
func (v *View) groupOffers() {
	if v.cover.at == nil {
		return
	}
	v.onOffer = &grouping{of: make([]uint32, v.Len()), n: len(v.book.offers) + 1}
	for place, applied := range v.applied {
		v.onOffer.of[place] = onOffer(applied)
	}
}

// onOffer is the group of what has such a price.
func onOffer(applied []Applied) uint32 {
	if len(applied) == 0 {
		return 0
	}
	return uint32(applied[0].k) + 1
}

// offerAt is the group of an item in one decision.
func (dst *Allowed) offerAt(g *grouping, candidate, place int32) uint32 {
	if p := dst.campaigns.find(int(candidate)); p != nil {
		return onOffer(dst.campaigns.applied[p.from:p.to])
	}
	return g.at(place)
}

// onOffers corrects what is met, those on some offers by the view's prices, by those
// of this decision.
func (dst *Allowed) onOffers(groups []uint32) {
	d := &dst.campaigns
	for _, p := range d.priced {
		dst.met.Clear(int(p.candidate))
		if slices.Contains(groups, onOffer(d.applied[p.from:p.to])) && dst.target.Has(int(p.candidate)) {
			dst.met.Set(int(p.candidate))
		}
	}
}

// offerBegan is when an offer of the book began.
func (v *View) offerBegan(k int) int64 { return v.book.offers[k].StartsMs }
