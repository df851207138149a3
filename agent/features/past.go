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
	span   time.Duration // what began longer ago does not count
	known  bool          // there is a history, and it may be read
	now    int64
	view   *rules.View
	decays []float64 // by day

	entries []consent.Purchase
	at      []int32 // candidate of each, or rules.Nowhere
	brands  tally
	shelves tally // by category
}

// tally sums purchases by the number of a name.
type tally struct {
	at     []uint16 // by number: in what follows; 0: nothing of it was bought
	used   []uint32 // numbers that at knows
	weight []float64
	paid   []float64 // times × price
	times  []float64 // of those with a price
	total  float64   // of weight
	found  []bought
	sought bool // found is of this request
}

// bought is a candidate of whose name k something was bought, or one that is no item,
// of none.
type bought struct {
	candidate int32
	k         uint16
}

// remember turns the person's history into tables, one for each span of time
// that columns look back.
func (p *Plan) remember(r *Rows, c *rules.Candidates, a *Asked) {
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
		h.view, h.now, h.decays = c.View, a.Now, p.decays
		h.turn(c, a.Profile[i].Value.History)
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
func (h *past) turn(c *rules.Candidates, history []consent.Purchase) {
	h.entries, h.at = h.entries[:0], h.at[:0]
	h.brands.clear(len(h.view.Brand.Names))
	h.shelves.clear(len(h.view.Category.Names))
	today := consent.DayOf(h.now)
	for _, e := range history {
		if !e.Fresh(h.now, h.span) {
			continue
		}
		h.known = true
		h.entries, h.at = append(h.entries, e), append(h.at, c.FindOf(e.Item))
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
	t.used, t.total, t.sought = t.used[:0], 0, false
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

// find finds the candidates of what was bought, of names by place; of says which those
// of a name are, where it is known.
func (t *tally) find(c *rules.Candidates, names []uint32, of *rules.Members) []bought {
	if t.sought {
		return t.found
	}
	t.found, t.sought = t.found[:0], true
	if of != nil {
		for k, name := range t.used {
			for _, i := range of.Of(name) {
				t.found = append(t.found, bought{i, uint16(k) + 1})
			}
		}
		return t.found
	}
	for i, place := range c.Places {
		if place == rules.Nowhere {
			t.found = append(t.found, bought{int32(i), 0})
		} else if k := t.at[names[place]]; k > 0 {
			t.found = append(t.found, bought{int32(i), k})
		}
	}
	return t.found
}
