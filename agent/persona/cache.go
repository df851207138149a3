package persona

import (
	"sync"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/sync/wire"
)

// generation is how many persons each of the two generations of a Cache has.
const generation = 1024

// Cache keeps the tastes of those who come again; nil keeps nothing. All methods may
// be called at the same time.
type Cache struct {
	dropped atomic.Uint64 // grows when anybody's are dropped

	mu         sync.Mutex // guards what follows
	young, old map[wire.Pseudonym]*Known
}

// Known are the tastes of somebody, and what of it was asked for last.
type Known struct {
	*Tastes // nil: none

	table  *embedding.Table
	most   int
	bought uint64 // digest of what was

	last atomic.Pointer[pooled]
}

// pooled are the candidates of some rows by taste.
type pooled struct {
	rows  *Rows
	pools Pools
}

// New makes a cache that a store tells of what changes, before it recovers.
func New(st *store.Store) *Cache {
	c := &Cache{young: map[wire.Pseudonym]*Known{}, old: map[wire.Pseudonym]*Known{}}
	st.Register(store.State, (*deriver)(c))
	return c
}

// deriver is the Cache as the store sees it.
type deriver Cache

// Load has nothing to build.
func (d *deriver) Load(*store.View) error { return nil }

// Apply drops the tastes of whoever's consent, profile or erasure it is.
func (d *deriver) Apply(_ *store.Tx, _ uint64, rec *wire.Record) {
	var who []byte
	switch b := rec.Body.(type) {
	case *wire.Record_Consent:
		who = b.Consent.Pseudonym
	case *wire.Record_Profile:
		who = b.Profile.Pseudonym
	case *wire.Record_Erasure:
		who = b.Erasure.Pseudonym
	}
	if len(who) == len(wire.Pseudonym{}) {
		(*Cache)(d).drop(wire.Pseudonym(who))
	}
}

func (c *Cache) drop(who wire.Pseudonym) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped.Add(1)
	delete(c.young, who)
	delete(c.old, who)
}

// Mark is taken before what somebody bought is read: what was dropped meanwhile is
// not kept after all.
func (c *Cache) Mark() uint64 {
	if c == nil {
		return 0
	}
	return c.dropped.Load()
}

// Find finds the tastes that Split kept of a person, if they are of this table and of
// purchases with this digest; else nil.
func (c *Cache) Find(who wire.Pseudonym, t *embedding.Table, digest uint64, most int) *Known {
	if c == nil {
		return nil
	}
	if k := c.find(who); k != nil && k.table == t && k.most == most && k.bought == digest {
		return k
	}
	return nil
}

// Split keeps what the function Split finds in what a person bought, of which digest
// is one.
func (c *Cache) Split(mark uint64, who wire.Pseudonym, t *embedding.Table, digest uint64, bought []Purchase, most int) *Known {
	k := &Known{Tastes: Split(t, bought, most), table: t, most: most, bought: digest}
	if c == nil {
		return k
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped.Load() != mark {
		return k
	}
	if len(c.young) >= generation {
		c.old, c.young = c.young, make(map[wire.Pseudonym]*Known, generation)
	}
	c.young[who] = k
	return k
}

// find finds somebody, who is young again then.
func (c *Cache) find(who wire.Pseudonym) *Known {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.young[who]
	if k == nil {
		if k = c.old[who]; k != nil && len(c.young) < generation {
			delete(c.old, who)
			c.young[who] = k
		}
	}
	return k
}

// Pools are the candidates of some rows by taste, from memory if these were asked for
// last and are a slot's own; else they are made in room.
func (k *Known) Pools(rows *Rows, room *Pools) *Pools {
	if last := k.last.Load(); last != nil && last.rows == rows {
		return &last.pools
	}
	if !rows.kept {
		k.Pool(room, k.table, rows.At)
		return room
	}
	made := &pooled{rows: rows}
	k.Pool(&made.pools, k.table, rows.At)
	k.last.Store(made)
	return &made.pools
}
