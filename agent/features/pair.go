package features

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/rules"
)

// fill fills a column of pairs of the person with candidates.
func (h *past) fill(l *live, c *rules.Candidates) {
	switch l.key {
	case "times_bought":
		h.fillEntries(l, c, l.count(0), func(e consent.Purchase) int { return int(e.Times) })
	case "days_since":
		today := consent.DayOf(h.now)
		h.fillEntries(l, c, missing, func(e consent.Purchase) int { return int(today - min(consent.Day(e.Day), today)) })
	case "category_affinity":
		h.shelves.fill(l, c, h.view.Category.IDs)
	case "brand_affinity":
		h.brands.fill(l, c, h.view.Brand.IDs)
	case "price_ratio":
		h.fillRatios(l, c)
	}
}

// fillEntries fills what the entry of each candidate's own item says.
func (h *past) fillEntries(l *live, c *rules.Candidates, never float32, says func(consent.Purchase) int) {
	if len(h.of) != c.Len() {
		h.find(c)
	}
	l.table = append(l.table[:0], never)
	for _, e := range h.entries {
		l.table = append(l.table, l.count(says(e)))
	}
	table, numbers := l.table, l.numbers[:len(h.of)]
	for i, entry := range h.of {
		numbers[i] = table[entry]
	}
}

// find finds the entry of each candidate.
func (h *past) find(c *rules.Candidates) {
	h.of = slices.Grow(h.of[:0], c.Len())[:c.Len()]
	hashes := h.view.Hash
	for i, place := range c.Places {
		if place == rules.Nowhere {
			h.of[i] = h.items.find(xxhash.Sum64String(c.IDs[i]))
		} else {
			h.of[i] = h.items.find(hashes[place])
		}
	}
}

// fill fills the share that each candidate's name has of all that was bought.
func (t *tally) fill(l *live, c *rules.Candidates, names []uint32) {
	l.table = l.table[:0]
	for _, w := range t.weight {
		l.table = append(l.table, l.number(w/t.total)) // missing: of nothing that the catalogue knows
	}
	table, numbers := l.table, l.numbers[:len(c.Places)]
	for i, place := range c.Places {
		numbers[i] = missing
		if place != rules.Nowhere {
			numbers[i] = table[t.at[names[place]]]
		}
	}
}

// fillRatios fills each candidate's price by what is usual in its category: for
// the person, or else the median there.
func (h *past) fillRatios(l *live, c *rules.Candidates) {
	t, gross, categories, numbers := &h.shelves, h.view.Gross, h.view.Category.IDs, l.numbers[:len(c.Places)]
	for i, place := range c.Places {
		if numbers[i] = missing; place == rules.Nowhere {
			continue
		}
		category := categories[place]
		usual := h.medians[category]
		if k := t.at[category]; k > 0 && t.times[k] > 0 {
			usual = t.paid[k] / t.times[k]
		}
		if usual > 0 {
			numbers[i] = l.number(float64(gross[place]) / usual)
		}
	}
}
