package rules

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// everybody is a cap of the node over a view: how often each of its groups was shown
// to anybody. A decision pays for what was shown since the last one that asked.
type everybody struct {
	// immutable
	*rule
	view   *View
	span   attribution.Span
	by     attribution.Counted
	group  *grouping         // of brands and categories; else the slot is group 1, an item or offer that after its place
	offers map[uint64]uint32 // their groups, by attribution.OfferKey
	groups int
	most   uint8 // of what is left that matters

	mu      sync.Mutex // guards what follows
	counts  []uint32   // by group
	beyond  map[uint64]uint32
	others  uint32
	changes []attribution.Tallied

	// swapped atomically, by who holds mu; total after now
	now   atomic.Pointer[left]
	total atomic.Uint64 // of attribution.Showings, that now is of
}

// left is what a cap leaves at one time. It does not change.
type left struct {
	oldest int64    // bucket of the span
	of     []uint8  // by group, at most the cap's most
	beyond []uint64 // items of no catalogue of which nothing is left
	closed bool     // nothing is left of items that were not counted by themselves
	none   int      // groups of which nothing is left
	least  uint8    // of what is left where anything is
}

// maxPositions is how many positions an answer has at most.
const maxPositions = 100

func (v *View) everybody(r *rule, g *grouping) *everybody {
	e := &everybody{rule: r, view: v, span: attribution.NewSpan(r.window), by: attribution.CountedItem, group: g, groups: v.Len() + 1, most: 1}
	switch {
	case r.Of == rulebook.OfSlot:
		e.by, e.groups = attribution.CountedSlot, 2
	case r.Of == rulebook.OfOffer:
		e.by, e.groups, e.most, e.offers = attribution.CountedOffer, len(v.book.offers)+1, maxPositions, map[uint64]uint32{}
		for k := range v.book.offers {
			e.offers[attribution.OfferKey(v.book.key, v.book.offers[k].Id)] = uint32(k) + 1
		}
	case g != nil:
		e.groups, e.most = g.n, maxPositions
	}
	return e
}

// at is what the cap leaves at a node time, or a later one if somebody asked for that.
func (e *everybody) at(s *attribution.Showings, now int64) *left {
	oldest := e.span.Oldest(now)
	if e.total.Load() == s.Total() {
		if l := e.now.Load(); l != nil && l.oldest >= oldest {
			return l
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.now.Load()
	if l == nil || l.oldest < oldest {
		return e.recount(s, oldest)
	}
	changes, total, ok := s.Since(e.total.Load(), e.changes[:0])
	if e.changes = changes; !ok || slices.Contains(changes, attribution.Tallied{By: attribution.CountedOthers}) {
		return e.recount(s, l.oldest)
	}
	l = e.take(l, changes)
	e.now.Store(l)
	e.total.Store(total)
	return l
}

// recount counts anew, from a bucket on.
func (e *everybody) recount(s *attribution.Showings, oldest int64) *left {
	e.counts, e.beyond, e.others = zeros(e.counts, e.groups), map[uint64]uint32{}, 0
	clear(e.counts)
	l := &left{oldest: oldest, of: make([]uint8, e.groups)}
	total := s.Each(e.span, oldest, func(t attribution.Tallied, n uint32) { e.add(t, n) })
	for g := range l.of {
		l.of[g] = e.leftOf(uint32(g))
	}
	for item, n := range e.beyond {
		if n >= uint32(e.Count) {
			l.beyond = append(l.beyond, item)
		}
	}
	slices.Sort(l.beyond)
	l.closed = e.others >= uint32(e.Count)
	l.summarise()
	e.now.Store(l)
	e.total.Store(total)
	return l
}

// take adds what was shown since; it is l itself if that changes nothing.
func (e *everybody) take(l *left, changes []attribution.Tallied) *left {
	next := *l
	changed := false
	for _, t := range changes {
		g, ok := e.add(t, 1)
		switch {
		case !ok:
		case g == 0 && e.beyond[t.Of] == uint32(e.Count):
			next.beyond, changed = append(next.beyond, t.Of), true // l sees no further than it did
		case g != 0 && e.leftOf(g) != next.of[g]:
			if &next.of[0] == &l.of[0] {
				next.of = slices.Clone(l.of)
			}
			next.of[g], changed = e.leftOf(g), true
		}
	}
	if !changed {
		return l
	}
	next.summarise()
	return &next
}

// add counts showings, and tells of which group they are: 0 is an item of no
// catalogue.
func (e *everybody) add(t attribution.Tallied, n uint32) (g uint32, ok bool) {
	switch {
	case t.By == attribution.CountedOthers && e.by == attribution.CountedItem:
		e.others += n
		return 0, false
	case t.By != e.by:
		return 0, false
	case e.by == attribution.CountedSlot:
		g, ok = 1, t.Of == uint64(e.view.book.key)
	case e.by == attribution.CountedOffer:
		g, ok = e.offers[t.Of]
	default:
		place, known := e.view.PlaceOf(t.Of)
		if !known {
			if e.group == nil {
				e.beyond[t.Of] += n
			}
			return 0, e.group == nil
		}
		g = e.groupAt(int32(place))
		ok = g != 0
	}
	if ok {
		e.counts[g] += n
	}
	return g, ok
}

// groupAt is the group of an item, for what is counted by items.
func (e *everybody) groupAt(place int32) uint32 {
	if e.group != nil {
		return e.group.at(place)
	}
	return uint32(place) + 1
}

// leftOf is how many showings of a group are left: of what may be among others, as
// if all of those were its.
func (e *everybody) leftOf(g uint32) uint8 {
	n := e.counts[g]
	if e.group != nil || n == 0 {
		n += e.others
	}
	if g == 0 || n == 0 {
		return uint8(min(e.Count, int(e.most)))
	}
	return uint8(min(max(0, e.Count-int(n)), int(e.most)))
}

func (l *left) summarise() {
	l.none, l.least = 0, maxPositions
	for _, n := range l.of {
		if n == 0 {
			l.none++
		} else {
			l.least = min(l.least, n)
		}
	}
}

// same tells whether answers of so many positions are left the same.
func (l *left) same(other *left, positions int) bool {
	if l.closed != other.closed || l.none != other.none || !slices.Equal(l.beyond, other.beyond) {
		return false
	}
	for g, n := range l.of {
		if m := other.of[g]; n != m && (int(n) < positions || int(m) < positions || n == 0 || m == 0) {
			return false
		}
	}
	return true
}
