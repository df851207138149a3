package fairness

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/sync/wire"
)

// memory is what was shown lately, for what comes of it. The oldest goes first.
type memory struct {
	decisions []decision // a ring
	next      int
	of        map[uint64]int32 // where each is, by the random half of its id
	shown     []shown          // a ring
	end       uint64           // of it, as if it never turned
	persons   []uint16         // how many of decisions are of a person with these last bits
}

// decision is one that was recorded.
type decision struct {
	id       [16]byte
	windows  []window // of its slot
	person   uint64
	first    uint64 // of its positions in memory.shown
	n        int
	in, rest uint16 // groups of customers
	plans    uint64 // those that promise something of the shown item
	waits    bool   // for being activated
	ordered  bool   // no model's score made it
	share    [maxGroups]float64
}

// shown is one position.
type shown struct {
	item           uint64 // xxhash64 of the id
	depth, common  int32  // in millionths, so that sums are exact
	groups         uint16
	placed, broken bool
	there, priced  bool // there was an item, and it had a price
}

const (
	maxDecisions = 1 << 14
	maxShown     = 1 << 17
	maxGroups    = 16
	filter       = 1 << 16
)

func newMemory() *memory {
	return &memory{decisions: make([]decision, maxDecisions), of: make(map[uint64]int32, maxDecisions), shown: make([]shown, maxShown), persons: make([]uint16, filter)}
}

// remember makes an entry of a decision, in the place of the oldest.
func (w *Watch) remember(s *Seen, windows []window) *decision {
	m, rec := w.memory, s.Record
	d := &m.decisions[m.next]
	if d.windows != nil {
		delete(m.of, random(d.id[:]))
		m.persons[d.person%filter]--
	}
	*d = decision{id: [16]byte(rec.Id), windows: windows, person: w.whose(rec), first: m.end, in: s.In, rest: s.Rest, waits: rec.Deferred, ordered: ordered(rec)}
	m.of[random(rec.Id)] = int32(m.next)
	m.persons[d.person%filter]++
	m.next = (m.next + 1) % maxDecisions
	copy(d.share[:], s.Share)
	for i, p := range rec.Plans[:min(len(rec.Plans), 64)] {
		if p.Function != "service" {
			d.plans |= 1 << i
		}
	}
	if rec.Holdback {
		return d
	}
	for i, p := range s.Positions {
		one := &m.shown[m.end%maxShown]
		*one = shown{item: xxhash.Sum64String(rec.Items[i]), groups: p.Groups, placed: p.Placed, there: rec.Items[i] != "", priced: rec.Shown[i].Price != nil}
		one.depth, one.common = depths(rec.Shown[i], p.Common)
		m.end++
		d.n++
	}
	return d
}

// whose is what stands for the person, or else the session, or else the decision.
func (w *Watch) whose(rec *wire.Decision) uint64 {
	for _, id := range [][]byte{rec.Pseudonym, rec.Session} {
		if len(id) > 0 {
			return maphash.Bytes(w.seed, id)
		}
	}
	return maphash.Bytes(w.seed, rec.Id)
}

// ordered tells whether an order that people made, and no model, chose what was shown.
func ordered(rec *wire.Decision) bool {
	return rec.Baseline || rec.Policy.GetKind() == "fixed"
}

// depths are what share of the regular price all offers took off, and those of
// everybody, in millionths.
func depths(x *wire.Shown, everybody int64) (all, common int32) {
	off := int64(0)
	for _, a := range x.Applied {
		off += a.Discount
	}
	regular := x.Price.GetAmount() + off
	if regular <= 0 || off <= 0 {
		return 0, 0
	}
	share := func(of int64) int32 { return int32(1e6 * (float64(of) / float64(regular))) }
	return share(min(off, regular)), share(min(max(0, regular-everybody), regular))
}

// find is a decision that is remembered, with its positions.
func (m *memory) find(id []byte) *decision {
	if m == nil || len(id) != 16 {
		return nil
	}
	at, ok := m.of[random(id)]
	if !ok {
		return nil
	}
	d := &m.decisions[at]
	if d.id != [16]byte(id) || m.end-d.first > maxShown {
		return nil // another, or its positions are overwritten
	}
	return d
}

func random(id []byte) uint64 { return binary.LittleEndian.Uint64(id[8:]) }

func (m *memory) at(d *decision, i int) *shown { return &m.shown[(d.first+uint64(i))%maxShown] }
