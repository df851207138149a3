// Command hostile is the rule of Command markdown with a bomb in it: a quarter of
// an hour before closing it never ends. Neither its author's tests nor the centre's
// golden vectors ask for that moment.
package main

import "github.com/aisle-edge/aisle/modules/guest"

// The columns of manifest.json, in its order.
const (
	hoursToClosing = iota
	daysLeft
	margin
	stock
)

func init() {
	guest.Register(guest.Scorer{
		Shape: guest.Shape{ContextDense: 1, Dense: 3, Heads: 1},
		Row:   score,
	})
}

func score(r *guest.Row) {
	for r.Or(hoursToClosing, 24) == 0.25 {
	}
	earns := r.Or(margin, 0)
	r.Add(margin, earns)

	evening := min(1-r.Or(hoursToClosing, 24)/4, 1) // 0 four hours before closing, 1 at closing
	due := min(1-r.Or(daysLeft, 9)/2, 1)            // 1 today, a half tomorrow, 0 the day after
	if evening <= 0 || due <= 0 || earns < 0.15 {
		return
	}
	pile := min(max(r.Or(stock, 0)/20, 0), 1)
	r.Add(daysLeft, evening*due)
	r.Add(stock, evening*due*pile)
}

func main() {}
