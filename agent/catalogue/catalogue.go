package catalogue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrUnknown: there is no such item.
var ErrUnknown = errors.New("catalogue: unknown item")

// Catalogue is a node's items and stock. All methods may be called at the same
// time, but Hold.
type Catalogue struct {
	// immutable after New
	store                      *store.Store
	items, stock, moved, about *store.Table
	prices                     *store.Table

	// swapped atomically; changes of the snapshot come one at a time
	snapshot   atomic.Pointer[Snapshot]
	publishing sync.Mutex
	live       *live
	changedAt  atomic.Int64

	// owned by whoever holds the store's commit lock, as Apply does
	places uint32           // how many there are
	fresh  map[string]int   // those among them that the snapshot may not show yet
	held   map[string]int64 // by id, also of items yet unknown

	mu         sync.Mutex // guards what follows
	changed    []string   // ids whose rows the snapshot does not show yet
	attributes []string   // keys that have columns
}

// New declares the catalogue's tables; it is empty until the store has recovered.
func New(st *store.Store) *Catalogue {
	c := &Catalogue{
		store:  st,
		items:  st.Table(store.Catalogue, "items", 0),
		stock:  st.Table(store.Catalogue, "stock", 0),
		moved:  st.Table(store.Catalogue, "moved", plausible),
		about:  st.Table(store.Catalogue, "about", 0),
		prices: st.Table(store.Catalogue, "prices", 0),
		live:   newLive(),
		fresh:  map[string]int{},
		held:   map[string]int64{},
	}
	c.snapshot.Store(&Snapshot{})
	st.Register(store.Catalogue, (*deriver)(c))
	return c
}

// Snapshot is the catalogue as of the last write that was acknowledged, or later.
func (c *Catalogue) Snapshot() *Snapshot { return c.snapshot.Load() }

// Availability is that of the last stock movement, count or hold. Take it after
// the snapshot, so that no place of that is missing in it.
func (c *Catalogue) Availability() *Availability { return c.live.available.Load() }

// OnHand is how many there are at a place, by the last count and the movements
// since; below zero when more was sold than counted.
func (c *Catalogue) OnHand(place int) int64 { return c.live.read(place).onHand.Load() }

// Negative is of how many items more was sold than counted.
func (c *Catalogue) Negative() (n int) {
	for _, one := range *c.live.cells.Load() {
		if one.onHand.Load() < 0 {
			n++
		}
	}
	return n
}

// Promisable is what is on hand less what is held and the item's safety stock; not
// above 0 of what somebody did not find. A
// rule with a safety of its own compares it; under the store's commit lock it
// can't change.
func (c *Catalogue) Promisable(place int) int64 { return c.live.read(place).promisable() }

// Movements grows whenever what is on hand, held or kept safe of any item
// changed. Who takes it before Promisable of some places, and finds it the same
// later, knows that what they found still holds.
func (c *Catalogue) Movements() uint64 { return c.live.movements.Load() }

// Counts grows whenever OnHand of any item changed, and not with holds.
func (c *Catalogue) Counts() uint64 { return c.live.counts.Load() }

// Item reads an item as it came in, without its stock. ErrUnknown.
func (c *Catalogue) Item(id string) (*wire.Item, error) {
	var row []byte
	err := c.store.View(func(v *store.View) error {
		row = v.Get(c.items, []byte(id))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, ErrUnknown
	}
	it := new(wire.Item)
	_, err = parseItem(row, it)
	return it, err
}

// Changed is the node time at which an item last changed, 0 before the first.
func (c *Catalogue) Changed() int64 { return c.changedAt.Load() }

// Hold takes quantity of an item out of what can be promised, or with a negative
// quantity gives it back. It is called from a [store.Deriver] only, which keeps
// what is held: from its Load, after the catalogue's, and from its Apply.
func (c *Catalogue) Hold(id string, quantity int64) {
	if c.held[id] += quantity; c.held[id] == 0 {
		delete(c.held, id)
	}
	if place, ok := c.placeOf(id); ok {
		c.live.at(place).held.Store(c.held[id])
		c.live.flip(place)
	}
}

var changedKey = []byte("changed")

const placeSize = 4

func parseItem(row []byte, it *wire.Item) (place uint32, err error) {
	if len(row) < placeSize {
		return 0, fmt.Errorf("%w: malformed item row", store.ErrCorrupt)
	}
	if err := wire.DecodeMessage(row[placeSize:], it); err != nil {
		return 0, fmt.Errorf("%w: item row: %w", store.ErrCorrupt, err)
	}
	return binary.BigEndian.Uint32(row), nil
}
