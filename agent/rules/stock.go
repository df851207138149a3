package rules

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/bitmap"
)

// Stock is which candidates can be promised, at one time.
type Stock struct {
	version uint64 // of what the catalogue says of it, see Candidates.version
	bits    bitmap.Bits
	lost    bitmap.Bits   // not in bits because somebody did not find them
	missing bool          // there are such
	more    []bitmap.Bits // by further number, of rules with conditions
}

// Stock fills in dst which candidates can be promised now; the slot's own are
// kept between decisions, and then dst is not used. Nil: stock does not matter.
func (c *Candidates) Stock(cat *catalogue.Catalogue, dst *Stock) *Stock {
	b := c.View.book
	if b.need == 0 && len(b.needs) == 0 {
		return nil
	}
	version := c.version(cat)
	kept := c.stock.Load()
	if kept != nil && kept.version == version {
		return kept
	}
	if c.at != nil {
		dst = new(Stock)
		defer func() { c.stock.Store(dst) }()
	}
	dst.version = version
	c.count(cat, dst)
	return dst
}

func (c *Candidates) count(cat *catalogue.Catalogue, dst *Stock) {
	b := c.View.book
	dst.bits = c.promisable(cat, dst.bits, b.need)
	dst.lost, dst.missing = c.lost(cat, dst.lost)
	dst.more = slices.Grow(dst.more[:0], len(b.needs))[:len(b.needs)]
	for i, need := range b.needs {
		dst.more[i] = c.promisable(cat, dst.more[i], need)
	}
}

// version is a number that grows whenever promisable might change. It is taken
// before that.
func (c *Candidates) version(cat *catalogue.Catalogue) uint64 {
	if b := c.View.book; b.need <= 1 && len(b.needs) == 0 {
		return cat.Availability().Version
	}
	return cat.Movements()
}

// promisable are the candidates of which need can be promised; with 0, all.
func (c *Candidates) promisable(cat *catalogue.Catalogue, bits bitmap.Bits, need int64) bitmap.Bits {
	bits = sized(bits, c.Len())
	if need == 0 {
		bits.Fill(c.Len())
		return bits
	}
	one := cat.Availability().Bits
	for i, place := range c.Places {
		if place != Nowhere && one.Has(int(place)) && (need == 1 || cat.Promisable(int(place)) >= need) {
			bits.Set(i)
		}
	}
	return bits
}

// lost are the candidates that somebody did not find, where stock matters.
func (c *Candidates) lost(cat *catalogue.Catalogue, bits bitmap.Bits) (lost bitmap.Bits, any bool) {
	bits = sized(bits, c.Len())
	all := cat.Availability().Lost
	if c.View.book.need == 0 || all.Count() == 0 {
		return bits, false
	}
	for i, place := range c.Places {
		if place != Nowhere && all.Has(int(place)) {
			bits.Set(i)
			any = true
		}
	}
	return bits, any
}

// Moved tells whether other candidates can be promised now than s says. Under the
// store's commit lock the answer stays true until the commit.
func (c *Candidates) Moved(cat *catalogue.Catalogue, s *Stock) bool {
	if s == nil || c.version(cat) == s.version {
		return false
	}
	var now Stock
	c.count(cat, &now)
	return !slices.Equal(now.bits, s.bits) || !slices.Equal(now.lost, s.lost) || !slices.EqualFunc(now.more, s.more, slices.Equal[bitmap.Bits])
}
