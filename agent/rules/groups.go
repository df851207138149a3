package rules

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// group is one of those that are watched, made ready.
type group struct {
	*rulebook.Group
	customers *asked // nil: of items
}

func (b *Book) addGroups(groups []rulebook.Group) {
	for i := range groups {
		g := group{Group: &groups[i]}
		if !g.OfItems() {
			g.customers = b.asks.ask(g.Customers.Condition)
		}
		b.groups = append(b.groups, g)
	}
}

// addGroups makes the set of items of each group that is of items. What is no item of
// the catalogue is in none.
func (v *View) addGroups(m *maker) {
	v.groups = make([]int, len(v.book.groups))
	for k := range v.book.groups {
		if g := &v.book.groups[k]; g.OfItems() {
			places := m.every()
			v.keep(g.Items.Condition, places)
			v.groups[k] = m.add(places, false)
		}
	}
}

// Group counts the candidates of the rulebook's group k, which is of items, that a
// leaves.
func (c *Candidates) Group(a *Allowed, k int) (n int) {
	for i, word := range c.set(c.View.groups[k]) {
		n += bits.OnesCount64(word & a.Bits[i])
	}
	return n
}

// InGroup tells whether candidate i is in group k, which is of items.
func (c *Candidates) InGroup(i, k int) bool { return c.set(c.View.groups[k]).Has(i) }

// Customer tells whether the request that a was made for is in the rulebook's group
// k, which is of customers. It is condition.Withheld where that depends on what nobody
// said or granted.
func (c *Candidates) Customer(a *Allowed, k int) condition.Outcome {
	return a.holds(c.View.book.groups[k].customers)
}

// Common is the gross price that everybody has at candidate i, 0 of what is no item.
func (c *Candidates) Common(i int) int64 {
	if place := c.Places[i]; place != Nowhere {
		return c.View.Gross[place]
	}
	return 0
}
