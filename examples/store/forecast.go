package store

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/examples/internal/journey"
)

// Forecast is what was predicted of baskets, and came true. It is a prediction:
// nobody bought anything because it was shown.
type Forecast struct {
	Label     string    `json:"label"`
	Generated string    `json:"generated"` // what the data lacks
	Week      int       `json:"week"`
	Weeks     int       `json:"weeks"` // the last one
	Baskets   int       `json:"baskets"`
	Lines     []Forward `json:"lines"`
}

// Forward is one way to predict: bought products of those it named, a basket,
// and by how much the learned way leads it, with an interval valid at any time.
type Forward struct {
	Name     string  `json:"name"`
	Baskets  int64   `json:"baskets"`
	Hits     float64 `json:"hits"`
	Lead     float64 `json:"lead"`
	LeadLow  float64 `json:"lead_low"`
	LeadHigh float64 `json:"lead_high"`
}

const (
	label = "PREDICTION: bought products among the five named before each basket"
	named = 5 // products of a prediction
)

// forecasts counts them. Safe for concurrent use.
type forecasts struct {
	mu    sync.Mutex
	last  Forecast
	board journey.Board
}

func newForecasts(d *journey.Data) *forecasts {
	weeks := d.Weeks()
	return &forecasts{last: Forecast{Label: label, Generated: journey.Generated, Weeks: weeks[len(weeks)-1]}}
}

func (f *forecasts) add(b journey.Basket, predictions ...journey.Prediction) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.board.Add(b, predictions...)
}

func (f *forecasts) played(b journey.Basket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last.Week = b.Week
	f.last.Baskets++
}

func (f *forecasts) now() *Forecast {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.last
	for _, l := range f.board.Lines() {
		i := experiment.Sequence{Range: 2 * named}.Interval(l.Lead)
		out.Lines = append(out.Lines, Forward{l.Name, l.Hits.N, l.Hits.Mean, l.Lead.Mean, i.Low, i.High})
	}
	return &out
}

func (f *Forecast) write(b *strings.Builder) {
	fmt.Fprintf(b, "  week %d of %d, %d baskets. %s\n  %s\n", f.Week, f.Weeks, f.Baskets, f.Label, f.Generated)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "    by\tbought\tlearned leads by\t95 % at any time\tbaskets\n")
	for i, l := range f.Lines {
		lead := "\t"
		if i > 0 {
			lead = fmt.Sprintf("%.4f\t%.4f to %.4f", l.Lead, l.LeadLow, l.LeadHigh)
		}
		fmt.Fprintf(t, "    %s\t%.4f\t%s\t%d\n", l.Name, l.Hits, lead, l.Baskets)
	}
	t.Flush()
}

// told is the same for the console.
func (f *Forecast) told() api.Told {
	m := api.Told{Title: "Prediction: bought of five named products, a basket", Unit: journey.Generated, Source: "the replay of The Complete Journey"}
	for _, l := range f.Lines {
		m.Values = append(m.Values, api.Reading{Label: l.Name, Value: math.Round(l.Hits*1e4) / 1e4})
	}
	return m
}
