package catalogue

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// SetAttributes says which attributes have columns from now on; the others stay
// in the items' rows only. A release calls it with the ones its features name.
func (c *Catalogue) SetAttributes(keys ...string) error {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	keys = slices.Compact(keys)
	c.mu.Lock()
	same := slices.Equal(keys, c.attributes)
	if c.attributes = keys; !same {
		c.changed = append(c.changed, c.Snapshot().ids...)
	}
	c.mu.Unlock()
	if same {
		return nil
	}
	return c.publish()
}

// publish shows in the snapshot whatever rows changed until now.
func (c *Catalogue) publish() error {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	c.mu.Lock()
	ids, attributes := c.changed, c.attributes
	c.changed = nil
	c.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	changes, err := c.read(ids, attributes)
	if err != nil {
		c.mu.Lock()
		c.changed = append(c.changed, ids...)
		c.mu.Unlock()
		return fmt.Errorf("read changed items: %w", err)
	}
	c.snapshot.Store(c.Snapshot().with(changes, attributes))
	return nil
}

// read reads rows a few at a time: a View holds up commits.
func (c *Catalogue) read(ids, attributes []string) ([]change, error) {
	changes := make([]change, 0, len(ids))
	var it wire.Item
	for some := range slices.Chunk(ids, 128) {
		err := c.store.View(func(v *store.View) error {
			for _, id := range some {
				row := v.Get(c.items, []byte(id))
				if row == nil {
					continue
				}
				ch, err := newChange(row, &it, attributes)
				if err != nil {
					return err
				}
				changes = append(changes, ch)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// newChange decodes a row by way of it.
func newChange(row []byte, it *wire.Item, attributes []string) (change, error) {
	place, err := parseItem(row, it)
	ch := change{
		place: place, digest: xxhash.Sum64(row[placeSize:]), id: it.Id, status: status(it.Status),
		gross: it.Price.GetAmount(), currency: it.Price.GetCurrency(), taxRate: it.TaxRate,
		cost: rulebook.UnknownCost, brand: it.Brand, category: it.Category,
	}
	if it.CostKnown {
		ch.cost = it.Cost
	}
	for _, key := range attributes {
		ch.attributes = append(ch.attributes, it.Attributes[key])
	}
	return ch, err
}
