package features

import (
	"math"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// past is what a person bought, turned into tables once a request: then a value
// of a candidate is a look-up, however much they bought.
type past struct {
	span    time.Duration // what began longer ago does not count
	known   bool          // there is a history, and it may be read
	now     int64
	view    *rules.View
	medians []float64 // by category
	decays  []float64 // by day

	entries []consent.Purchase
	items   index
	brands  tally
	shelves tally    // by category
	of      []uint16 // by candidate: its entry, from 1; none yet if empty
}

// tally sums purchases by the number of a name.
type tally struct {
	at     []uint16 // by number: in what follows; 0: nothing of it was bought
	used   []uint32 // numbers that at knows
	weight []float64
	paid   []float64 // times × price
	times  []float64 // of those with a price
	total  float64   // of weight
}

// remember turns the person's history into tables, one for each span of time
// that columns look back.
func (p *Plan) remember(r *Rows, v *rules.View, a *Asked) {
	if len(r.pasts) < len(p.spans) {
		r.pasts = append(r.pasts, make([]past, len(p.spans)-len(r.pasts))...)
	}
	r.pasts = r.pasts[:len(p.spans)]
	if len(p.spans) == 0 {
		return
	}
	i := slices.IndexFunc(a.Profile, func(f consent.Field) bool { return f.Name == rulebook.Purchases && f.Value.Kind == consent.History })
	for k := range r.pasts {
		h := &r.pasts[k]
		if h.span, h.known = p.spans[k], false; i < 0 || !consent.Fresh(&a.Profile[i], a.Now, h.span) {
			continue
		}
		h.view, h.now, h.medians, h.decays = v, a.Now, p.medians.of(v.Snapshot), p.decays
		h.turn(a.Profile[i].Value.History)
	}
}

// past is the history that a column reads, nil if none may be read.
func (r *Rows) past(c *column) *past {
	if c.origin != "pair" {
		return nil
	}
	for k := range r.pasts {
		if h := &r.pasts[k]; h.span == c.ttl && h.known {
			return h
		}
	}
	return nil
}

// HalfLife is after how many days a purchase weighs half as much in affinities.
const HalfLife = 60

// turn fills the tables.
func (h *past) turn(history []consent.Purchase) {
	h.entries, h.of = h.entries[:0], h.of[:0]
	h.brands.clear(len(h.view.Brand.Names))
	h.shelves.clear(len(h.view.Category.Names))
	h.items.clear(len(history))
	today := consent.DayOf(h.now)
	for _, e := range history {
		if !e.Fresh(h.now, h.span) {
			continue
		}
		h.known = true
		h.entries = append(h.entries, e)
		h.items.add(e.Item, uint16(len(h.entries)))
		place, ok := h.view.PlaceOf(e.Item)
		if !ok {
			continue
		}
		times, price := float64(e.Times), float64(e.Price)
		if e.Price == 0 {
			price = float64(h.view.Snapshot.Gross[place])
		}
		weight := float64(times * decay(h.decays, int(today-min(consent.Day(e.Day), today))))
		h.brands.add(h.view.Brand.IDs[place], weight, times, price)
		h.shelves.add(h.view.Category.IDs[place], weight, times, price)
	}
}

// decay is what a purchase so many days ago weighs: 2^(-days/HalfLife).
func decay(kept []float64, days int) float64 {
	if days < len(kept) {
		return kept[days]
	}
	return elementary.Exp(float64(-float64(days) * (math.Ln2 / HalfLife)))
}

// decays are those of the first days.
func decays() []float64 {
	all := make([]float64, wholes)
	for days := range all {
		all[days] = decay(nil, days)
	}
	return all
}

func (t *tally) clear(names int) {
	for _, n := range t.used {
		t.at[n] = 0
	}
	if len(t.at) != names { // another snapshot
		t.at = slices.Grow(t.at[:0], names)[:names]
		clear(t.at)
	}
	t.used, t.total = t.used[:0], 0
	t.weight, t.paid, t.times = append(t.weight[:0], 0), append(t.paid[:0], 0), append(t.times[:0], 0)
}

func (t *tally) add(name uint32, weight, times, price float64) {
	k := t.at[name]
	if k == 0 {
		k = uint16(len(t.weight))
		t.at[name], t.used = k, append(t.used, name)
		t.weight, t.paid, t.times = append(t.weight, 0), append(t.paid, 0), append(t.times, 0)
	}
	t.total += weight
	t.weight[k] += weight
	if price > 0 {
		t.times[k] += times
		t.paid[k] += float64(times * price)
	}
}

// index finds an entry by its item, by open addressing.
type index struct {
	slots []slot
	mask  uint64
}

type slot struct {
	item  uint64
	entry uint16 // from 1; 0: free
}

func (x *index) clear(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	x.slots = slices.Grow(x.slots[:0], size)[:size]
	clear(x.slots)
	x.mask = uint64(size - 1)
}

func (x *index) add(item uint64, entry uint16) {
	at := item & x.mask
	for x.slots[at].entry != 0 {
		at = (at + 1) & x.mask
	}
	x.slots[at] = slot{item, entry}
}

// find is the entry of an item, 0 if there is none.
func (x *index) find(item uint64) uint16 {
	for at := item & x.mask; ; at = (at + 1) & x.mask {
		if s := &x.slots[at]; s.entry == 0 || s.item == item {
			return s.entry
		}
	}
}
