package ranking_test

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// conditions are those that random offers have, each with what it means: of an item
// alone first, then with the weather and taste of a request, "" where nobody says.
var conditions = map[string]struct {
	item  func(*wire.Item) bool
	whole func(it *wire.Item, weather, taste string) bool
}{
	``:                            {nil, nil},
	`{"item.brand": "b1"}`:        {func(it *wire.Item) bool { return it.Brand == "b1" }, nil},
	`{"context.weather": "rain"}`: {nil, func(_ *wire.Item, weather, _ string) bool { return weather == "rain" }},
	`{"item.price": {"$gte": 800}, "context.weather": {"$in": ["sun", "snow"]}}`: {
		func(it *wire.Item) bool { return it.Price.Amount >= 800 }, func(_ *wire.Item, weather, _ string) bool { return weather == "sun" }},
	`{"$or": [{"item.brand": "b2"}, {"context.weather": "rain"}]}`: {
		nil, func(it *wire.Item, weather, _ string) bool { return it.Brand == "b2" || weather == "rain" }},
	`{"profile.taste": {"$ne": "sweet"}}`: {nil, func(_ *wire.Item, _, taste string) bool { return taste != "" && taste != "sweet" }},
}

// personal tells whether an offer is one for some, or now and then.
func personal(x *wire.Offer) bool {
	return conditions[x.Condition].whole != nil || x.Cadence != "" || x.Budgeted || x.PerPersonCap > 0
}

// promised is one price that an offer with a budget, or for each person once, made.
type promised struct {
	id, decision, item string
	offers             []*wire.Applied
	units, sold        int64
	until              int64 // 0: it reserves nothing any more
}

// whose is an offer and who redeemed it.
type whose struct{ person, offer string }

type redemption struct{ count, at int64 }

// used is what is spent and reserved of an offer's budget.
func (o *oracle) used(offer string) (sum int64) {
	for _, p := range o.promises {
		for _, a := range p.offers {
			if a.Offer == offer && a.Units > 0 {
				sum += p.sold * a.Discount
				if p.until != 0 {
					sum += (p.units - p.sold) * a.Discount
				}
			}
		}
	}
	return sum
}

// promise enters the prices of a decision.
func (o *oracle) promise(d *wire.Decision) {
	for i, s := range d.Shown {
		p := promised{id: string(d.Id) + string(byte(i)), decision: string(d.Id), item: d.Items[i], units: 1}
		for _, a := range s.Applied {
			if a.Units > 0 || a.Once {
				p.offers, p.units, p.until = append(p.offers, a), max(p.units, int64(a.Units)), max(p.until, a.UntilMs)
			}
		}
		if len(p.offers) > 0 {
			o.promises = append(o.promises, &p)
		}
	}
}

// sell enters what a sale, or what comes back, is to the budgets.
func (o *oracle) sell(at int64, x *wire.Outcome) {
	kind := strings.TrimPrefix(x.Type.String(), "OUTCOME_")
	i := slices.IndexFunc(o.promises, func(p *promised) bool { return p.decision == string(x.Decision) && p.item == x.Item })
	if i < 0 || len(x.Decision) == 0 {
		return
	}
	p := o.promises[i]
	n := int64(0)
	switch {
	case kind == "PURCHASE" || kind == "REDEEM":
		n = min(p.units-p.sold, max(1, int64(math.Ceil(x.Quantity))))
	case kind == "VOID" || kind == "RETURN":
		if n = -min(p.sold, max(1, int64(math.Ceil(x.Quantity)))); n < 0 || kind == "VOID" {
			p.until = 0
		}
	}
	p.sold += n
	for _, a := range p.offers {
		if n == 0 || !a.Once || len(x.Pseudonym) == 0 {
			continue
		}
		k := whose{string(x.Pseudonym), a.Offer}
		r := o.redeemed[k]
		if r.count += n; n > 0 {
			r.at = at
		}
		if o.redeemed[k] = r; r.count <= 0 {
			delete(o.redeemed, k)
		}
	}
}

// covers tells whether an offer is for an item at all.
func (o *oracle) covers(x *wire.Offer, slot *rulebook.Slot, at int64, it *wire.Item) bool {
	c := conditions[x.Condition]
	return o.runs(x, slot, at) && targets(x, it) && (c.item == nil || c.item(it))
}

// alone is what an offer takes off a price by itself.
func alone(x *wire.Offer, from int64, currency string) int64 {
	switch {
	case x.Price == nil:
		return from - item.Discounted(from, x.Percent)
	case x.Price.Currency == currency:
		return max(0, from-x.Price.Amount)
	}
	return 0
}

// affords tells whether a budget leaves an amount, where so much is taken besides.
func (o *oracle) affords(x *wire.Offer, at, amount, besides int64) bool {
	used := o.used(x.Id) + besides
	if !x.Budgeted {
		return true
	}
	if x.Pacing == "even" && float64(used) > float64(x.Budget)*float64(at-x.StartsMs)/float64(x.EndsMs-x.StartsMs) {
		return false
	}
	return used < x.Budget && used+amount <= x.Budget
}

// gives tells whether an offer that covers an item runs for it in a decision.
func (o *oracle) gives(x *wire.Offer, slot *rulebook.Slot, at int64, it *wire.Item, d *wire.Decision) bool {
	if d == nil || !personal(x) {
		return !personal(x)
	}
	person := string(d.Pseudonym)
	j := judgement{oracle: o, slot: slot, at: at, d: d, q: o.world.asked[d.EventId]}
	weather, _, _ := said(j.q, "weather")
	if c := conditions[x.Condition]; c.whole != nil && !c.whole(it, strings.Join(weather, ""), j.profile("taste")) {
		return false
	}
	last, redeemed := o.redeemed[whose{person, x.Id}]
	switch word, value, _ := strings.Cut(x.Cadence, ":"); word {
	case "one_time":
		if person == "" || redeemed {
			return false
		}
	case "repeating":
		hours := map[string]int64{"1h": 1, "2d": 48}[value]
		period := func(at int64) int64 { return (at - x.StartsMs) / (hours * 3_600_000) }
		if person == "" || redeemed && period(last.at) == period(at) {
			return false
		}
	case "subscription":
		return j.profile(value) == x.Id
	case "threshold":
		n := 0
		for _, h := range o.past {
			if of := o.item(h.item); of != nil && h.person == person && h.at >= x.StartsMs && o.covers(x, slot, at, of) {
				n += h.pieces * map[string]int{"purchase": 1, "redeem": 1, "return": -1, "void": -1}[h.outcome]
			}
		}
		if person == "" || n < int(value[0]-'0') {
			return false
		}
	}
	seen := o.count(func(h happened) bool {
		return person != "" && h.outcome == "" && h.item == it.Id && h.slot == slot.ID && h.person == person && h.at >= x.StartsMs
	})
	if x.PerPersonCap > 0 && seen >= int(x.PerPersonCap) {
		return false
	}
	return o.affords(x, at, units(slot)*alone(x, it.Price.Amount, it.Price.Currency), 0)
}

func units(slot *rulebook.Slot) int64 {
	if slot.Hold != nil {
		return int64(slot.Hold.Quantity)
	}
	return 1
}

// taken is an offer that makes a price.
type taken struct {
	*wire.Offer
	discount int64
}

// price is the lowest that the offers give in a decision, without one to everybody,
// and how.
func (o *oracle) price(slot *rulebook.Slot, at int64, it *wire.Item, d *wire.Decision) (gross int64, how []taken) {
	type way struct {
		how      []taken
		priority int32
		first    int
	}
	var ways []way
	var fixed, percents []int
	for k, x := range o.offers {
		switch {
		case !o.covers(x, slot, at, it) || !o.gives(x, slot, at, it, d):
		case !x.Stack:
			ways = append(ways, way{[]taken{{x, alone(x, it.Price.Amount, it.Price.Currency)}}, x.Priority, k})
		case x.Price != nil:
			fixed = append(fixed, k)
		default:
			percents = append(percents, k)
		}
	}
	slices.SortStableFunc(fixed, func(a, b int) int {
		x, y := o.offers[a], o.offers[b]
		return cmp.Or(cmp.Compare(alone(y, it.Price.Amount, it.Price.Currency), alone(x, it.Price.Amount, it.Price.Currency)), cmp.Compare(y.Priority, x.Priority))
	})
	slices.SortStableFunc(percents, func(a, b int) int { return cmp.Compare(o.offers[b].Priority, o.offers[a].Priority) })
	pile, left := way{priority: math.MinInt32, first: math.MaxInt}, it.Price.Amount
	for _, k := range append(fixed[:min(1, len(fixed))], percents...) {
		x := o.offers[k]
		if by := alone(x, left, it.Price.Currency); by > 0 {
			left -= by
			pile.how, pile.priority, pile.first = append(pile.how, taken{x, by}), max(pile.priority, x.Priority), min(pile.first, k)
		}
	}
	ways = append(ways, pile)
	sum := func(w way) (off int64) {
		for _, x := range w.how {
			off += x.discount
		}
		return off
	}
	ways = slices.DeleteFunc(ways, func(w way) bool { return sum(w) == 0 })
	slices.SortStableFunc(ways, func(a, b way) int {
		return cmp.Or(cmp.Compare(sum(b), sum(a)), cmp.Compare(b.priority, a.priority), cmp.Compare(a.first, b.first))
	})
	if len(ways) == 0 {
		return it.Price.Amount, nil
	}
	return it.Price.Amount - sum(ways[0]), ways[0].how
}

// onOffer is the offer that a candidate of a decision is on first, "" for none; what
// is no candidate is on the one that everybody has.
func (o *oracle) onOffer(slot *rulebook.Slot, at int64, it *wire.Item, d *wire.Decision) string {
	ids := d.Actions
	if len(ids) == 0 {
		ids = o.source(slot, at)
	}
	if !slices.Contains(ids, it.Id) {
		d = nil
	}
	if _, how := o.price(slot, at, it, d); len(how) > 0 {
		return how[0].Id
	}
	return ""
}

// judgeOffers holds a shown position to the offers of its price, and to what those
// above leave of their budgets.
func (o *oracle) judgeOffers(seq int, slot *rulebook.Slot, at int64, id string, s *wire.Shown, how []taken, above map[string]int64) {
	var ids []string
	for i, x := range how {
		ids = append(ids, x.Id)
		if i >= len(s.Applied) || s.Applied[i].Offer != x.Id || s.Applied[i].Discount != x.discount || (s.Applied[i].Units > 0) != x.Budgeted {
			o.breach(seq, "%s was shown with %v, want %v", id, s.Applied, how)
			return
		}
		if n := units(slot) * x.discount; x.Budgeted {
			if !o.affords(x.Offer, at, n, above[x.Id]) || s.Applied[i].UntilMs <= at || int64(s.Applied[i].Units) != units(slot) {
				o.breach(seq, "%s takes %d of %s, %d are used and %d taken above of %d", id, n, x.Id, o.used(x.Id), above[x.Id], x.Budget)
			}
			above[x.Id] += n
		}
	}
	if s.Offer != strings.Join(ids, "|") || len(s.Applied) != len(how) {
		o.breach(seq, "%s was shown with %q, want %v", id, s.Offer, ids)
	}
}
