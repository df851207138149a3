package fairness

import (
	"math/bits"

	"github.com/aisle-edge/aisle/modules/elementary"
)

// window is what is counted of a slot for one group.
type window struct {
	from int64
	side [3]side

	off      float64 // of the group: sum of squares of exposure less due
	drawn    pair    // of the group: exposure and due of positions that nobody placed
	allDrawn float64 // exposure of those
	ordered  int     // decisions that no model made

	broken map[uint64]both // by item, or by a few that share their last bits
}

// both are numbers of the group and of the rest.
type both struct{ group, rest float64 }

// clusters is how many items' broken promises are told apart at most.
const clusters = 1 << 12

const (
	group   = iota // of what is in it
	rest           // of what is not
	unknown        // of customers who can't be asked
)

// side is what one side got.
type side struct {
	decisions     int
	shown         int
	got           pair // of items
	depth, common moments
	broken        [kinds]int
	persons       map[uint64]struct{} // nil once there are enough, or before the first
	enough        bool                // persons
}

// pair is exposure, and what of it is due.
type pair struct{ exposure, due float64 }

// moments are of what decisions came to.
type moments struct {
	n     int
	x, xx float64
}

func (m *moments) add(x float64) {
	m.n++
	m.x += x
	m.xx += float64(x * x)
}

func (m *moments) mean() float64 {
	if m.n == 0 {
		return 0
	}
	return m.x / float64(m.n)
}

// chance is the variance of the mean.
func (m *moments) chance() float64 {
	n := float64(m.n)
	return max(0, m.xx/n-float64(m.mean()*m.mean())) / n
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
	var of [maxGroups]tally
	all := w.memory.tally(d, &of)
	for k := range d.windows {
		n, g := &d.windows[k], &w.book.Fairness[k]
		if !g.OfItems() {
			n.side[sideOf(d, k)].meet(d.person, g.Least)
			n.side[sideOf(d, k)].get(&all)
			continue
		}
		others := all.less(&of[k])
		n.side[group].get(&of[k])
		n.side[rest].get(&others)
		if share := d.share[k]; share > 0 && share < 1 && all.exposure > 0 {
			n.expose(d, share, &of[k], &all)
		}
	}
}

// fail counts a shown item of one side whose promise was broken.
func (n *window) fail(x *shown, in, kind int) {
	n.side[in].broken[kind]++
	if n.broken == nil {
		n.broken = map[uint64]both{}
	}
	b := n.broken[x.item%clusters]
	switch in {
	case group:
		b.group++
	case rest:
		b.rest++
	}
	n.broken[x.item%clusters] = b
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
func (n *window) expose(d *decision, share float64, in, all *tally) {
	g, r := &n.side[group], &n.side[rest]
	due := float64(share * all.exposure)
	g.decisions++
	r.decisions++
	g.got.exposure += in.exposure
	g.got.due += due
	r.got.exposure += all.exposure - in.exposure
	r.got.due += all.exposure - due
	off := in.exposure - due
	n.off += float64(off * off)
	n.drawn.exposure += in.drawn
	n.drawn.due += float64(share * all.drawn)
	n.allDrawn += all.drawn
	if d.ordered {
		n.ordered++
	}
}

// get takes in what a side was shown, and what offers took off it.
func (s *side) get(t *tally) {
	s.shown += t.shown
	if t.priced > 0 {
		s.depth.add(1e-6 * float64(t.depth) / float64(t.priced))
		s.common.add(1e-6 * float64(t.common) / float64(t.priced))
	}
}

// meet counts a decision of a side of customers, and persons as far as matters.
func (s *side) meet(person uint64, least int) {
	s.decisions++
	if s.enough {
		return
	}
	if s.persons == nil {
		s.persons = make(map[uint64]struct{}, min(least, 64))
	}
	s.persons[person] = struct{}{}
	if len(s.persons) >= least {
		s.persons, s.enough = nil, true
	}
}
