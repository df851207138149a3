package features

import (
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
)

// fill fills a column of pairs of the person with candidates: what is so of most of
// them, then what else is of the few that the person has to do with.
func (h *past) fill(l *live, c *rules.Candidates, r *Rows) {
	switch l.key {
	case "times_bought":
		h.fillEntries(l, l.count(0), func(e consent.Purchase) int { return int(e.Times) })
	case "days_since":
		today := consent.DayOf(h.now)
		h.fillEntries(l, missing, func(e consent.Purchase) int { return int(today - min(consent.Day(e.Day), today)) })
	case "category_affinity":
		h.shelves.fill(l, h.inCategories(c, r))
	case "brand_affinity":
		h.brands.fill(l, h.brands.find(c, h.view.Brand.IDs, r.kept.named(brand)))
	case "price_ratio":
		h.fillRatios(l, c, r)
	}
}

func (h *past) inCategories(c *rules.Candidates, r *Rows) []bought {
	return h.shelves.find(c, h.view.Category.IDs, r.kept.named(category))
}

// fillEntries fills what entries say of the candidates that they are of.
func (h *past) fillEntries(l *live, never float32, says func(consent.Purchase) int) {
	l.fillAll(never)
	for k, e := range h.entries {
		if i := h.at[k]; i != rules.Nowhere {
			l.numbers[i] = l.count(says(e))
		}
	}
}

// fill fills the share that each candidate's name has of all that was bought.
func (t *tally) fill(l *live, found []bought) {
	l.fillAll(l.number(0 / t.total)) // missing: of nothing that the catalogue knows
	l.table = append(l.table[:0], missing)
	for _, w := range t.weight[1:] {
		l.table = append(l.table, l.number(w/t.total))
	}
	for _, b := range found {
		l.numbers[b.candidate] = l.table[b.k]
	}
}

// fillRatios fills each candidate's price by what is usual in its category: for
// the person, or else the median there, which lies ready.
func (h *past) fillRatios(l *live, c *rules.Candidates, r *Rows) {
	for b := range abi.Blocks(len(l.numbers)) {
		copy(l.numbers[b*abi.BlockRows:], r.still.Dense(b, l.place)[:])
	}
	t := &h.shelves
	for _, b := range h.inCategories(c, r) {
		if t.times[b.k] > 0 {
			l.numbers[b.candidate] = l.number(float64(h.view.Gross[c.Places[b.candidate]]) / (t.paid[b.k] / t.times[b.k]))
		}
	}
}
