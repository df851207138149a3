package catalogue

import (
	"sync/atomic"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// Availability says of which items at least one can be promised: on hand, less
// what is held, less the item's safety stock, is one or more. It does not
// change; the next one has a higher version.
type Availability struct {
	Version uint64      // grows whenever any bit flips
	Bits    bitmap.Bits // by place
}

// cell is the moving part of one item.
type cell struct {
	onHand, held, safety atomic.Int64
	prices               atomic.Pointer[prices] // nil: never more than one
}

func (c *cell) promisable() int64 { return c.onHand.Load() - c.held.Load() - c.safety.Load() }

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
			cells = append(cells, new(cell))
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
	return new(cell)
}

// flip brings the bit of a place in line with its cell, which changed.
func (l *live) flip(place int) {
	defer l.movements.Add(1)
	old := l.available.Load()
	can := l.at(place).promisable() >= 1
	if can == old.Bits.Has(place) {
		return
	}
	bits := bitmap.New(max(place+1, 64*len(old.Bits)))
	copy(bits, old.Bits)
	if can {
		bits.Set(place)
	} else {
		bits.Clear(place)
	}
	l.available.Store(&Availability{old.Version + 1, bits})
}

// flipAll is flip of every place at once.
func (l *live) flipAll() {
	cells := *l.cells.Load()
	bits := bitmap.New(len(cells))
	for i, c := range cells {
		if c.promisable() >= 1 {
			bits.Set(i)
		}
	}
	l.available.Store(&Availability{l.available.Load().Version + 1, bits})
	l.counts.Add(1)
	l.movements.Add(1)
}
