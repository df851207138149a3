package rules

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// Allowed is what the rules leave. Its memory is reused.
type Allowed struct {
	Bits    bitmap.Bits // by candidate
	Removed []Count

	answers
	target bitmap.Bits // what the rule at work may remove
	met    bitmap.Bits // by candidate, of one rule
	saw    [3]located  // person, session, household
	both   [2]*located
	house  [1]*located
	shown  []uint32 // by candidate, zero between uses
	tally  []uint32 // by group, likewise
	groups []uint32 // that tally counts
	seqs   []uint64 // of answers counted
	prefix []upon   // by prefix rule
	nodes  []leaves // by cap of the node
	owns   []owned  // by cap of somebody that counts items together

	campaigns campaigns
}

// located are entries with where their items are.
type located struct {
	entries []attribution.Entry
	at      []int32 // candidate of each, or Nowhere
	places  []int32 // in the catalogue, or Nowhere
	order   []int32 // the entries, what was done first, then what was shown
	done    int     // how many of those are what was done
}

// upon is what a rule about the prefix is about in one decision.
type upon struct {
	applies bool
	target  bitmap.Bits
}

// Allow applies the rules, all that need no prefix. stock is what Stock gave.
func (c *Candidates) Allow(dst *Allowed, stock *Stock, a Asked) {
	b := c.View.book
	dst.Bits = append(dst.Bits[:0], c.static...)
	dst.Removed = append(dst.Removed[:0], c.removed...)
	if stock != nil {
		if stock.missing {
			dst.Removed = counted(dst.Removed, NotFound, removeAll(dst.Bits, stock.lost))
		}
		before := dst.Bits.Count()
		dst.Bits.And(stock.bits)
		dst.Removed = counted(dst.Removed, b.stock, before-dst.Bits.Count())
	}
	dst.prepare(c, &a)
	c.campaign(dst, &a)
	for i := range b.later {
		r := &b.later[i]
		if !dst.aim(c, r, &c.View.scopes[i]) {
			continue
		}
		dst.Removed = counted(dst.Removed, r.ID, c.apply(dst, r, &c.View.scopes[i], stock, &a))
	}
	dst.Removed = counted(dst.Removed, NoOffer, dst.leave())
	dst.Removed = counted(dst.Removed, Excluded, c.exclude(dst, a.Excluded))
	dst.Removed = counted(dst.Removed, Unfulfilled, c.fulfil(dst.Bits, a.Fulfilment, a.OnHand))
}

// prepare reads what the rules ask for.
func (dst *Allowed) prepare(c *Candidates, a *Asked) {
	b := c.View.book
	dst.read(b, a)
	dst.target, dst.met = sized(dst.target, c.Len()), sized(dst.met, c.Len())
	if len(b.later) > 0 || len(c.touched) > 0 {
		dst.both, dst.house = [2]*located{&dst.saw[0], &dst.saw[1]}, [1]*located{&dst.saw[2]}
		dst.saw[0].locate(c, a.Person)
		dst.saw[1].locate(c, a.Session)
		dst.saw[2].locate(c, a.Household)
	}
	if len(dst.prefix) < len(b.prefix) {
		dst.prefix = make([]upon, len(b.prefix))
	}
	for i := range dst.prefix {
		dst.prefix[i].applies = false
	}
	if len(dst.nodes) < b.nodes {
		dst.nodes = make([]leaves, b.nodes)
	}
	for i := range dst.nodes {
		dst.nodes[i].left = nil
	}
	if len(dst.owns) < len(b.owns) {
		dst.owns = make([]owned, len(b.owns))
	}
	for i := range dst.owns {
		dst.owns[i].applies = false
	}
}

// locate finds the item and the candidate of each entry.
func (l *located) locate(c *Candidates, entries []attribution.Entry) {
	l.entries, l.at, l.places, l.order = entries, l.at[:0], l.places[:0], l.order[:0]
	for k := range entries {
		at, where := int32(Nowhere), int32(Nowhere)
		if place, ok := c.View.PlaceOf(entries[k].Item); ok {
			if where = int32(place); c.at != nil {
				at = c.at[place] - 1
			}
		}
		if c.at == nil {
			at = c.FindOf(entries[k].Item)
		}
		l.at, l.places = append(l.at, at), append(l.places, where)
		if entries[k].Type != attribution.Shown {
			l.order = append(l.order, int32(k))
		}
	}
	l.done = len(l.order)
	for k := range entries {
		if entries[k].Type == attribution.Shown {
			l.order = append(l.order, int32(k))
		}
	}
}

// of are the entries that a rule may count, by their place.
func (l *located) of(r *rule) []int32 {
	switch {
	case r.Kind == rulebook.Cap:
		return l.order[l.done:]
	case r.shown:
		return l.order
	}
	return l.order[:l.done]
}

// aim makes target what the rule is about in this request; false: it does not
// apply. What is not known lets it apply.
func (dst *Allowed) aim(c *Candidates, r *rule, s *scope) bool {
	if r.when != nil && dst.holds(r.when) == condition.False {
		return false
	}
	copy(dst.target, c.set(s.base))
	if r.excuse == nil || r.request != nil && dst.holds(r.request) != condition.True {
		return true
	}
	rest := c.set(s.rest)
	if r.mixed == nil {
		copy(dst.target, rest)
		return true
	}
	copy(dst.met, dst.target)
	dst.met.And(dst.Bits)
	dst.met.AndNot(rest)
	ids := r.mixed.single(s.columns)
	clear(dst.found[:])
	for i := range dst.met.All() {
		if place := c.Places[i]; place != Nowhere && dst.holdsOf(r.mixed, s.columns, ids, int(place)) == condition.True {
			dst.target.Clear(i)
		}
	}
	return true
}

// apply removes what a rule says of its target, and tells how many that were.
func (c *Candidates) apply(dst *Allowed, r *rule, s *scope, stock *Stock, a *Asked) (removed int) {
	switch r.Kind {
	case rulebook.Stock:
		dst.target.AndNot(stock.more[r.need])
	case rulebook.Margin, rulebook.Price:
		if c.View.later(r) {
			c.tooCheap(dst, r, s)
		}
	case rulebook.Avoid:
		c.avoid(dst, r, s)
	case rulebook.Needs:
		c.lack(dst, r, s)
	case rulebook.Age:
		c.tooYoung(dst, r, s)
	case rulebook.Sensitive:
		if c.concerns(dst, r, s, a) {
			return 0
		}
	case rulebook.Cap, rulebook.Suppress:
		return c.applyHistory(dst, r, s, a)
	case rulebook.Limit, rulebook.Separate:
		up := &dst.prefix[r.prefix]
		up.applies, up.target = true, append(up.target[:0], dst.target...)
		dst.target.And(c.unknown) // whose they are nobody knows
	}
	return removeAll(dst.Bits, dst.target)
}

// avoid leaves in target what has a word of the source. Nothing is removed for who
// does not say what to avoid.
func (c *Candidates) avoid(dst *Allowed, r *rule, s *scope) {
	clear(dst.met)
	if dst.known[r.source] {
		words(&dst.said[r.source], func(word string) {
			or(dst.met, c.set(s.unstated))
			or(dst.met, c.set(s.with(word)))
		})
	}
	dst.target.And(dst.met)
}

// lack leaves in target what lacks a word of the source.
func (c *Candidates) lack(dst *Allowed, r *rule, s *scope) {
	clear(dst.met)
	if dst.known[r.source] {
		words(&dst.said[r.source], func(word string) {
			if set, ok := s.words[word]; ok {
				orNot(dst.met, c.set(set))
			} else {
				dst.met.Fill(c.Len())
			}
		})
	}
	dst.target.And(dst.met)
}

// with is the set of items with a word, or of those that may have it.
func (s *scope) with(word string) int {
	if set, ok := s.words[word]; ok {
		return set
	}
	return s.other
}

func or(dst, set bitmap.Bits) {
	for i := range dst {
		dst[i] |= set[i]
	}
}

func orNot(dst, set bitmap.Bits) {
	for i := range dst {
		dst[i] |= ^set[i]
	}
}

// tooYoung leaves in target what demands more than the age of the source; with an
// unknown age, what demands any.
func (c *Candidates) tooYoung(dst *Allowed, r *rule, s *scope) {
	age, ok := 0.0, false
	if dst.known[r.source] {
		age, ok = number(&dst.said[r.source])
	}
	k := 0
	for ok && k < len(s.ages)-1 && s.ages[k] <= age {
		k++
	}
	dst.target.And(c.set(s.older[k]))
}

// concerns tells whether the person granted to be shown what the rule is about, and
// where it says so bought of it lately themself.
func (c *Candidates) concerns(dst *Allowed, r *rule, s *scope, a *Asked) bool {
	if a.Granted == nil || !a.Granted(r.purpose) {
		return false
	}
	if r.within == 0 {
		return true
	}
	for k := range a.Person {
		e, place := &a.Person[k], dst.saw[0].places[k]
		if e.Type == purchase && e.At > a.Now-r.within && place != Nowhere && c.View.sets.has(s.base, place) {
			return true
		}
	}
	return false
}

func (c *Candidates) exclude(dst *Allowed, ids []string) (removed int) {
	for _, id := range ids {
		if i := c.FindOf(xxhash.Sum64String(id)); i != Nowhere {
			removed += remove(dst, int(i))
		}
	}
	return removed
}

func remove(dst *Allowed, i int) int {
	if !dst.Bits.Has(i) {
		return 0
	}
	dst.Bits.Clear(i)
	return 1
}

// zeros is memory for n counts that are zero.
func zeros(counts []uint32, n int) []uint32 {
	if len(counts) < n {
		return make([]uint32, n)
	}
	return counts
}

// answersSeen counts the answers that entries come from: those that were joined
// may be of several, and count in full.
func (dst *Allowed) answersSeen(entries []attribution.Entry, matters func(e *attribution.Entry) bool) (n int) {
	dst.seqs = dst.seqs[:0]
	for k := range entries {
		e := &entries[k]
		if e.Type != attribution.Shown || !matters(e) {
			continue
		}
		if e.Times > 1 {
			n += int(e.Times)
		} else {
			dst.seqs = append(dst.seqs, e.Seq)
		}
	}
	slices.Sort(dst.seqs)
	return n + len(slices.Compact(dst.seqs))
}
