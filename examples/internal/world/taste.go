package world

import (
	"fmt"
	"math"
	"time"
)

// truth is what moves shoppers. A shopper who sees an item clicks with
// probability σ(u), where u adds up what follows; positions below the first are
// seen less.
type truth struct {
	taste [2][][]float64 // before and after Shift: by segment, then section
	seed  uint64
}

const (
	ordinary = -3.4 // of an item nobody has an opinion about
	perPoint = 0.02 // of u, a percent taken off
	loyal    = 0.45 // spread of a person's own opinions of a section
	fancy    = 0.7  // spread of items' own appeal
)

var seen = []float64{1, 0.9, 0.8, 0.65, 0.5, 0.4}

func newTruth(seed uint64) truth {
	r := source(seed, "tastes")
	order := r.Perm(tastes)
	t := truth{seed: seed}
	for era := range t.taste {
		for s := range segments {
			t.taste[era] = append(t.taste[era], likes(order, 2*s+5*era))
		}
	}
	return t
}

// likes are a segment's tastes by section: it loves two, likes two, and most of
// the rest leaves it cold. No section is everybody's.
func likes(order []int, from int) []float64 {
	l := make([]float64, len(sections))
	for i := range l {
		l[i] = -0.9
	}
	for i, liking := range []float64{3.2, 2.8, 1.2, 0.8} {
		l[order[(from+i)%tastes]] = liking
	}
	return l
}

// fits says what weather, time of day and household do for a section.
var fits = map[string]map[string]float64{
	"sun":       {"drinks/soft": 1.5, "food/frozen": 1.4, "home/garden": 1.3, "fresh/fruit": 0.6, "drinks/hot": -1, "food/ready": -0.8},
	"rain":      {"food/ready": 1.3, "drinks/hot": 1, "food/snacks": 0.6, "home/garden": -1},
	"cold":      {"drinks/hot": 1.6, "fresh/cheese": 0.9, "care/beauty": 0.6, "food/frozen": -1.2, "drinks/soft": -0.8},
	"morning":   {"fresh/bakery": 1.5, "drinks/hot": 0.8, "fresh/fruit": 0.5, "drinks/wine": -1.5},
	"noon":      {"food/ready": 1, "fresh/fruit": 0.7, "drinks/soft": 0.6},
	"afternoon": {"home/cleaning": 0.8, "food/snacks": 0.6, "fresh/bakery": 0.5},
	"evening":   {"drinks/wine": 1.4, "food/snacks": 0.9, "fresh/cheese": 0.8, "fresh/bakery": -1},
	"night":     {"food/snacks": 1.4, "food/frozen": 0.9, "drinks/soft": 0.5, "fresh/bakery": -1.2},
	"family":    {"food/frozen": 0.7, "home/cleaning": 0.6, "drinks/soft": 0.5},
	"single":    {"food/ready": 0.7, "food/snacks": 0.4},
	"couple":    {"drinks/wine": 0.5, "fresh/cheese": 0.4},
}

// click is the probability that the shopper of a visit who sees an item at the
// first position clicks it.
func (t truth) click(v Visit, it Item, section int) float64 {
	u := t.appeal(v, v.person.segment, v.person.household, it, section)
	return sigma(u + loyal*t.normal("opinion "+v.person.name+" "+it.Category))
}

// appeal is u but for a person's own opinion.
func (t truth) appeal(v Visit, segment, household int, it Item, section int) float64 {
	u := ordinary + t.taste[era(v.At)][segment][section]
	for _, circumstance := range []string{v.Weather, v.Daypart, households[household]} {
		u += fits[circumstance][it.Category]
	}
	return u + perPoint*float64(it.Percent) + fancy*t.normal("item "+it.ID)
}

func sigma(u float64) float64 { return 1 / (1 + math.Exp(-u)) }

const (
	buys      = 0.6   // of who clicked
	returns   = 0.02  // of who bought
	dismisses = 0.002 // of who saw
)

func era(at time.Duration) int {
	if at >= Shift {
		return 1
	}
	return 0
}

// normal is a number of the standard normal distribution that belongs to a name.
func (t truth) normal(name string) float64 { return source(t.seed, name).NormFloat64() }

// Reaction is what a shopper does about one shown item, and how long after it
// was shown. Who buys has clicked, who returns has bought.
type Reaction struct {
	Item                              string
	Click, Buy, Return, Dismiss       bool
	ClickAfter, BuyAfter, ReturnAfter time.Duration
}

// React says what the shopper of a visit does about what is shown, by position.
// It depends on the visit, the items and their positions only.
func (w *World) React(v Visit, shown []string) []Reaction {
	var out []Reaction
	for rank, id := range shown {
		it, ok := w.Item(id)
		if !ok {
			continue
		}
		if r, did := w.react(v, it, rank); did {
			r.Item = id
			out = append(out, r)
		}
	}
	return out
}

func (w *World) react(v Visit, it Item, rank int) (Reaction, bool) {
	r := source(w.seed, fmt.Sprint("react ", v.Event, " ", it.ID))
	u, looks := r.Float64(), seen[min(rank, len(seen)-1)]
	click := looks * w.truth.click(v, it, w.place[it.ID]/perCategory)
	out := Reaction{Click: u < click, Buy: u < click*buys, Return: u < click*buys*returns, Dismiss: u > 1-looks*dismisses}
	out.ClickAfter = time.Second + time.Duration(r.IntN(2000))*time.Millisecond
	out.BuyAfter = out.ClickAfter + time.Second + time.Duration(r.IntN(4000))*time.Millisecond
	out.ReturnAfter = out.BuyAfter + time.Second + time.Duration(r.IntN(2000))*time.Millisecond
	return out, out.Click || out.Dismiss
}
