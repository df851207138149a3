package journey

import (
	"slices"

	"github.com/aisle-edge/aisle/central/experiment"
)

// Board counts predictions that came true, of several ways to predict the same
// baskets.
type Board struct{ lines []BoardLine }

// BoardLine is one way to predict.
type BoardLine struct {
	Name string
	Hits experiment.Moments // predicted products that were bought, a basket
	Lead experiment.Moments // hits of the board's first line less those of this one, a basket
}

// Prediction is what one way predicted of a basket.
type Prediction struct {
	Name     string
	Products []string
}

// Add takes in what was predicted of a basket, by the same ways in the same
// order each time.
func (s *Board) Add(b Basket, predictions ...Prediction) {
	for i, p := range predictions {
		if i == len(s.lines) {
			s.lines = append(s.lines, BoardLine{Name: p.Name})
		}
		hits := Hits(p.Products, b)
		s.lines[i].Hits.Add(float64(hits))
		s.lines[i].Lead.Add(float64(Hits(predictions[0].Products, b) - hits))
	}
}

// Lines returns a copy of the lines.
func (s *Board) Lines() []BoardLine { return slices.Clone(s.lines) }

// Hits is how many of the predicted products are in the basket.
func Hits(predicted []string, b Basket) int {
	n := 0
	for i, id := range predicted {
		if !slices.Contains(predicted[:i], id) && slices.ContainsFunc(b.Lines, func(l Line) bool { return l.Product == id }) {
			n++
		}
	}
	return n
}
