package rules

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
)

// Applied is an offer that gives a price, and what it takes off.
type Applied struct {
	*Offer
	Discount int64 // gross, of one item
	k        int32 // among the book's offers
}

// Price is what an item costs after the offers that apply.
type Price struct {
	Gross, Net int64
	Applied    []Applied // in the order in which they take off; not to be changed

	// Personal: somebody of whom nothing is known would be asked another price in the
	// same request.
	Personal bool
}

// Offers are the ids of the offers applied, with | between them.
func (p *Price) Offers() string {
	if len(p.Applied) == 1 {
		return p.Applied[0].Id
	}
	var ids []string
	for _, a := range p.Applied {
		ids = append(ids, a.Id)
	}
	return strings.Join(ids, "|")
}

// applyOffers gives items their prices after the offers that run and hold for
// everybody.
func (v *View) applyOffers() {
	if v.cover.at == nil {
		return
	}
	v.Gross, v.Net = slices.Clone(v.Snapshot.Gross), slices.Clone(v.Snapshot.Net)
	v.common, v.applied = bitmap.New(v.Len()), make([][]Applied, v.Len())
	everybodys := func(k int32, _ int64) bool { return !v.book.offers[k].personal }
	plenty := func(int32) int64 { return math.MaxInt64 }
	var p pricer
	for place := range v.Len() {
		if !slices.ContainsFunc(v.cover.offers(place), func(k int32) bool { return everybodys(k, 0) }) {
			continue
		}
		v.common.Set(place)
		if gross, applied := p.price(v, place, everybodys, plenty); len(applied) > 0 {
			v.applied[place] = slices.Clone(applied)
			v.Gross[place], v.Net[place] = gross, item.Net(gross, v.TaxRate[place])
		}
	}
}

// price is what a place costs without what is personal.
func (v *View) price(place int) Price {
	p := Price{Gross: v.Gross[place], Net: v.Net[place]}
	if v.applied != nil {
		p.Applied = v.applied[place]
	}
	return p
}

// alone is what an offer takes off a price by itself.
func (v *View) alone(o *offer, place int, from int64) int64 {
	switch {
	case o.Price == nil:
		return from - item.Discounted(from, o.Percent)
	case o.Price.Currency == v.Currency.At(place):
		return max(0, from-o.Price.Amount)
	}
	return 0
}

// pricer finds the best way to the price of an item: an offer alone, or all that
// stack. Its memory is reused.
type pricer struct {
	ways  [2][]Applied // the best one, and the one that is tried
	stack []int32      // the offers that stack
}

// price is what a place costs by those of its offers that run, and by which; left
// is what is left of the budget of one, and runs is told what it takes off by itself.
// The offers are p's until the next call.
func (p *pricer) price(v *View, place int, runs func(k int32, off int64) bool, left func(k int32) int64) (gross int64, applied []Applied) {
	p.ways[0], p.stack = p.ways[0][:0], p.stack[:0]
	regular := v.Snapshot.Gross[place]
	var best merit
	from := 0
	if v.cover.at != nil {
		from = int(v.cover.at[place])
	}
	for j, k := range v.cover.offers(place) {
		o, d := &v.book.offers[k], v.cover.off[from+j]
		if !runs(k, d) {
			continue
		}
		if o.Stack {
			p.stack = append(p.stack, k)
			continue
		}
		if d > 0 {
			p.ways[1] = append(p.ways[1][:0], Applied{o.Offer, d, k})
			p.try(v.book, &best, merit{regular - d, o.Priority, left(k), k})
		}
	}
	if len(p.stack) > 0 {
		if m := p.pile(v, place, regular, left); len(p.ways[1]) > 0 {
			p.try(v.book, &best, m)
		}
	}
	if len(p.ways[0]) == 0 {
		return regular, nil
	}
	return best.gross, p.ways[0]
}

// try takes the second way for the best one if it is better.
func (p *pricer) try(b *Book, best *merit, m merit) {
	if len(p.ways[0]) == 0 || b.compare(m, *best) < 0 {
		*best = m
		p.ways[0], p.ways[1] = p.ways[1], p.ways[0]
	}
}

// pile lays offers that stack one on the other in the second way: of fixed prices
// the lowest, then percents by priority.
func (p *pricer) pile(v *View, place int, regular int64, left func(k int32) int64) (m merit) {
	offer := func(k int32) *offer { return &v.book.offers[k] }
	slices.SortFunc(p.stack, func(a, b int32) int {
		x, y := offer(a), offer(b)
		if fixed := cmp.Compare(flag(x.Price == nil), flag(y.Price == nil)); fixed != 0 {
			return fixed
		}
		if x.Price != nil {
			return cmp.Or(-cmp.Compare(v.alone(x, place, regular), v.alone(y, place, regular)), -cmp.Compare(x.Priority, y.Priority), cmp.Compare(a, b))
		}
		return cmp.Or(-cmp.Compare(x.Priority, y.Priority), cmp.Compare(a, b))
	})
	p.ways[1] = p.ways[1][:0]
	m = merit{gross: regular}
	for i, k := range p.stack {
		o := offer(k)
		if o.Price != nil && i > 0 {
			continue
		}
		d := v.alone(o, place, m.gross)
		if d <= 0 {
			continue
		}
		p.ways[1] = append(p.ways[1], Applied{o.Offer, d, k})
		if m.gross -= d; len(p.ways[1]) == 1 {
			m.priority, m.left, m.place = o.Priority, left(k), k
		} else {
			m.priority, m.left, m.place = max(m.priority, o.Priority), min(m.left, left(k)), min(m.place, k)
		}
	}
	return m
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// merit is what ways to a price are compared by.
type merit struct {
	gross    int64
	priority int32
	left     int64 // of the least budget
	place    int32 // of its first offer in the book
}

// compare orders ways, the better one first: by the lowest price, the higher
// priority, the first; where campaigns are arbitrated as that says.
func (b *Book) compare(x, y merit) int {
	a := b.slot.Arbitration
	if a == nil {
		return cmp.Or(cmp.Compare(x.gross, y.gross), -cmp.Compare(x.priority, y.priority), cmp.Compare(x.place, y.place))
	}
	price := cmp.Compare(x.gross, y.gross)
	if a.By == rulebook.ByValue {
		price = -price // the item and what it cost are the same, so the highest price leaves the highest margin
	}
	return cmp.Or(-cmp.Compare(x.priority, y.priority), price, -cmp.Compare(x.left, y.left), cmp.Compare(x.place, y.place))
}
