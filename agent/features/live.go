package features

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// live is a column that is filled in for each decision.
type live struct {
	*column
	numbers []float32 // in room, or the shelf's
	ids     []uint32
	room    []float32
	shelf   *shelf    // nil: filled in for this decision alone
	table   []float32 // reused: a value for each of few things
}

// lives tells whether a column is filled in for each decision.
func (c *column) lives() bool {
	return c.origin == "action" || c.origin == "pair" || c.key == "stock" || c.purpose != ""
}

// fits tells whether a column is how well a candidate goes with the basket.
func (c *column) fits() bool { return c.origin+"."+c.key == rulebook.BasketFit }

// stocked tells whether a column is what is on hand, which differs from decision
// to decision, yet not while nothing is sold or counted.
func (c *column) stocked() bool { return c.origin == "item" && c.key == "stock" && c.purpose == "" }

// fill fills a column of this decision.
func (l *live) fill(p *Plan, item int, c *rules.Candidates, a *Asked, r *Rows) {
	col := &p.items[item]
	l.column, l.shelf = col, nil
	if r.kept != nil && col.stocked() {
		l.shelf = r.kept.stocked(col, c, a.Catalogue)
		l.numbers = l.shelf.numbers
		return
	}
	if h := r.past(col); h != nil && a.Granted(col.purpose) {
		l.size(c.Len())
		h.fill(l, c, r)
		return
	}
	l.clear(c.Len())
	switch {
	case col.purpose != "" && !a.Granted(col.purpose):
	case col.origin == "action":
		l.fromActions(a.Actions)
	case col.fits() && r.fit.known > 0:
		r.fit.fill(l)
	case col.origin == "pair": // of somebody, or a basket, that nobody knows anything of
	case col.origin == "item" && col.key == "stock":
		col.onHand(l.numbers, c, a.Catalogue)
	case col.dense:
		l.numbersOfItems(c, p.tables(c.View).numbers[item])
	default:
		l.namesOfItems(c, p.tables(c.View).ids[item])
	}
}

// clear makes the column missing, for n candidates.
func (l *live) clear(n int) {
	if !l.dense {
		l.ids = slices.Grow(l.ids[:0], n)[:n]
		clear(l.ids)
		return
	}
	l.size(n)
	l.fillAll(missing)
}

// size makes room for n numbers.
func (l *live) size(n int) {
	l.room = slices.Grow(l.room[:0], n)[:n]
	l.numbers = l.room
}

// fillAll gives every candidate the same, by copies twice as long each.
func (l *live) fillAll(x float32) {
	for n := 0; n < len(l.numbers); n = max(2*n, 1) {
		if l.numbers[0] = x; n > 0 {
			copy(l.numbers[n:], l.numbers[:n])
		}
	}
}

// fromActions reads what the caller says. Actions mostly say the same things in
// the same order, so a value is looked for first where the last one was.
func (l *live) fromActions(actions []Values) {
	at := 0
	for i, values := range actions {
		v := (*Value)(nil)
		if at < len(values) && values[at].Name == l.key {
			v = &values[at]
		} else if v = values.find(l.key); v != nil {
			at = slices.IndexFunc(values, func(o Value) bool { return o.Name == l.key })
		}
		if l.dense {
			l.numbers[i] = l.numberOf(v)
		} else {
			l.ids[i] = l.idOf(v)
		}
	}
}

func (l *live) numbersOfItems(c *rules.Candidates, named []float32) {
	number := l.numberOfItem(c.View, named)
	for i, place := range c.Places {
		if place != rules.Nowhere {
			l.numbers[i] = number(int(place))
		}
	}
}

func (l *live) namesOfItems(c *rules.Candidates, named []uint32) {
	id := l.idOfItem(c.View, named)
	for i, place := range c.Places {
		if place != rules.Nowhere {
			l.ids[i] = id(int(place))
		}
	}
}
