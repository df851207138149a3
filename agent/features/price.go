package features

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/sync/wire"
)

// cell is a value of a column that is kept as it differs in this decision.
type cell struct {
	candidate, place int32
	value            float32
}

// prices are what differs where candidates have prices that are not everybody's.
type prices struct {
	of       *Plan
	cells    []cell   // of columns that stay as they are else, by candidate
	personal []uint32 // candidates whose price hangs on the person, ascending
}

// reprice gives the columns that are worked out from prices those of this decision,
// where candidates have some.
func (p *Plan) reprice(r *Rows, c *rules.Candidates, a *Asked) {
	r.prices = prices{}
	if a.Allowed == nil {
		return
	}
	if beside := a.Allowed.Beside(); beside == nil {
		p.priceStill(&r.mine, c, a.Allowed)
		r.prices = r.mine
	} else if kept, _ := beside.Load().(*prices); kept != nil && kept.of == p {
		r.prices = *kept
	} else {
		p.priceStill(&r.prices, c, a.Allowed)
		made := r.prices
		beside.Store(&made)
	}
	for k := range r.live {
		r.live[k].reprice(p, r, c, a)
	}
}

// priceStill does for columns that are the same for everybody.
func (p *Plan) priceStill(to *prices, c *rules.Candidates, allowed *rules.Allowed) {
	to.of, to.cells, to.personal = p, to.cells[:0], to.personal[:0]
	for i, price := range allowed.Priced {
		if price.Personal {
			to.personal = append(to.personal, uint32(i))
		}
		place := int(c.Places[i])
		for _, k := range p.prices {
			if col := &p.items[k]; !col.lives() {
				to.cells = append(to.cells, cell{int32(i), int32(col.place), col.ofPrice(c.View, place, price.Gross, price.Net)})
			}
		}
	}
}

// reprice does for a column of this decision, unless it is withheld.
func (l *live) reprice(p *Plan, r *Rows, c *rules.Candidates, a *Asked) {
	ratio := l.origin == "pair" && l.key == "price_ratio"
	if !l.priced() && !ratio || !a.Granted(l.purpose) {
		return
	}
	h := r.past(l.column)
	if ratio && h == nil {
		return
	}
	medians := p.tables(c.View).medians
	for i, price := range a.Allowed.Priced {
		place := int(c.Places[i])
		if !ratio {
			l.numbers[i] = l.ofPrice(c.View, place, price.Gross, price.Net)
		} else if usual := h.usual(c.View.Category.IDs[place], medians); usual > 0 {
			l.numbers[i] = l.number(float64(price.Gross) / usual)
		} else {
			l.numbers[i] = missing
		}
	}
}

// usual is what is usual in a category for the person, or else the median there.
func (h *past) usual(category uint32, medians []float64) float64 {
	t := &h.shelves
	if k := t.at[category]; k > 0 && t.times[k] > 0 {
		return t.paid[k] / t.times[k]
	}
	return medians[category]
}

// cellsOf are those of a candidate.
func (r *Rows) cellsOf(candidate int) []cell {
	if len(r.cells) == 0 {
		return nil
	}
	from, _ := slices.BinarySearchFunc(r.cells, candidate, func(c cell, candidate int) int { return int(c.candidate) - candidate })
	to := from
	for to < len(r.cells) && int(r.cells[to].candidate) == candidate {
		to++
	}
	return r.cells[from:to]
}

// AppendPersonal appends which of some candidates have a price that hangs on the
// person, by their place among them.
func (r *Rows) AppendPersonal(dst, candidates []uint32) []uint32 {
	if len(r.personal) == 0 {
		return dst
	}
	for row, i := range candidates {
		if _, personal := slices.BinarySearch(r.personal, i); personal {
			dst = append(dst, uint32(row))
		}
	}
	return dst
}

// withholdPrices makes what rows say of prices missing, and appends which rows those
// are, each with what it said.
func (p *Plan) withholdPrices(dst []byte, rows []float32, personal []uint32) []byte {
	if len(p.prices) == 0 {
		return dst
	}
	for _, row := range personal {
		dst = binary.LittleEndian.AppendUint32(dst, row)
		for _, k := range p.prices {
			cell := int(row)*p.Shape.Dense + p.items[k].place
			dst = wire.Pack(dst, rows[cell:cell+1])
			rows[cell] = missing
		}
	}
	return dst
}

// restorePrices undoes withholdPrices.
func (p *Plan) restorePrices(words []uint32, rows []float32) bool {
	each := 1 + len(p.prices)
	if len(words)%each != 0 || len(words) > 0 && each == 1 {
		return false
	}
	for ; len(words) > 0; words = words[each:] {
		if int(words[0]) >= len(rows)/p.Shape.Dense {
			return false
		}
		for k, item := range p.prices {
			rows[int(words[0])*p.Shape.Dense+p.items[item].place] = math.Float32frombits(words[1+k])
		}
	}
	return true
}
