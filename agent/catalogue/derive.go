package catalogue

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// deriver is the Catalogue as the store sees it.
type deriver Catalogue

// Load builds the first snapshot and the stock from the rows.
func (d *deriver) Load(v *store.View) error {
	c := (*Catalogue)(d)
	var changes []change
	var it wire.Item
	for _, row := range v.Scan(c.items, nil) {
		ch, err := newChange(row, &it, c.attributes)
		if err != nil {
			return err
		}
		changes = append(changes, ch)
		c.live.at(int(ch.place)).safety.Store(it.SafetyStock)
	}
	snapshot := (&Snapshot{}).with(changes, c.attributes)
	c.snapshot.Store(snapshot)
	c.places = uint32(snapshot.Len())
	for id, row := range v.Scan(c.stock, nil) {
		n, err := parseCount(row)
		if err != nil {
			return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
		}
		if place, ok := snapshot.Place(string(id)); ok {
			c.live.at(place).keep(&n)
		}
	}
	for id, row := range v.Scan(c.prices, nil) {
		p, ok := parsePrices(row)
		if !ok || p == nil {
			return fmt.Errorf("%w: malformed prices", store.ErrCorrupt)
		}
		if place, ok := snapshot.Place(string(id)); ok {
			c.keepPrices(place, p)
		}
	}
	c.live.flipAll()
	if b := v.Get(c.about, changedKey); len(b) == 8 {
		c.changedAt.Store(int64(binary.BigEndian.Uint64(b)))
	}
	return nil
}

// Recovered shows what the end of the log changed.
func (d *deriver) Recovered() error { return (*Catalogue)(d).publish() }

func (d *deriver) Apply(tx *store.Tx, seq uint64, rec *wire.Record) {
	c := (*Catalogue)(d)
	switch body := rec.Body.(type) {
	case *wire.Record_Item:
		c.applyItem(tx, body.Item, rec.AtMs)
	case *wire.Record_Decision:
		c.offered(tx, body.Decision, rec.AtMs)
	case *wire.Record_Outcome:
		c.lose(tx, body.Outcome, rec.AtMs)
	case *wire.Record_StockCount:
		n := body.StockCount
		c.count(tx, n.Item, func(at *count) { at.set(n.OnHand, n.AsOfMs, rec.AtMs) })
	case *wire.Record_StockMove:
		m := body.StockMove
		if tx.Get(c.moved, []byte(m.Id)) != nil {
			return
		}
		tx.Put(c.moved, []byte(m.Id), binary.BigEndian.AppendUint64(nil, seq))
		c.count(tx, m.Item, func(at *count) { at.move(m.Delta, m.HappenedMs, rec.AtMs) })
	}
}

// lose takes in that an item was not where it should be.
func (c *Catalogue) lose(tx *store.Tx, o *wire.Outcome, now int64) {
	if o.Type != wire.OutcomeType_OUTCOME_NOT_FOUND || o.Item == "" || tx.Get(c.items, []byte(o.Item)) == nil {
		return
	}
	at := o.HappenedMs
	if o.ClockSkewed {
		at = now
	}
	c.count(tx, o.Item, func(n *count) { n.lose(at, now) })
}

func (c *Catalogue) applyItem(tx *store.Tx, it *wire.Item, now int64) {
	key := []byte(it.Id)
	old := tx.Get(c.items, key)
	place := c.places
	if old != nil {
		place = binary.BigEndian.Uint32(old)
	}
	row, err := appendItem(binary.BigEndian.AppendUint32(nil, place), it)
	if err != nil {
		return // it was encoded a moment ago, as part of a larger record
	}
	if old == nil {
		if c.places++; c.Snapshot().Len() == int(place) {
			clear(c.fresh)
		}
		c.fresh[it.Id] = int(place)
		c.live.at(int(place)).held.Store(c.held[it.Id])
	}
	c.live.at(int(place)).safety.Store(it.SafetyStock)
	c.live.flip(int(place))
	if !bytes.Equal(row, old) {
		tx.Put(c.items, key, row)
		tx.Put(c.about, changedKey, binary.BigEndian.AppendUint64(nil, uint64(now)))
		c.changedAt.Store(now)
		c.mu.Lock()
		c.changed = append(c.changed, it.Id)
		c.mu.Unlock()
	}
	c.price(tx, it, int(place), now)
	if it.StockKnown {
		c.count(tx, it.Id, func(at *count) { at.set(it.Stock, 0, now) })
	} else if old == nil {
		c.count(tx, it.Id, func(*count) {}) // what was counted before the item was known
	}
}

// appendItem leaves out the stock, which has a row of its own, so that the same
// item is the same bytes.
func appendItem(dst []byte, it *wire.Item) ([]byte, error) {
	stock, known := it.Stock, it.StockKnown
	it.Stock, it.StockKnown = 0, false
	defer func() { it.Stock, it.StockKnown = stock, known }()
	return wire.AppendMessage(dst, it)
}

// count changes an item's stock, in its row and, if there is such an item, in memory.
func (c *Catalogue) count(tx *store.Tx, id string, change func(*count)) {
	key := []byte(id)
	var at count
	if row := tx.Get(c.stock, key); row != nil {
		at, _ = parseCount(row) // Load refuses malformed ones
	}
	change(&at)
	tx.Put(c.stock, key, at.append(nil))
	if place, ok := c.placeOf(id); ok {
		c.live.at(place).keep(&at)
		c.live.counts.Add(1)
		c.live.flip(place)
	}
}

// placeOf finds also an item that the snapshot does not show yet.
func (c *Catalogue) placeOf(id string) (int, bool) {
	place, ok := c.Snapshot().Place(id)
	if !ok {
		place, ok = c.fresh[id]
	}
	return place, ok
}
