package rules

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Nowhere is the place of an action that is no item of the catalogue.
const Nowhere = -1

// ErrTwice: the same action was given twice.
var ErrTwice = errors.New("an action is given twice; send each once")

// Candidates are what may be shown before personal rules and stock, in the order
// in which a decision numbers them.
type Candidates struct {
	View   *View
	Places []int32  // in the catalogue, or Nowhere
	IDs    []string // only of candidates that the caller gave

	sets    []uint64    // the view's, by candidate
	unknown bitmap.Bits // what is no item of the catalogue
	static  bitmap.Bits // left by the rules that need nobody
	removed []Count     // by those
	touched []int32     // candidates that a personal offer is for, ascending
	at      []int32     // by place: candidate, from 1; only of the slot's own
	table   []int32     // candidate, from 1, by hash of the id; only of given ones
	hashes  []uint64    // likewise

	stock    atomic.Pointer[Stock]      // the last one, of the slot's own
	emptied  []atomic.Pointer[emptied]  // likewise, by cap of the node
	overlays atomic.Pointer[[]*overlay] // likewise those kept

	ordered  sync.Once
	ranked   []float64
	baseline []float64
	byMargin []int32 // in this order, where that is the baseline
}

// Count says how many candidates a rule removed.
type Count struct {
	Rule string
	N    int
}

// Len is how many candidates there are.
func (c *Candidates) Len() int { return len(c.Places) }

// ID is the id of candidate i.
func (c *Candidates) ID(i int) string {
	if c.IDs != nil {
		return c.IDs[i]
	}
	return c.View.ID(int(c.Places[i]))
}

func newSource(v *View, places []uint32) *Candidates {
	c := &Candidates{View: v, Places: make([]int32, len(places)), at: make([]int32, v.Len()), emptied: make([]atomic.Pointer[emptied], v.book.nodes)}
	for i, place := range places {
		c.Places[i] = int32(place)
		c.at[place] = int32(i) + 1
	}
	c.applyStatic()
	return c
}

// Give makes c the candidates that a caller named, reusing its memory. ErrTwice.
func (v *View) Give(c *Candidates, ids []string) error {
	c.View, c.IDs = v, ids
	c.Places, c.hashes = c.Places[:0], c.hashes[:0]
	size := 16
	for size < 2*len(ids) {
		size *= 2
	}
	c.table = slices.Grow(c.table[:0], size)[:size]
	clear(c.table)
	for i, id := range ids {
		hash := xxhash.Sum64String(id)
		at := hash & uint64(size-1)
		for ; c.table[at] != 0; at = (at + 1) & uint64(size-1) {
			if ids[c.table[at]-1] == id {
				return ErrTwice
			}
		}
		c.table[at] = int32(i) + 1
		place, ok := v.PlaceOf(hash)
		if !ok || v.ID(place) != id {
			place = Nowhere
		}
		c.Places, c.hashes = append(c.Places, int32(place)), append(c.hashes, hash)
	}
	c.ranked, c.baseline, c.ordered = c.ranked[:0], c.baseline[:0], sync.Once{}
	c.applyStatic()
	return nil
}

// applyStatic finds what each candidate is in, and removes what the rules about
// items alone do.
func (c *Candidates) applyStatic() {
	n, v := c.Len(), c.View
	c.sets = v.sets.gather(c.sets, c.Places)
	c.unknown = sized(c.unknown, n)
	if c.IDs != nil {
		c.sortUnknown()
	}
	c.static = sized(c.static, n)
	c.static.Fill(n)
	c.removed = c.removed[:0]
	for k := range v.book.static {
		c.removed = counted(c.removed, v.book.static[k].ID, removeAll(c.static, c.set(v.static[k])))
	}
	c.touch()
}

// touch finds the candidates that a personal offer is for.
func (c *Candidates) touch() {
	c.touched = c.touched[:0]
	v := c.View
	if !v.personal {
		return
	}
	for i, place := range c.Places {
		if place != Nowhere && slices.ContainsFunc(v.cover.offers(int(place)), func(k int32) bool { return v.book.offers[k].personal }) {
			c.touched = append(c.touched, int32(i))
		}
	}
}

// sortUnknown finds the candidates that are no items, and takes those into the sets
// of rules that name them by their id.
func (c *Candidates) sortUnknown() {
	for i, place := range c.Places {
		if place != Nowhere {
			continue
		}
		c.unknown.Set(i)
		for k := range c.View.book.static {
			if c.View.book.static[k].items[c.hashes[i]] {
				c.set(c.View.static[k]).Set(i)
			}
		}
		for k := range c.View.book.later {
			r, s := &c.View.book.later[k], &c.View.scopes[k]
			if !r.items[c.hashes[i]] {
				continue
			}
			c.set(s.base).Set(i)
			if r.excuse == nil || !r.excuse.Always() || r.mixed != nil {
				c.set(s.rest).Set(i)
			}
		}
	}
}

// set is one of the view's sets, by candidate.
func (c *Candidates) set(number int) bitmap.Bits {
	words := (c.Len() + 63) / 64
	return bitmap.Bits(c.sets[number*words : (number+1)*words : (number+1)*words])
}

// removeAll takes a set out of allowed, and tells how many that were.
func removeAll(allowed, set bitmap.Bits) (removed int) {
	for i := range allowed {
		removed += bits.OnesCount64(allowed[i] & set[i])
		allowed[i] &^= set[i]
	}
	return removed
}

func counted(counts []Count, rule string, n int) []Count {
	if n > 0 {
		counts = append(counts, Count{rule, n})
	}
	return counts
}

// sized is an empty set of n places, in b's memory if it is enough.
func sized(b bitmap.Bits, n int) bitmap.Bits {
	words := (n + 63) / 64
	b = slices.Grow(b[:0], words)[:words]
	clear(b)
	return b
}

// FindOf is Find for who knows only the xxhash64 of the id: Nowhere if it is none.
func (c *Candidates) FindOf(hash uint64) int32 {
	if c.at != nil {
		if place, ok := c.View.PlaceOf(hash); ok {
			return c.at[place] - 1
		}
		return Nowhere
	}
	mask := uint64(len(c.table) - 1)
	for at := hash & mask; c.table[at] != 0; at = (at + 1) & mask {
		if i := c.table[at] - 1; c.hashes[i] == hash {
			return i
		}
	}
	return Nowhere
}

// Ranked scores candidates by their place in the slot's ranking: the first has 0,
// the next -1; those that are not in it follow in their order.
func (c *Candidates) Ranked() []float64 {
	c.ordered.Do(c.order)
	return c.ranked
}

// AppendBaseline appends scores of candidates by the slot's baseline, likewise, at the
// prices of the decision that of is of.
func (c *Candidates) AppendBaseline(dst []float64, of *Allowed) []float64 {
	c.ordered.Do(c.order)
	from := len(dst)
	dst = append(dst, c.baseline...)
	if c.View.book.slot.Baseline == rulebook.ByMargin && len(of.campaigns.priced) > 0 {
		c.reorder(dst[from:], of)
	}
	return dst
}

// reorder moves the candidates with prices of one decision among the others, which
// keep their order.
func (c *Candidates) reorder(scores []float64, of *Allowed) {
	d := &of.campaigns
	d.leaving = sized(d.leaving, len(c.byMargin))
	d.moved = d.moved[:0]
	for k := range d.priced {
		p := &d.priced[k]
		d.moved = append(d.moved, ordered{p.candidate, c.left(c.Places[p.candidate], p.net)})
		d.leaving.Set(int(p.candidate))
	}
	slices.SortFunc(d.moved, before)
	next, rank := d.moved, 0
	place := func(i int32) { scores[i] = 0 - float64(rank); rank++ }
	for _, i := range c.byMargin {
		if d.leaving.Has(int(i)) {
			continue
		}
		for ; len(next) > 0 && before(next[0], ordered{i, c.margin(i)}) < 0; next = next[1:] {
			place(next[0].candidate)
		}
		place(i)
	}
	for _, m := range next {
		place(m.candidate)
	}
}

// ordered is a candidate with its margin.
type ordered struct {
	candidate int32
	margin    int64
}

// before orders candidates by their margins, the highest first, then as they are
// numbered.
func before(a, b ordered) int {
	return cmp.Or(-cmp.Compare(a.margin, b.margin), cmp.Compare(a.candidate, b.candidate))
}

func (c *Candidates) order() {
	n := c.Len()
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(c.rank(a), c.rank(b)) })
	c.ranked = scored(c.ranked, order)
	switch c.View.book.slot.Baseline {
	case rulebook.Ranking:
		c.baseline = append(c.baseline[:0], c.ranked...)
		return
	case rulebook.ByMargin:
		slices.SortFunc(order, func(a, b int32) int { return before(ordered{a, c.margin(a)}, ordered{b, c.margin(b)}) })
		c.byMargin = append(c.byMargin[:0], order...)
	default:
		slices.Sort(order)
	}
	c.baseline = scored(c.baseline, order)
}

// rank is a candidate's place in the ranking, past its end when it is not there.
func (c *Candidates) rank(i int32) int32 {
	ranked := c.View.book.ranked
	if len(ranked) == 0 {
		return 0
	}
	hash := uint64(0)
	if c.at == nil {
		hash = c.hashes[i]
	} else {
		hash = c.View.Hash[c.Places[i]]
	}
	if rank, ok := ranked[hash]; ok {
		return rank
	}
	return 1<<31 - 1
}

// margin is what everybody's net price leaves in minor units; the least when unknown.
func (c *Candidates) margin(i int32) int64 {
	place := c.Places[i]
	if place == Nowhere {
		return -1 << 63
	}
	return c.left(place, c.View.Net[place])
}

// left is what a net price leaves of an item, likewise.
func (c *Candidates) left(place int32, net int64) int64 {
	if c.View.Cost[place] == rulebook.UnknownCost {
		return -1 << 63
	}
	return net - c.View.Cost[place]
}

func scored(dst []float64, order []int32) []float64 {
	dst = slices.Grow(dst[:0], len(order))[:len(order)]
	for k, i := range order {
		dst[i] = 0 - float64(k) // never -0
	}
	return dst
}
