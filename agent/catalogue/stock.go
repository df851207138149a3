package catalogue

import (
	"sync/atomic"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// Availability says of which items at least one can be promised: on hand, less
// what is held, less the item's safety stock, is one or more. Of what somebody did not
// find no more is on hand than came since. It does not change; the next one has a
// higher version.
type Availability struct {
	Version uint64      // grows whenever any bit flips
	Bits    bitmap.Bits // by place
	Lost    bitmap.Bits // likewise: what somebody did not find, and was not counted since, nor is left of what came
}

// cell is the moving part of one item.
type cell struct {
	onHand, held, safety atomic.Int64
	found                atomic.Int64           // how many there are at most, if somebody did not find it
	prices               atomic.Pointer[prices] // nil: never more than one
}

func (c *cell) promisable() int64 {
	return min(c.onHand.Load(), c.found.Load()) - c.held.Load() - c.safety.Load()
}

// lost tells whether somebody did not find it, and nothing came since.
func (c *cell) lost() bool { return c.found.Load() == 0 }

// keep takes in what is known of the stock.
func (c *cell) keep(n *count) {
	c.onHand.Store(n.onHand)
	c.found.Store(n.found())
}

// newCell is of an item that was never counted.
func newCell() *cell {
	c := new(cell)
	c.keep(new(count))
	return c
}

// live is the moving part of all items. One goroutine at a time writes, the one
// that holds the store's commit lock; any number read.
type live struct {
	cells     atomic.Pointer[[]*cell] // replaced when it grows; the cells stay
	available atomic.Pointer[Availability]
	movements atomic.Uint64 // grows after any cell changed
	counts    atomic.Uint64 // grows after what is on hand of any changed
}

func newLive() *live {
	l := &live{}
	l.cells.Store(&[]*cell{})
	l.available.Store(&Availability{})
	return l
}

// at is the cell of a place, made if it is new.
func (l *live) at(place int) *cell {
	cells := *l.cells.Load()
	if place >= len(cells) {
		for place >= len(cells) {
			cells = append(cells, newCell())
		}
		l.cells.Store(&cells)
	}
	return cells[place]
}

// read is the cell of a place, a zero one past the end.
func (l *live) read(place int) *cell {
	if cells := *l.cells.Load(); place < len(cells) {
		return cells[place]
	}
	return newCell()
}

// flip brings the bit of a place in line with its cell, which changed.
func (l *live) flip(place int) {
	defer l.movements.Add(1)
	old := l.available.Load()
	can, lost := l.at(place).promisable() >= 1, l.at(place).lost()
	if can != old.Bits.Has(place) || lost != old.Lost.Has(place) {
		l.available.Store(&Availability{old.Version + 1, with(old.Bits, place, can), with(old.Lost, place, lost)})
	}
}

// with is bits with one of them as it should be: themselves if it is.
func with(bits bitmap.Bits, place int, is bool) bitmap.Bits {
	if is == bits.Has(place) {
		return bits
	}
	next := bitmap.New(max(place+1, 64*len(bits)))
	copy(next, bits)
	if is {
		next.Set(place)
	} else {
		next.Clear(place)
	}
	return next
}

// flipAll is flip of every place at once.
func (l *live) flipAll() {
	cells := *l.cells.Load()
	bits, lost := bitmap.New(len(cells)), bitmap.New(len(cells))
	for i, c := range cells {
		if c.promisable() >= 1 {
			bits.Set(i)
		}
		if c.lost() {
			lost.Set(i)
		}
	}
	l.available.Store(&Availability{l.available.Load().Version + 1, bits, lost})
	l.counts.Add(1)
	l.movements.Add(1)
}
