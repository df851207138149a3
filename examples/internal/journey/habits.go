package journey

import (
	"cmp"
	"slices"
	"time"
)

// habits are a household's. Five baskets are assumed beside those seen, so that
// the first one makes no habit.
type habits struct {
	baskets  float64
	recent   []string // products, the last bought first
	items    map[string]habit
	sections map[string]float64 // lines by category
}

type habit struct {
	times float64
	last  time.Time
}

const (
	remembers = 300 // products of a household
	assumed   = 5   // baskets
)

func (h *habits) learn(d *Data, b Basket) {
	h.baskets++
	var now []string
	for _, l := range b.Lines {
		it, known := d.Item(l.Product)
		if !known || slices.Contains(now, l.Product) {
			continue
		}
		now = append(now, l.Product)
		h.items[l.Product] = habit{h.items[l.Product].times + 1, b.At}
		h.sections[it.Category]++
	}
	slices.SortStableFunc(now, func(a, b string) int { return cmp.Compare(h.items[b].times, h.items[a].times) })
	before := slices.DeleteFunc(h.recent, func(id string) bool { return slices.Contains(now, id) })
	h.recent = append(now, before...)
	for len(h.recent) > remembers {
		last := len(h.recent) - 1
		delete(h.items, h.recent[last])
		h.recent = h.recent[:last]
	}
}

func (h *habits) tell(f map[string]float64, d *Data, id string, b Basket) {
	it, _ := d.Item(id)
	f["often"] = 10 * h.items[id].times / (h.baskets + assumed)
	f["section"] = 10 * h.sections[it.Category] / (h.baskets + assumed)
	f["lately"], f["coupon"] = 0, 0
	if habit, ok := h.items[id]; ok {
		f["lately"] = 1 / (1 + b.At.Sub(habit.last).Hours()/(7*24))
	}
	if d.Coupon(b.Household, id, b.At) {
		f["coupon"] = 1
	}
}
