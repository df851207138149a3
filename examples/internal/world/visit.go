package world

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	// Day is how long a day of the world lasts: an hour is a minute.
	Day = 24 * time.Minute
	// Shift is when tastes change.
	Shift = 15 * time.Minute

	opening = 9 * time.Minute // it begins at nine in the morning
	spell   = 80 * time.Second
)

// Site is a shop or the page.
type Site struct {
	Name   string
	people int
	rate   float64 // visits a second in an ordinary hour
}

// Sites are the two shops and the page, in this order.
func Sites() []Site {
	return []Site{{"north", 6000, 80}, {"south", 6000, 80}, {"web", 3000, 20}}
}

// Visit is one time that a shopper stands before a shelf.
type Visit struct {
	At      time.Duration
	Event   string // of this visit alone
	Session string
	Profile string // the card they show; empty: none
	Weather string
	Daypart string

	// Granted is what the person grants from this visit on; with Changed they
	// say so at the kiosk just before they look.
	Granted []wire.Purpose
	Changed bool

	person shopper
}

// World is one seed's worth of people, weather and tastes. It is not changed
// after New and may be shared.
type World struct {
	seed  uint64
	items []Item
	place map[string]int
	truth truth
	badly bool           // see Badly
	share float64        // of the people who grant the same for good; below 0: each as they like
	grant []wire.Purpose // what those do
}

// New makes the world of a seed.
func New(seed uint64) *World {
	w := &World{seed: seed, items: goods(), place: map[string]int{}, truth: newTruth(seed), share: -1}
	for i, it := range w.items {
		w.place[it.ID] = i
	}
	return w
}

// Granting is the same world but for consent: so large a share of its people
// grants all purposes but some, the others show a card and grant nothing, and
// nobody changes their mind. The people of a share are among those of a larger one.
func (w *World) Granting(share float64, but ...wire.Purpose) *World {
	other := *w
	other.share = share
	other.grant = slices.DeleteFunc(slices.Clone(everything), func(p wire.Purpose) bool { return slices.Contains(but, p) })
	return &other
}

// Items are the goods, in an order that never changes. They are not to be
// changed.
func (w *World) Items() []Item { return w.items }

// Item is one of the goods by its id, as written here or as the product's
// fourteen digits.
func (w *World) Item(id string) (Item, bool) {
	if len(id) == 14 && id[0] == '0' {
		id = id[1:]
	}
	i, ok := w.place[id]
	if !ok {
		return Item{}, false
	}
	return w.items[i], true
}

// Visits are all visits to a site in the order of their time, without end.
// Each call gives the same ones.
func (w *World) Visits(site Site) iter.Seq[Visit] {
	return func(yield func(Visit) bool) {
		r := source(w.seed, "visits "+site.Name)
		people := w.people(site)
		var at time.Duration
		for n := 0; ; n++ {
			at += gap(r, site.rate*busy[daypart(at)])
			v := w.visit(r, site, n, at, &people[regular(r, len(people))])
			if !yield(v) {
				return
			}
		}
	}
}

// gap until the next visit: arrivals are a Poisson process.
func gap(r *rand.Rand, perSecond float64) time.Duration {
	return time.Duration(r.ExpFloat64() / perSecond * float64(time.Second))
}

// regular picks a person; a quarter of them come more than twice as often.
func regular(r *rand.Rand, n int) int {
	if r.IntN(3) == 0 {
		n /= 4
	}
	return r.IntN(n)
}

func (w *World) visit(r *rand.Rand, site Site, n int, at time.Duration, p *shopper) Visit {
	v := Visit{
		At:      at,
		Event:   fmt.Sprintf("%s-%d-%07d", site.Name, w.seed, n),
		Session: fmt.Sprintf("s-%s-%d-%07d", site.Name, w.seed, n),
		Profile: p.card,
		Weather: w.Weather(site, at),
		Daypart: dayparts[daypart(at)],
	}
	if w.share < 0 && p.card != "" && r.IntN(500) == 0 {
		v.Changed = true
		p.granted = changeOfMind(p.granted)
	}
	v.Granted, v.person = p.granted, *p
	return v
}

// changeOfMind withdraws everything, or grants it.
func changeOfMind(granted []wire.Purpose) []wire.Purpose {
	if slices.Contains(granted, wire.PersonalisedOffers) {
		return nil
	}
	return everything
}

var (
	dayparts = []string{"night", "morning", "noon", "afternoon", "evening"}
	busy     = []float64{0.5, 0.9, 1.1, 1, 1.2}
	weathers = []string{"sun", "cloud", "rain", "cold"}
)

// daypart is the place in dayparts of a time.
func daypart(at time.Duration) int {
	switch hour := int((at+opening)%Day/time.Minute) % 24; {
	case hour < 6 || hour >= 22:
		return 0
	case hour < 11:
		return 1
	case hour < 14:
		return 2
	case hour < 18:
		return 3
	}
	return 4
}

// Weather at a site: spells of a minute or so, each drawn anew.
func (w *World) Weather(site Site, at time.Duration) string {
	return weathers[source(w.seed, fmt.Sprint("weather ", site.Name, int(at/spell))).IntN(len(weathers))]
}
