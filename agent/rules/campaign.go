package rules

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// campaigns are the personal offers of one decision. Its memory is reused.
type campaigns struct {
	runs     []bool   // by offer of the book: for this request, whatever the item
	others   []bool   // likewise, if nothing were known of the person
	knows    bool     // something is known of the person
	budgets  []budget // likewise
	seen     []showing
	pricer   pricer
	overlay                   // not to be changed
	room     overlay          // memory of one that is not kept
	redeemed bool             // what the person redeemed was looked at
	units    int64            // of each shown item that budgets pay for
	above    []int64          // by offer of the book: what positions take from its budget
	columns  rulebook.Columns // of priced, for rules about prices
	left     bitmap.Bits      // of priced, by such a rule
	moved    []ordered        // of priced, for the baseline by margin
	leaving  bitmap.Bits      // likewise, by candidate
}

// showing is that a candidate was shown to this person in this slot.
type showing struct {
	candidate int32
	times     int32
	at        int64
}

type priced struct {
	candidate  int32
	personal   bool // as Price says it
	gross, net int64
	from, to   int32 // in applied
}

// campaign decides which personal offers run, and prices what they are for.
func (c *Candidates) campaign(dst *Allowed, a *Asked) {
	d := &dst.campaigns
	d.overlay = overlay{}
	d.runs, d.others, d.budgets, d.redeemed, d.units = d.runs[:0], d.others[:0], d.budgets[:0], false, max(1, a.Units)
	d.knows = a.Known || len(a.Profile) > 0
	if len(c.touched) == 0 {
		return
	}
	any := c.choose(dst, a)
	there := c.at != nil && c.View.book.slot.Source.Offers
	if !any && !there {
		return
	}
	steady := c.steady(d)
	if steady {
		if o := c.findOverlay(d); o != nil {
			d.overlay = *o
			return
		}
	}
	c.showings(d, &dst.saw[0])
	d.overlay = overlay{priced: d.room.priced[:0], applied: d.room.applied[:0], gone: d.room.gone[:0]}
	for _, i := range c.touched {
		if runs := any && c.price(dst, int(i)); there && !runs && !c.View.common.Has(int(c.Places[i])) {
			d.gone = append(d.gone, i)
		}
	}
	if d.room = d.overlay; steady {
		c.keep(dst)
	}
}

// leave removes what is there by an offer that does not run.
func (dst *Allowed) leave() (removed int) {
	for _, i := range dst.campaigns.gone {
		removed += remove(dst, int(i))
	}
	return removed
}

// choose finds the personal offers that run for this request.
func (c *Candidates) choose(dst *Allowed, a *Asked) (any bool) {
	d := &dst.campaigns
	for k := range c.View.book.offers {
		o := &c.View.book.offers[k]
		d.budgets = append(d.budgets, budget{})
		runs := o.personal && o.runs(a.Now)
		if runs && o.Budgeted {
			d.budgets[k].ask(o.Offer, a.Now, a.used(o.Id))
			runs = d.budgets[k].leaves(0, 0)
		}
		runs = runs && c.due(dst, o, int32(k), a) && (o.request == nil || dst.holds(o.request) == condition.True)
		d.runs, any = append(d.runs, runs), any || runs
		d.others = append(d.others, runs && o.others(dst))
	}
	return any
}

// due tells whether an offer's cadence lets it run for this person.
func (c *Candidates) due(dst *Allowed, o *offer, k int32, a *Asked) bool {
	switch {
	case o.Once():
		dst.campaigns.redeemed = true
		last := a.redeemed(o.Id)
		return a.Known && (last == 0 || o.Cadence.Every > 0 && period(o, last) < period(o, a.Now))
	case o.list != nil:
		return dst.holds(o.list) == condition.True
	case o.Cadence.Threshold > 0:
		return a.Known && c.bought(o, k, &dst.saw[0]) >= o.Cadence.Threshold
	}
	return true
}

// others tells of an offer that runs whether it would if nothing were known of the
// person: what it then can't know does not let it run, so none does that does not.
func (o *offer) others(dst *Allowed) bool {
	return !o.person || o.Cadence == item.Cadence{} && (o.request == nil || dst.eval(o.request, dst.others, nil, Nowhere) == condition.True)
}

// period is the number of the time of a repeating offer, counted from its start; what
// was before that is in none of them.
func period(o *offer, at int64) int64 {
	if at < o.StartsMs {
		return -1
	}
	return (at - o.StartsMs) / o.Cadence.Every.Milliseconds()
}

// bought is how many of an offer's items a person bought since it began, less
// those that they took back.
func (c *Candidates) bought(o *offer, k int32, person *located) (n int) {
	for i := range person.entries {
		e, place := &person.entries[i], person.places[i]
		sign := 0
		switch e.Type {
		case purchase, wire.OutcomeType_OUTCOME_REDEEM:
			sign = 1
		case wire.OutcomeType_OUTCOME_RETURN, wire.OutcomeType_OUTCOME_VOID:
			sign = -1
		}
		if sign != 0 && e.At >= o.StartsMs && place != Nowhere && slices.Contains(c.View.cover.offers(int(place)), k) {
			n += sign * int(e.Times)
		}
	}
	return n
}

// showings gathers what this person was shown in this slot, by candidate, if an
// offer counts it.
func (c *Candidates) showings(d *campaigns, person *located) {
	d.seen = d.seen[:0]
	if !c.View.book.capped {
		return
	}
	for k := range person.entries {
		if e := &person.entries[k]; e.Type == attribution.Shown && e.Slot == c.View.book.key && person.at[k] != Nowhere {
			d.seen = append(d.seen, showing{person.at[k], int32(e.Times), e.At})
		}
	}
	slices.SortFunc(d.seen, func(a, b showing) int { return cmp.Compare(a.candidate, b.candidate) })
}

// shown is how often a candidate was shown to this person in this slot since then.
func (d *campaigns) shown(candidate int, since int64) (n int64) {
	i, _ := slices.BinarySearchFunc(d.seen, int32(candidate), func(s showing, c int32) int { return cmp.Compare(s.candidate, c) })
	for ; i < len(d.seen) && d.seen[i].candidate == int32(candidate); i++ {
		if d.seen[i].at >= since {
			n += int64(d.seen[i].times)
		}
	}
	return n
}

// price prices a candidate by all offers that run for it, and tells whether any
// personal one does.
func (c *Candidates) price(dst *Allowed, i int) (any bool) {
	d, v, place := &dst.campaigns, c.View, int(c.Places[i])
	runs := func(k int32, off int64) bool {
		o := &v.book.offers[k]
		if !o.personal {
			return true
		}
		if !d.runs[k] || o.PerPersonCap > 0 && d.shown(i, o.StartsMs) >= int64(o.PerPersonCap) ||
			o.mixed != nil && dst.holdsFor(o.mixed, v.asked[k], place) != condition.True {
			return false
		}
		if o.Budgeted && !d.budgets[k].pass(d.units*off) {
			return false
		}
		any = true
		return true
	}
	left := func(k int32) int64 {
		if b := &d.budgets[k]; b.asked {
			return b.limit - b.used
		}
		return math.MaxInt64
	}
	gross, applied := d.pricer.price(v, place, runs, left)
	same := !any || gross == v.Gross[place] && slices.Equal(applied, v.applied[place])
	from := int32(len(d.applied))
	d.applied = append(d.applied, applied...)
	personal := c.others(dst, i, gross, left) != gross
	if same && !personal {
		d.applied = d.applied[:from]
		return any
	}
	d.priced = append(d.priced, priced{int32(i), personal, gross, item.Net(gross, v.TaxRate[place]), from, int32(len(d.applied))})
	return any
}

// others is what candidate i would cost in this decision if nothing were known of the
// person; gross is what it does.
func (c *Candidates) others(dst *Allowed, i int, gross int64, left func(k int32) int64) int64 {
	d, v, place := &dst.campaigns, c.View, int(c.Places[i])
	looked := func(k int32) bool { return v.book.offers[k].person && d.runs[k] }
	if !d.knows || !slices.ContainsFunc(v.cover.offers(place), looked) {
		return gross
	}
	runs := func(k int32, off int64) bool {
		o := &v.book.offers[k]
		switch {
		case !o.personal:
			return true
		case !d.others[k], o.mixed != nil && dst.eval(o.mixed, dst.others, v.asked[k], place) != condition.True:
			return false
		}
		return !o.Budgeted || d.budgets[k].pass(d.units*off)
	}
	gross, _ = d.pricer.price(v, place, runs, left)
	return gross
}

// tooCheap leaves in target what a rule about prices removes at the prices of this
// decision.
func (c *Candidates) tooCheap(dst *Allowed, r *rule, s *scope) {
	if cheap := dst.campaigns.cheap; cheap != nil {
		dst.target.And(cheap[r.later])
		return
	}
	c.reprice(dst, r, s)
	dst.target.And(dst.met)
}

// reprice makes met what a rule about prices removes at those of this decision.
func (c *Candidates) reprice(dst *Allowed, r *rule, s *scope) {
	copy(dst.met, c.set(s.cheap))
	d, v := &dst.campaigns, c.View
	at := &d.columns
	at.Regular, at.Price, at.NetPrice, at.NetCost = at.Regular[:0], at.Price[:0], at.NetPrice[:0], at.NetCost[:0]
	for k := range d.priced {
		p := &d.priced[k]
		place := c.Places[p.candidate]
		at.Regular, at.Price = append(at.Regular, v.Snapshot.Gross[place]), append(at.Price, p.gross)
		at.NetPrice, at.NetCost = append(at.NetPrice, p.net), append(at.NetCost, v.Cost[place])
	}
	d.left = sized(d.left, len(d.priced))
	d.left.Fill(len(d.priced))
	r.Apply(at, d.left)
	for k := range d.priced {
		if i := int(d.priced[k].candidate); d.left.Has(k) {
			dst.met.Clear(i)
		} else {
			dst.met.Set(i)
		}
	}
}

// Price is what candidate i, an item of the catalogue, costs in the decision that
// dst is of.
func (c *Candidates) Price(of *Allowed, i int) Price {
	if p := of.campaigns.find(i); p != nil {
		return of.campaigns.price(p)
	}
	return c.View.price(int(c.Places[i]))
}

// Priced yields, ascending, the candidates with a price of this decision, which need
// not differ from the view's. Of all others Price is the view's.
func (of *Allowed) Priced(yield func(candidate int, p Price) bool) {
	for k := range of.campaigns.priced {
		if p := &of.campaigns.priced[k]; !yield(int(p.candidate), of.campaigns.price(p)) {
			return
		}
	}
}

func (d *campaigns) price(p *priced) Price {
	return Price{p.gross, p.net, d.applied[p.from:p.to:p.to], p.personal}
}

// Worth is the net margin that candidate i leaves in the decision that dst is of, 0
// where it is not known, and in (0, 1] how much is left of the budgets that its
// price comes from.
func (c *Candidates) Worth(of *Allowed, i int, now int64) (margin int64, pace float64) {
	place := c.Places[i]
	if place == Nowhere || c.View.Cost[place] == rulebook.UnknownCost {
		return 0, 1
	}
	price := c.Price(of, i)
	pace = 1
	for _, x := range price.Applied {
		if x.Budgeted {
			pace = min(pace, of.campaigns.budgets[x.k].pace(x.Offer, now))
		}
	}
	return price.Net - c.View.Cost[place], pace
}

func (d *campaigns) find(i int) *priced {
	k, ok := slices.BinarySearchFunc(d.priced, int32(i), func(p priced, c int32) int { return cmp.Compare(p.candidate, c) })
	if !ok {
		return nil
	}
	return &d.priced[k]
}

// Scarce tells whether a budget may not last for so many positions of a slate:
// then Spent is to be asked before each.
func (of *Allowed) Scarce(positions int) bool {
	return slices.ContainsFunc(of.campaigns.budgets, func(b budget) bool { return b.asked && !b.lasts(positions) })
}

// Spent adds to remove the candidates whose price the budgets don't leave to a
// position, given what stands above.
func (c *Candidates) Spent(of *Allowed, slate []int, remove bitmap.Bits) {
	d := &of.campaigns
	d.above = slices.Grow(d.above[:0], len(d.budgets))[:len(d.budgets)]
	clear(d.above)
	for _, i := range slate {
		if p := d.find(i); p != nil {
			for _, x := range d.applied[p.from:p.to] {
				d.above[x.k] += d.units * x.Discount
			}
		}
	}
	for k := range d.priced {
		p := &d.priced[k]
		for _, x := range d.applied[p.from:p.to] {
			if b := &d.budgets[x.k]; b.asked && !b.leaves(d.units*x.Discount, d.above[x.k]) {
				remove.Set(int(p.candidate))
			}
		}
	}
}

// Affordable tells whether budgets let pass for so many positions what they did,
// now that so much of each is used. It looks at nothing that was drawn.
func (c *Candidates) Affordable(of *Allowed, used func(offer string) int64, positions int) bool {
	for k := range of.campaigns.budgets {
		b := &of.campaigns.budgets[k]
		if b.asked && !b.unmoved(used(c.View.book.offers[k].Id), positions) {
			return false
		}
	}
	return true
}

// Budgeted tells whether any budget was looked at, and Redeemed whether it was when
// the person redeemed something.
func (of *Allowed) Budgeted() bool {
	return slices.ContainsFunc(of.campaigns.budgets, func(b budget) bool { return b.asked })
}

// Redeemed is said at Budgeted.
func (of *Allowed) Redeemed() bool { return of.campaigns.redeemed }

// mulDiv is a·b/c rounded down; b is below c.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	q, _ := bits.Div64(hi, lo, c)
	return q
}
