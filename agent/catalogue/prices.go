package catalogue

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// period is how far back a reduction is compared: the 30 days before it (Directive
// 98/6/EC, article 6a).
const period = 30 * 24 * time.Hour

const (
	maxSpans  = 16
	keepSpans = 120 * 24 * time.Hour // from when a price ended
	noteEvery = time.Hour            // of an offer's price that is shown again and again
)

// span is a time in which a gross price applied, in node time. until is 0 for the
// price of the shelf as it is; an offer's is when it was last noted.
type span struct {
	from, until, amount int64
	offer               bool
}

// prices are those of an item, by their beginning.
type prices struct {
	currency string
	spans    []span
}

// shelf is the price on the shelf from now on. In another currency nothing that was
// can be compared.
func (p *prices) shelf(amount int64, currency string, now int64) *prices {
	next := &prices{currency: currency}
	if p != nil && p.currency == currency {
		next.spans = slices.Clone(p.spans)
	}
	i := slices.IndexFunc(next.spans, span.open)
	switch {
	case i >= 0 && next.spans[i].amount == amount:
		return p
	case i >= 0:
		next.spans[i].until = now
	}
	next.spans = append(next.spans, span{from: now, amount: amount})
	next.trim(now)
	return next
}

// shown is an offer's price, shown now. It is p while that is noted already.
func (p *prices) shown(amount int64, now int64) *prices {
	i := slices.IndexFunc(p.spans, func(s span) bool {
		return s.offer && s.amount == amount && now-s.until <= (24*time.Hour).Milliseconds()
	})
	if i >= 0 && now-p.spans[i].until < noteEvery.Milliseconds() {
		return p
	}
	next := &prices{p.currency, slices.Clone(p.spans)}
	if i >= 0 {
		next.spans[i].until = now
	} else {
		next.spans = append(next.spans, span{now, now, amount, true})
	}
	next.trim(now)
	return next
}

func (s span) open() bool { return s.until == 0 }

func (p *prices) trim(now int64) {
	p.spans = slices.DeleteFunc(p.spans, func(s span) bool { return !s.open() && s.until < now-keepSpans.Milliseconds() })
	for len(p.spans) > maxSpans {
		i := slices.IndexFunc(p.spans, func(s span) bool { return !s.open() })
		p.spans = slices.Delete(p.spans, i, i+1)
	}
}

// lowest is the lowest price of the 30 days before the reduction that applies now:
// that of an offer which began at began, 0 for none, or of the shelf. Without one it is
// the lowest of the last 30 days.
func (p *prices) lowest(now, began int64) (amount int64, known bool) {
	end := now + 1
	if began > 0 {
		end = min(began, end)
	} else if i := slices.IndexFunc(p.spans, span.open); i >= 0 {
		for _, s := range p.spans {
			if !s.offer && s.until == p.spans[i].from && s.amount > p.spans[i].amount {
				end = s.until
			}
		}
	}
	for _, s := range p.spans {
		if s.from < end && (s.open() || s.until > end-period.Milliseconds()) && (!known || s.amount < amount) {
			amount, known = s.amount, true
		}
	}
	return amount, known
}

// Lowest is the lowest gross price of the item at a place in the 30 days before the
// reduction that applies at node time now: that of an offer which began at began, or,
// where that is 0, of the price on the shelf. Without a reduction it is the lowest of
// the last 30 days. It goes back as far as this node knows the item, and over prices
// of offers as they were shown here. gross, the price on the shelf, stands in where
// nothing else is known.
func (c *Catalogue) Lowest(place int, gross, now, began int64) int64 {
	p := c.live.read(place).prices.Load()
	if p == nil { // there was never another price
		return gross
	}
	if lowest, known := p.lowest(now, began); known {
		return lowest
	}
	return gross
}

// price notes what an item costs on the shelf.
func (c *Catalogue) price(tx *store.Tx, it *wire.Item, place int, now int64) {
	if it.Price == nil {
		return
	}
	old, _ := parsePrices(tx.Get(c.prices, []byte(it.Id)))
	c.setPrices(tx, it.Id, place, old, old.shelf(it.Price.Amount, it.Price.Currency, now))
}

// offered notes the prices of offers that a decision shows.
func (c *Catalogue) offered(tx *store.Tx, d *wire.Decision, now int64) {
	if d.Holdback || d.Deferred {
		return
	}
	for i, s := range d.Shown[:min(len(d.Shown), len(d.Items))] {
		if s.Offer == "" || s.Price == nil {
			continue
		}
		place, ok := c.placeOf(d.Items[i])
		if !ok {
			continue
		}
		old := c.live.at(place).prices.Load()
		if old == nil {
			old, _ = parsePrices(tx.Get(c.prices, []byte(d.Items[i])))
		}
		if old != nil && old.currency == s.Price.Currency {
			c.setPrices(tx, d.Items[i], place, old, old.shown(s.Price.Amount, now))
		}
	}
}

func (c *Catalogue) setPrices(tx *store.Tx, id string, place int, old, p *prices) {
	if p == old {
		return
	}
	tx.Put(c.prices, []byte(id), p.append(nil))
	c.keepPrices(place, p)
}

// keepPrices has prices in memory where there was more than one.
func (c *Catalogue) keepPrices(place int, p *prices) {
	if len(p.spans) < 2 {
		p = nil
	}
	c.live.at(place).prices.Store(p)
}

func (p *prices) append(dst []byte) []byte {
	dst = append(dst, 0, byte(len(p.currency)))
	dst = append(dst, p.currency...)
	for _, s := range p.spans {
		kind := byte(0)
		if s.offer {
			kind = 1
		}
		dst = append(dst, kind)
		for _, n := range []int64{s.amount, s.from, s.until} {
			dst = binary.AppendVarint(dst, n)
		}
	}
	return dst
}

// parsePrices gives nil for a row that there is not.
func parsePrices(b []byte) (p *prices, ok bool) {
	if len(b) == 0 {
		return nil, true
	}
	if len(b) < 2 || b[0] != 0 || len(b) < 2+int(b[1]) {
		return nil, false
	}
	p = &prices{currency: string(b[2 : 2+b[1]])}
	for b = b[2+b[1]:]; len(b) > 0; {
		s := span{offer: b[0] == 1}
		b = b[1:]
		for _, n := range []*int64{&s.amount, &s.from, &s.until} {
			v, size := binary.Varint(b)
			if size <= 0 {
				return nil, false
			}
			*n, b = v, b[size:]
		}
		p.spans = append(p.spans, s)
	}
	return p, true
}
