package coordinate

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Redemption says when a person last redeemed an offer.
type Redemption struct {
	offer uint64 // xxhash64 of its id
	at    int64
}

// Redeemed appends, in a view, what a person redeemed.
func (b *Budgets) Redeemed(dst []Redemption, v *store.View, who wire.Pseudonym) []Redemption {
	if who == (wire.Pseudonym{}) {
		return dst
	}
	for key, row := range v.Scan(b.tables.redeemed, who[:]) {
		if len(key) == redeemedKey && len(row) == redeemedRow && row[0] == version {
			dst = append(dst, Redemption{binary.LittleEndian.Uint64(key[16:]), int64(binary.LittleEndian.Uint64(row[1:]))})
		}
	}
	return dst
}

// Last is the node time at which an offer was last redeemed, of what one person
// did; 0 for never.
func Last(of []Redemption, offer string) int64 {
	hash := xxhash.Sum64String(offer)
	for _, r := range of {
		if r.offer == hash {
			return r.at
		}
	}
	return 0
}

// Redemptions grows whenever somebody redeems something, brings it back or is
// forgotten.
func (b *Budgets) Redemptions() uint64 { return b.redemptions.Load() }

const (
	redeemedKey = 16 + 8
	redeemedRow = 1 + 8 + 8 + 4

	// grace is how long a redemption outlives its offer, which may be extended.
	grace = 30 * 24 * time.Hour
)

// redeem remembers that a person took so many units of an offer, below 0 that they
// brought them back.
func (b *Budgets) redeem(tx *store.Tx, who []byte, o *promised, units, at int64) {
	le := binary.LittleEndian
	key := le.AppendUint64(append([]byte{}, who...), xxhash.Sum64String(o.id))
	row := tx.Get(b.tables.redeemed, key)
	n := int64(0)
	if len(row) == redeemedRow {
		n = int64(le.Uint32(row[17:]))
		if units < 0 {
			at = int64(le.Uint64(row[1:]))
		}
	}
	n += units
	b.redemptions.Add(1)
	if n <= 0 {
		b.forget(tx, key)
		return
	}
	next := le.AppendUint64([]byte{version}, uint64(at))
	next = le.AppendUint32(le.AppendUint64(next, uint64(o.ends)), uint32(min(n, math.MaxUint32)))
	if len(row) == redeemedRow && endsOf(row) != o.ends {
		b.forget(tx, key)
	}
	tx.Put(b.tables.redeemed, key, next)
	if o.ends != 0 {
		tx.Put(b.tables.ends, endKey(o.ends, key), []byte{version})
		b.nextEnd = min(b.nextEnd, o.ends+grace.Milliseconds())
	}
}

func endsOf(row []byte) int64 { return int64(binary.LittleEndian.Uint64(row[9:])) }

func endKey(ends int64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(ends)), key...)
}

// endOf is the node time at which the redemption of a row of ends is forgotten.
func endOf(key []byte) int64 {
	return int64(binary.BigEndian.Uint64(key)) + grace.Milliseconds()
}

// forget removes a redemption.
func (b *Budgets) forget(tx *store.Tx, key []byte) {
	if row := tx.Get(b.tables.redeemed, key); len(row) == redeemedRow {
		tx.Delete(b.tables.ends, endKey(endsOf(row), key))
		tx.Delete(b.tables.redeemed, key)
	}
}

// forgetEnded forgets redemptions of offers that ended long ago, some at a time.
func (b *Budgets) forgetEnded(tx *store.Tx, now int64) {
	if now < b.nextEnd {
		return
	}
	var over [][]byte
	b.nextEnd = math.MaxInt64
	for key := range tx.Scan(b.tables.ends, nil) {
		if at := endOf(key); at > now || len(over) == 64 {
			b.nextEnd = at
			break
		}
		over = append(over, key)
	}
	for _, key := range over {
		b.forget(tx, key[8:])
	}
}

// forgetPerson forgets all that a person redeemed.
func (b *Budgets) forgetPerson(tx *store.Tx, who []byte) {
	if len(who) != 16 {
		return
	}
	var keys [][]byte
	for key := range tx.Scan(b.tables.redeemed, who) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		b.forget(tx, key)
	}
	b.redemptions.Add(uint64(len(keys)))
}

// applyConsent forgets a person who may not be known any more.
func (b *Budgets) applyConsent(tx *store.Tx, c *wire.Consent) {
	if !attribution.Knows(c.Purposes) {
		b.forgetPerson(tx, c.Pseudonym)
	}
}
