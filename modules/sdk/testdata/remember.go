// Command model answers what the rows before were worth, and remembers this one.
package main

import "github.com/aisle-edge/aisle/modules/guest"

var (
	last = 0.5
	all  [][]float64 // which makes the runtime grow
)

func init() {
	guest.Register(guest.Scorer{Shape: guest.Shape{Dense: 1, Heads: 1}, Row: score})
}

func score(r *guest.Row) {
	r.Add(guest.Bias, last)
	last += float64(r.Dense(0))
	all = append(all, make([]float64, 100))
}

func main() {}
