package fairness

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/elementary"
)

// window is what is counted of a slot for one group.
type window struct {
	totals
	persons, items chance
	met            [3]map[uint64]struct{} // persons of customers, until there are enough
}

// totals are sums alone, in the order in which they are kept.
type totals struct {
	From int64
	Side [3]side

	Drawn    pair    // of the group: exposure and due of positions that nobody placed
	AllDrawn float64 // exposure of those
	Ordered  int64   // decisions that no model made

	Persons, Items moments // of those who are past
}

const (
	group   = iota // of what is in it
	rest           // of what is not
	unknown        // of customers who can't be asked
)

// side is what one side got.
type side struct {
	Decisions     int64
	Shown         int64
	Got           pair // of items
	Depth, Common mean
	Broken        [kinds]int64
	Enough        bool // persons
}

// pair is exposure, and what of it is due.
type pair struct{ Exposure, Due float64 }

// mean is of what decisions came to.
type mean struct{ N, Sum float64 }

func (m *mean) add(x float64) {
	m.N++
	m.Sum += x
}

func (m *mean) of() float64 {
	if m.N == 0 {
		return 0
	}
	return m.Sum / m.N
}

// discount is the exposure of position i, from 0.
func discount(i int) float64 {
	if i < len(discounts) {
		return discounts[i]
	}
	return elementary.Log(2) / elementary.Log(float64(i+2))
}

var discounts = func() (of [32]float64) {
	for i := range of {
		of[i] = elementary.Log(2) / elementary.Log(float64(i+2))
	}
	return of
}()

// count takes a decision that was shown into the windows of its slot.
func (w *Watch) count(d *decision) {
	w.changed = true
	var of [maxGroups]tally
	all := w.memory.tally(d, &of)
	for k := range d.windows {
		n, g := &d.windows[k], &w.book.Fairness[k]
		own := n.persons.of(d.person)
		if !g.OfItems() {
			n.meet(sideOf(d, k), d.person, g.Least)
			n.get(sideOf(d, k), &all, own)
			continue
		}
		others := all.less(&of[k])
		n.get(group, &of[k], own)
		n.get(rest, &others, own)
		if share := d.share[k]; share > 0 && share < 1 && all.exposure > 0 {
			n.expose(d, share, &of[k], &all, own)
		}
	}
}

// fail counts a shown item of one side whose promise was broken.
func (n *window) fail(x *shown, person uint64, in, kind int) {
	n.Side[in].Broken[kind]++
	if in != unknown {
		n.persons.of(person)[broken+in]++
		n.items.of(x.item)[broken+in]++
	}
}

// tally is what a decision shows of something.
type tally struct {
	shown, priced   int
	depth, common   int64 // millionths
	exposure, drawn float64
}

// tally sums up what is in each group of items, and all.
func (m *memory) tally(d *decision, of *[maxGroups]tally) (all tally) {
	for i := range d.n {
		x := m.at(d, i)
		if !x.there {
			continue
		}
		exposure := discount(i)
		all.add(x, exposure)
		for in := x.groups; in != 0; in &= in - 1 {
			of[bits.TrailingZeros16(in)].add(x, exposure)
		}
	}
	return all
}

func (t *tally) add(x *shown, exposure float64) {
	t.shown++
	t.exposure += exposure
	if !x.placed {
		t.drawn += exposure
	}
	if x.priced {
		t.priced++
		t.depth += int64(x.depth)
		t.common += int64(x.common)
	}
}

func (t *tally) less(o *tally) tally {
	return tally{t.shown - o.shown, t.priced - o.priced, t.depth - o.depth, t.common - o.common, t.exposure - o.exposure, t.drawn - o.drawn}
}

// sideOf is where a request is.
func sideOf(d *decision, k int) int {
	switch {
	case d.in>>k&1 == 1:
		return group
	case d.rest>>k&1 == 1:
		return rest
	}
	return unknown
}

// expose counts a decision in which both sides could be shown, the group as a share
// of the candidates.
func (n *window) expose(d *decision, share float64, in, all *tally, own *sums) {
	g, r := &n.Side[group], &n.Side[rest]
	due := float64(share * all.exposure)
	g.Decisions++
	r.Decisions++
	g.Got.Exposure += in.exposure
	g.Got.Due += due
	r.Got.Exposure += all.exposure - in.exposure
	r.Got.Due += all.exposure - due
	own[off] += in.exposure - due
	n.Drawn.Exposure += in.drawn
	n.Drawn.Due += float64(share * all.drawn)
	n.AllDrawn += all.drawn
	if d.ordered {
		n.Ordered++
	}
}

// get takes in what a side was shown, and what offers took off it.
func (n *window) get(in int, t *tally, own *sums) {
	s := &n.Side[in]
	s.Shown += int64(t.shown)
	if t.priced == 0 {
		return
	}
	x := 1e-6 * float64(t.depth) / float64(t.priced)
	s.Depth.add(x)
	s.Common.add(1e-6 * float64(t.common) / float64(t.priced))
	if in != unknown {
		own[depth+in] += x
		own[priced+in]++
	}
}

// meet counts a decision of a side of customers, and persons as far as matters.
func (n *window) meet(in int, person uint64, least int) {
	s := &n.Side[in]
	s.Decisions++
	if s.Enough {
		return
	}
	if n.met[in] == nil {
		n.met[in] = make(map[uint64]struct{}, min(least, 64))
	}
	n.met[in][person] = struct{}{}
	if len(n.met[in]) >= least {
		n.met[in], s.Enough = nil, true
	}
}
