package world

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/aisle-edge/aisle/sync/wire"
)

// segments are what people call their own taste when asked for it.
var segments = []string{"fresh", "sweet", "hearty", "gourmet", "green", "handy"}

var households = []string{"single", "couple", "family"}

// shopper is one person. Nothing but declared, household and granted is ever
// told, and that only to the site where they shop.
type shopper struct {
	name      string
	card      string // the same, as profile id; empty: comes without one
	segment   int
	declared  int // what they said their segment was: one in eight says another
	household int
	granted   []wire.Purpose
}

var everything = []wire.Purpose{wire.DeviceStorage, wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent, wire.Measurement, wire.ModelTraining}

// population makes the people of one site. Some come without a card, some have
// one and grant nothing, or only to be counted, or all but to be learned from.
func population(seed uint64, site Site) []shopper {
	r := source(seed, "people "+site.Name)
	people := make([]shopper, site.people)
	for i := range people {
		people[i] = person(r, fmt.Sprintf("%s-%05d", site.Name, i))
	}
	return people
}

// people are those of a site with what they grant in this world.
func (w *World) people(site Site) []shopper {
	people := population(w.seed, site)
	if w.share < 0 {
		return people
	}
	for i := range people {
		p := &people[i]
		if p.card, p.granted = p.name, nil; source(w.seed, "grants "+p.name).Float64() < w.share {
			p.granted = w.grant
		}
	}
	return people
}

func person(r *rand.Rand, name string) shopper {
	p := shopper{name: name, card: name, segment: r.IntN(len(segments)), household: r.IntN(len(households))}
	p.declared = p.segment
	if r.IntN(8) == 0 {
		p.declared = r.IntN(len(segments))
	}
	switch u := r.IntN(100); {
	case u < 60:
		p.granted = everything
	case u < 70:
		p.granted = without(everything, wire.ModelTraining)
	case u < 75:
		p.granted = []wire.Purpose{wire.Measurement}
	case u < 85:
		p.granted = nil
	default:
		p.card = ""
	}
	return p
}

func without(list []wire.Purpose, p wire.Purpose) []wire.Purpose {
	return slices.DeleteFunc(slices.Clone(list), func(q wire.Purpose) bool { return q == p })
}
