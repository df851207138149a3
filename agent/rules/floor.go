package rules

import (
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
)

// Below names the rule of the slot that a price of the item at a place is too low
// for; false: none. It asks every rule about margins and prices that is about the
// item, also one whose conditions of the moment would not let it apply: somebody
// sets this price, and nothing tells for whom.
func (v *View) Below(place int, gross int64) (id string, below bool) {
	c := rulebook.Columns{
		Regular: v.Snapshot.Gross[place : place+1], Price: []int64{gross},
		NetPrice: []int64{item.Net(gross, v.TaxRate[place])}, NetCost: v.Cost[place : place+1],
	}
	for _, rules := range [][]rule{v.book.static, v.book.later} {
		for i := range rules {
			r := &rules[i]
			if r.Kind != rulebook.Margin && r.Kind != rulebook.Price || !v.concernsItem(r, place) {
				continue
			}
			one := bitmap.New(1)
			one.Set(0)
			if r.Apply(&c, one) > 0 {
				return r.ID, true
			}
		}
	}
	return "", false
}

// concernsItem tells whether the item at a place is one that a rule is about.
func (v *View) concernsItem(r *rule, place int) bool {
	if r.Where.Condition == nil {
		return true
	}
	places := bitmap.New(v.Len())
	places.Set(place)
	v.keep(r.Where.Condition, places)
	return places.Has(place)
}
