package rules

import (
	"iter"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/bitmap"
)

// cover says which of the book's offers that run are for which place, in their
// order. Those of place i are of[at[i]:at[i+1]].
type cover struct {
	at  []int32 // nil: none runs
	of  []int32
	off []int64 // what each takes off the regular price by itself
}

func (c *cover) offers(place int) []int32 {
	if c.at == nil {
		return nil
	}
	return c.of[c.at[place]:c.at[place+1]]
}

// newCover finds what the offers that run at a time are for.
func (v *View) newCover(now int64) (c cover) {
	var places [][]uint32
	sum := 0
	for k := range v.book.offers {
		o := &v.book.offers[k]
		var mine []uint32
		if o.runs(now) {
			mine = v.places(o)
		}
		places, sum = append(places, mine), sum+len(mine)
	}
	if sum == 0 {
		return c
	}
	c.at, c.of, c.off = make([]int32, v.Len()+1), make([]int32, sum), make([]int64, sum)
	for _, mine := range places {
		for _, place := range mine {
			c.at[place+1]++
		}
	}
	for i := range v.Len() {
		c.at[i+1] += c.at[i]
	}
	next := append([]int32{}, c.at...)
	for k, mine := range places {
		for _, place := range mine {
			c.of[next[place]] = int32(k)
			c.off[next[place]] = v.alone(&v.book.offers[k], int(place), v.Snapshot.Gross[place])
			next[place]++
		}
	}
	return c
}

// places are those that an offer is for, and that its condition about items holds
// for, at regular prices: an offer can't hang on what it does to them.
func (v *View) places(o *offer) (places []uint32) {
	for place := range v.covered(o) {
		places = append(places, uint32(place))
	}
	if o.item == nil {
		return places
	}
	held := bitmap.New(v.Len())
	for _, place := range places {
		held.Set(int(place))
	}
	v.keep(o.item, held)
	places = places[:0]
	for place := range held.All() {
		places = append(places, uint32(place))
	}
	return places
}

// covered yields the places that an offer is for, whatever its condition.
func (v *View) covered(o *offer) iter.Seq[int] {
	return func(yield func(int) bool) {
		switch o.Kind {
		case "category":
			low, high := v.Category.Names.Below(o.Target)
			v.where(v.Category, low, high, yield)
		case "brand":
			if id, ok := v.Brand.Names.ID(o.Target); ok {
				v.where(v.Brand, id, id+1, yield)
			}
		default:
			for _, place := range v.Places(o.targets) {
				if !yield(int(place)) {
					return
				}
			}
		}
	}
}

func (v *View) where(c catalogue.Column, low, high uint32, yield func(int) bool) {
	for i, id := range c.IDs {
		if id >= low && id < high && !yield(i) {
			return
		}
	}
}
