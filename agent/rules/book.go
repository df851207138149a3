package rules

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Names under which removals are counted that no rule of the rulebook made.
const (
	Excluded = "excluded"       // the request said so
	Held     = "hold"           // fewer are there than a hold takes
	OfferCap = "per_person_cap" // the offer was shown to this person often enough
)

// Book is what a release says of one slot's candidates.
type Book struct {
	// immutable after New
	slot     *rulebook.Slot
	key      uint32           // of the slot, as histories name it
	static   []rulebook.Rule  // of kinds active, margin and exclude
	stock    string           // the rule that counts for stock
	need     int64            // that must be promisable; 0: stock does not matter
	personal []personal       // caps and suppressions
	offers   []offer          // that run at some time
	ranked   map[uint64]int32 // place in the ranking by hash of the id

	building sync.Mutex
	view     atomic.Pointer[View]
}

// personal is a rule about what a person or session saw and did.
type personal struct {
	rulebook.Rule
	window   int64 // milliseconds
	outcomes []wire.OutcomeType
}

// New makes the book of a slot: its rules out of the rulebook, its offers out of
// all, and its ranking, best first.
func New(book *rulebook.Rulebook, slot *rulebook.Slot, offers []*wire.Offer, ranking []string) *Book {
	b := &Book{slot: slot, key: attribution.SlotKey(slot.ID), ranked: map[uint64]int32{}}
	for _, id := range slot.Rules {
		i := slices.IndexFunc(book.Rules, func(r rulebook.Rule) bool { return r.ID == id })
		b.add(book.Rules[i]) // the rulebook was checked
	}
	if h := slot.Hold; h != nil && b.need < int64(h.Quantity) {
		b.stock, b.need = Held, int64(h.Quantity)
	}
	b.addOffers(offers)
	for i, id := range ranking {
		if h := xxhash.Sum64String(id); b.ranked[h] == 0 {
			b.ranked[h] = int32(i) + 1
		}
	}
	return b
}

func (b *Book) add(r rulebook.Rule) {
	switch r.Kind {
	case rulebook.Stock:
		if need := 1 + int64(r.Safety); need > b.need {
			b.stock, b.need = r.ID, need
		}
	case rulebook.Cap, rulebook.Suppress:
		p := personal{Rule: r, window: r.Window.Milliseconds()}
		for t := range wire.OutcomeType_name {
			if name := attribution.TypeName(wire.OutcomeType(t)); slices.Contains(r.Outcomes, name) {
				p.outcomes = append(p.outcomes, wire.OutcomeType(t))
			}
		}
		b.personal = append(b.personal, p)
	default:
		b.static = append(b.static, r)
	}
}

// Counts tells whether any rule counts what such a person or session sees, so that
// showing them something unrecorded would break it later.
func (b *Book) Counts(person, session bool) bool {
	for i := range b.personal {
		r := &b.personal[i]
		if r.Kind == rulebook.Cap && (person && r.Per == rulebook.Person || session && r.Per == rulebook.Session) {
			return true
		}
	}
	return person && slices.ContainsFunc(b.offers, func(o offer) bool { return o.PerPersonCap > 0 })
}

// View is the book over a snapshot at node time now. It is made anew only when
// either asks for it, and then once for all who wait.
func (b *Book) View(s *catalogue.Snapshot, now int64) *View {
	if v := b.view.Load(); v.holds(s, now) {
		return v
	}
	b.building.Lock()
	defer b.building.Unlock()
	if v := b.view.Load(); v.holds(s, now) {
		return v
	}
	v := b.build(s, now)
	b.view.Store(v)
	return v
}
