package coordinate

import (
	"encoding/binary"

	"github.com/aisle-edge/aisle/sync/wire"
)

// promise is the price of one shown item, as far as offers with a budget, or that
// run once for each person, made it.
type promise struct {
	until  int64  // node time until which it reserves; 0: it does not, or not any more
	units  uint32 // promised at the price
	sold   uint32 // of those
	item   string
	offers []promised
}

type promised struct {
	id       string
	discount int64 // of one unit
	ends     int64 // of the offer; 0: never
	pays     bool  // out of its budget
	once     bool  // who redeems it is remembered
}

// promiseOf is that of a decision's position, if budgets or redemptions matter.
func promiseOf(d *wire.Decision, position int) (p promise, ok bool) {
	s := d.Shown[position]
	p.units = 1
	for _, a := range s.Applied {
		if a.Units == 0 && !a.Once {
			continue
		}
		p.units = max(p.units, a.Units)
		p.until = max(p.until, a.UntilMs)
		p.offers = append(p.offers, promised{id: a.Offer, discount: a.Discount, ends: a.EndsMs, pays: a.Units > 0, once: a.Once})
	}
	p.item = d.Items[position]
	return p, len(p.offers) > 0
}

const (
	promiseHeader = 1 + 8 + 4 + 4 + 2
	pays          = 1 // flags of an offer
	once          = 2
)

func (p *promise) append(dst []byte) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint64(append(dst, version), uint64(p.until))
	dst = le.AppendUint32(le.AppendUint32(dst, p.units), p.sold)
	dst = append(le.AppendUint16(dst, uint16(len(p.item))), p.item...)
	for _, o := range p.offers {
		flags := byte(0)
		if o.pays {
			flags |= pays
		}
		if o.once {
			flags |= once
		}
		dst = le.AppendUint64(append(dst, flags), uint64(o.discount))
		dst = le.AppendUint64(dst, uint64(o.ends))
		dst = append(le.AppendUint16(dst, uint16(len(o.id))), o.id...)
	}
	return dst
}

func parsePromise(b []byte) (p promise, ok bool) {
	le := binary.LittleEndian
	if len(b) < promiseHeader || b[0] != version {
		return p, false
	}
	p.until = int64(le.Uint64(b[1:]))
	p.units, p.sold = le.Uint32(b[9:]), le.Uint32(b[13:])
	if p.item, b, ok = cut(b[17:]); !ok || p.sold > p.units {
		return p, false
	}
	for len(b) > 0 {
		const fixed = 1 + 8 + 8
		if len(b) < fixed {
			return p, false
		}
		o := promised{pays: b[0]&pays != 0, once: b[0]&once != 0, discount: int64(le.Uint64(b[1:])), ends: int64(le.Uint64(b[9:]))}
		if o.id, b, ok = cut(b[fixed:]); !ok {
			return p, false
		}
		p.offers = append(p.offers, o)
	}
	return p, true
}

// cut takes a text with its length off the front.
func cut(b []byte) (s string, rest []byte, ok bool) {
	if len(b) < 2 {
		return "", nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if len(b) < 2+n {
		return "", nil, false
	}
	return string(b[2 : 2+n]), b[2+n:], true
}
