package attribution

import (
	"encoding/binary"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/store"
)

// Counted is what showings to everybody are counted by.
type Counted byte

const (
	CountedItem   Counted = 1 // xxhash64 of an item's id
	CountedSlot   Counted = 2 // SlotKey: answers
	CountedOffer  Counted = 3 // OfferKey: what an offer priced first, in a slot
	CountedOthers Counted = 4 // of 0: items beyond those that are counted by themselves
)

// OfferKey is the number by which showings of an offer in a slot are counted.
func OfferKey(slot uint32, offer string) uint64 {
	return xxhash.Sum64String(offer) ^ uint64(slot)*0x9e3779b97f4a7c15
}

// Tallied is one thing that is counted.
type Tallied struct {
	By Counted
	Of uint64
}

// Showings count what a node showed to whomever, and know of nobody. All methods
// may be called at the same time.
type Showings struct {
	table *store.Table // immutable after New

	mu     sync.RWMutex // guards what follows; who writes holds the store's commit lock, too
	series map[Tallied]*series
	items  int               // of those
	last   uint32            // bucket of the last showing
	ring   [ringSize]Tallied // the last ones, in a ring
	swept  uint32
	room   []byte // of a row

	total atomic.Uint64
}

const (
	keySize     = 1 + 8
	ringSize    = 1024
	maxCounted  = 1 << 16                     // items by themselves
	keptBuckets = 32 * 24 * 3_600_000 >> unit // how long a bucket is kept: longer than any span reaches
	sweepEvery  = 12                          // the logarithm of buckets between two sweeps: 70 minutes
)

// Showings are those of the node that these events are of.
func (e *Events) Showings() *Showings { return e.showings }

// Total grows by one with everything that is counted.
func (s *Showings) Total() uint64 { return s.total.Load() }

// Since appends what was counted after a total, each as often as it was, and gives
// the total now; not ok: it is too long ago, look at Each.
func (s *Showings) Since(total uint64, dst []Tallied) (all []Tallied, now uint64, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now = s.total.Load()
	if now-total > ringSize {
		return dst, now, false
	}
	for ; total < now; total++ {
		dst = append(dst, s.ring[total%ringSize])
	}
	return dst, now, true
}

// Each gives what was counted in a span from its bucket oldest on, and the total
// that this is as of.
func (s *Showings) Each(span Span, oldest int64, yield func(t Tallied, n uint32)) (total uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for t, of := range s.series {
		if n := of.count(span, oldest); n > 0 {
			yield(t, n)
		}
	}
	return s.total.Load()
}

// load reads the rows.
func (s *Showings) load(v *store.View) error {
	for key, row := range v.Scan(s.table, nil) {
		of, ok := parseSeries(row)
		if len(key) != keySize || !ok {
			return fmt.Errorf("%w: malformed showings", store.ErrCorrupt)
		}
		t := Tallied{Counted(key[0]), binary.BigEndian.Uint64(key[1:])}
		s.enter(t, of)
		s.last = max(s.last, of.last())
	}
	return nil
}

func (s *Showings) enter(t Tallied, of *series) {
	s.series[t] = of
	if t.By == CountedItem {
		s.items++
	}
}

// count takes in what was shown at a node time, if asked to or if anything is
// counted already: what one rule asks for is whole once another needs it.
func (s *Showings) count(tx *store.Tx, at int64, w *showing) {
	now := bucketOf(at)
	if !w.counted && !s.counting(now) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	s.last = now
	s.add(tx, now, Tallied{CountedSlot, uint64(w.slot)})
	for i, item := range w.items {
		s.add(tx, now, s.one(now, item))
		if w.offers[i] != 0 {
			s.add(tx, now, Tallied{CountedOffer, w.offers[i]})
		}
	}
}

// counting tells whether anything is counted. Only who writes asks.
func (s *Showings) counting(now uint32) bool { return s.last != 0 && now-s.last < keptBuckets }

// one is what an item is counted by. While others are counted together nobody new
// is counted alone, or what was counted of them before would be missing.
func (s *Showings) one(now uint32, item uint64) Tallied {
	alone, together := Tallied{CountedItem, item}, Tallied{CountedOthers, 0}
	if s.series[alone] != nil {
		return alone
	}
	if others := s.series[together]; s.items >= maxCounted || others != nil && now-others.last() < keptBuckets {
		return together
	}
	return alone
}

func (s *Showings) add(tx *store.Tx, now uint32, t Tallied) {
	of := s.series[t]
	if of == nil {
		of = new(series)
		s.enter(t, of)
	}
	of.add(now)
	s.room = of.append(binary.BigEndian.AppendUint64(append(s.room[:0], byte(t.By)), t.Of))
	tx.Put(s.table, s.room[:keySize], s.room[keySize:])
	s.ring[s.total.Load()%ringSize] = t
	s.total.Add(1)
}

// sweep forgets now and then what no span reaches; its rows go by their age.
func (s *Showings) sweep(now uint32) {
	if now>>sweepEvery == s.swept {
		return
	}
	s.swept = now >> sweepEvery
	maps.DeleteFunc(s.series, func(t Tallied, of *series) bool {
		old := now-of.last() >= keptBuckets
		if old && t.By == CountedItem {
			s.items--
		}
		return old
	})
}
