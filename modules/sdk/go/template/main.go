// Command model says what a row is worth. The columns are those of
// manifest.json, in its order.
package main

import "github.com/aisle-edge/aisle/modules/guest"

const (
	temperature = iota
	margin
	popularity
	chilled
	category
)

func init() {
	guest.Register(guest.Scorer{
		Shape: guest.Shape{ContextDense: 1, Dense: 3, Categorical: 1, Heads: 1},
		Row:   score,
	})
}

func score(r *guest.Row) {
	r.Add(guest.Bias, 0.1)
	r.Add(margin, 0.5*r.Or(margin, 0.2))
	r.Add(popularity, 0.3*r.Or(popularity, 0))
	r.Add(chilled, 0.02*(r.Or(temperature, 20)-20)*r.Or(chilled, 0))
	if r.ID(category) == 0 {
		r.Add(category, -0.25)
	}
}

func main() {}
