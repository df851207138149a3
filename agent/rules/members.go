package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// Members are candidates by the number of a group.
type Members struct {
	first []uint32 // by group: where in of its own begin
	of    []int32
}

// Members are the slot's own candidates by the groups, n of them, that items are in;
// groups is by place.
func (c *Candidates) Members(groups []uint32, n int) Members {
	m := Members{make([]uint32, n+2), make([]int32, c.Len())}
	for _, place := range c.Places {
		m.first[groups[place]+2]++
	}
	for k := 2; k < len(m.first); k++ {
		m.first[k] += m.first[k-1]
	}
	for i, place := range c.Places {
		at := &m.first[groups[place]+1]
		m.of[*at] = int32(i)
		*at++
	}
	return m
}

// Of are the candidates of a group, ascending.
func (m *Members) Of(group uint32) []int32 { return m.of[m.first[group]:m.first[group+1]] }

// in adds to a set the candidates of some groups that are within another.
func (c *Candidates) in(g *grouping, groups []uint32, within, set bitmap.Bits) {
	if c.at == nil {
		for i := range within.All() {
			if slices.Contains(groups, g.at(c.Places[i])) {
				set.Set(i)
			}
		}
		return
	}
	for _, group := range groups {
		for _, i := range g.members.Of(group) {
			if within.Has(int(i)) {
				set.Set(int(i))
			}
		}
	}
}
