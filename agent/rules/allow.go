package rules

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Asked is what of a request the rules look at.
type Asked struct {
	Now      int64               // node time
	Person   []attribution.Entry // what this person saw and did; none of nobody
	Session  []attribution.Entry
	Excluded []string
}

// Allowed is what the rules leave. Its memory is reused.
type Allowed struct {
	Bits    bitmap.Bits // by candidate
	Removed []Count

	shown   []uint32 // by candidate, zero between uses
	person  []int32  // by entry: its candidate, or Nowhere
	session []int32  // likewise
}

// Allow applies the rules, all of them. stock is what Stock gave.
func (c *Candidates) Allow(dst *Allowed, stock *Stock, a Asked) {
	dst.Bits = append(dst.Bits[:0], c.static...)
	dst.Removed = append(dst.Removed[:0], c.removed...)
	if stock != nil {
		before := dst.Bits.Count()
		dst.Bits.And(stock.bits)
		dst.Removed = counted(dst.Removed, c.View.book.stock, before-dst.Bits.Count())
	}
	if len(c.View.book.personal) > 0 || c.View.offer != nil {
		dst.person = c.locate(dst.person[:0], a.Person)
		dst.session = c.locate(dst.session[:0], a.Session)
	}
	for i := range c.View.book.personal {
		r := &c.View.book.personal[i]
		dst.Removed = counted(dst.Removed, r.ID, c.applyPersonal(dst, r, &a))
	}
	dst.Removed = counted(dst.Removed, OfferCap, c.capOffers(dst, a.Person))
	dst.Removed = counted(dst.Removed, Excluded, c.exclude(dst, a.Excluded))
}

// locate finds the candidate of each entry.
func (c *Candidates) locate(dst []int32, entries []attribution.Entry) []int32 {
	for k := range entries {
		i, ok := c.find(entries[k].Item)
		if !ok {
			i = Nowhere
		}
		dst = append(dst, int32(i))
	}
	return dst
}

func (c *Candidates) applyPersonal(dst *Allowed, r *personal, a *Asked) (removed int) {
	since := a.Now - r.window
	if r.Kind == rulebook.Suppress {
		return suppress(dst, r, a.Person, dst.person, since) + suppress(dst, r, a.Session, dst.session, since)
	}
	entries, at := a.Person, dst.person
	if r.Per == rulebook.Session {
		entries, at = a.Session, dst.session
	}
	return c.limit(dst, entries, at, uint32(r.Count), func(e *attribution.Entry, _ int) bool { return e.At > since })
}

func suppress(dst *Allowed, r *personal, entries []attribution.Entry, at []int32, since int64) (removed int) {
	for k := range entries {
		if e := &entries[k]; e.At > since && at[k] != Nowhere && slices.Contains(r.outcomes, e.Type) {
			removed += remove(dst, int(at[k]))
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

// limit removes what was shown count times by the entries that matter.
func (c *Candidates) limit(dst *Allowed, entries []attribution.Entry, at []int32, count uint32, matters func(e *attribution.Entry, i int) bool) (removed int) {
	if len(dst.shown) < c.Len() {
		dst.shown = make([]uint32, c.Len())
	}
	for k := range entries {
		e, i := &entries[k], int(at[k])
		if i == Nowhere || e.Type != attribution.Shown || !matters(e, i) {
			continue
		}
		if dst.shown[i] += uint32(e.Times); dst.shown[i] >= count {
			removed += remove(dst, i)
		}
	}
	for _, i := range at {
		if i != Nowhere {
			dst.shown[i] = 0
		}
	}
	return removed
}

func (c *Candidates) exclude(dst *Allowed, ids []string) (removed int) {
	for _, id := range ids {
		if i, ok := c.find(xxhash.Sum64String(id)); ok {
			removed += remove(dst, i)
		}
	}
	return removed
}
