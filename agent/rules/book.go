package rules

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Names under which removals are counted that no rule of the rulebook made.
const (
	Excluded = "excluded"  // the request said so
	NotFound = "not_found" // somebody did not find it, and nothing came or was counted since
	Held     = "hold"      // fewer are there than a hold takes
	NoOffer  = "offer"     // it is there by an offer, and none of those runs for this request
)

// Book is what a release says of one slot's candidates.
type Book struct {
	// Profile are the fields of a person that the rules and groups read, as they are declared.
	Profile []consent.Declared
	// Household tells that some slot's rules count by household, so that all must tell
	// it: it is one of the fields of Profile.
	Household bool
	// Node tells that some slot's rules count everybody, so that all must be counted.
	Node bool
	// Sensitive are the purposes that some rule asks for beyond those of fields.
	Sensitive []wire.Purpose

	// immutable after New
	slot                       *rulebook.Slot
	key                        uint32         // of the slot, as histories name it
	zone                       *time.Location // of times in conditions
	lists                      []string       // attributes that are lists in conditions
	static                     []rule         // about items alone
	later                      []rule         // about the request or its person, too
	prefix                     []rule         // about what stands above in the answer
	nodes                      int            // rules that count everybody
	owns                       []int          // of later: caps of somebody that count items together
	stock                      string         // the rule that counts for stock
	need                       int64          // that must be promisable; 0: stock does not matter
	needs                      []int64        // further numbers, of rules of kind stock with conditions
	asks                       asks           // what conditions and rules read of a request
	pins                       []pin          // by position
	groups                     []group        // that are watched
	offers                     []offer        // that run at some time
	overlays, capped, budgeted bool           // some are decided for each request, count showings, have a budget
	persons                    bool           // some look at what is known of a person
	remembers                  bool           // a rule or an offer asks what a person or household saw and did
	counted                    []rulebook.Per // for whom some slot's rules count what this one shows
	ranked                     map[uint64]int32

	building sync.Mutex
	view     atomic.Pointer[View]
}

// pin is where an item belongs, by the hash of its id.
type pin struct {
	position int
	hash     uint64
}

// New makes the book of a slot: its rules out of the rulebook, its offers out of
// all, and its ranking, best first.
func New(book *rulebook.Rulebook, slot *rulebook.Slot, offers []*Offer, ranking []string) *Book {
	b := &Book{slot: slot, lists: book.Lists, key: attribution.SlotKey(slot.ID), ranked: map[uint64]int32{}}
	b.zone, _ = time.LoadLocation(book.Zone) // the rulebook was checked
	b.addOffers(offers)
	for _, id := range slot.Rules {
		i := slices.IndexFunc(book.Rules, func(r rulebook.Rule) bool { return r.ID == id })
		b.add(&book.Rules[i])
	}
	b.remembers = slices.ContainsFunc(b.later, asksHistory) || slices.ContainsFunc(b.offers, func(o offer) bool {
		return o.PerPersonCap > 0 || o.Once() || o.Cadence.Threshold > 0
	})
	b.addGroups(book.Fairness)
	b.declare(book)
	for _, p := range slot.Pins {
		b.pins = append(b.pins, pin{p.Position - 1, xxhash.Sum64String(p.Item)})
	}
	slices.SortFunc(b.pins, func(p, q pin) int { return cmp.Compare(p.position, q.position) })
	if h := slot.Hold; h != nil && b.need < int64(h.Quantity) {
		b.stock, b.need = Held, int64(h.Quantity)
	}
	for i, id := range ranking {
		if h := xxhash.Sum64String(id); b.ranked[h] == 0 {
			b.ranked[h] = int32(i) + 1
		}
	}
	return b
}

func (b *Book) add(r *rulebook.Rule) {
	need := 1 + int64(r.Safety)
	if r.Kind == rulebook.Stock && len(r.Conditions()) == 0 {
		if need > b.need {
			b.stock, b.need = r.ID, need
		}
		return
	}
	one := newRule(r, &b.asks)
	one.later = len(b.later)
	switch {
	case r.Kind == rulebook.Stock:
		if one.need = slices.Index(b.needs, need); one.need < 0 {
			one.need, b.needs = len(b.needs), append(b.needs, need)
		}
		b.later = append(b.later, one)
	case r.Kind == rulebook.Limit || r.Kind == rulebook.Separate:
		one.prefix = len(b.prefix)
		b.prefix = append(b.prefix, one)
		b.later = append(b.later, one)
	case r.Per == rulebook.Node:
		one.node = b.nodes
		b.nodes++
		b.later = append(b.later, one)
	case one.shares():
		one.own = len(b.owns)
		b.owns = append(b.owns, one.later)
		b.later = append(b.later, one)
	case one.ofItems() && one.unconditional() && !(b.overlays && one.ofPrices()):
		b.static = append(b.static, one)
	default:
		b.later = append(b.later, one)
	}
}

// declare finds the fields that the rules and offers read: of one that is declared
// for several purposes each counts.
func (b *Book) declare(book *rulebook.Rulebook) {
	var paths []string
	for i := range book.Rules {
		r := &book.Rules[i]
		if r.Per == rulebook.Household {
			b.Household, paths = true, append(paths, rulebook.HouseholdField)
		}
		used := slices.ContainsFunc(book.Slots, func(s rulebook.Slot) bool { return slices.Contains(s.Rules, r.ID) })
		b.Node = b.Node || used && r.Per == rulebook.Node
		if used && b.seenBy(r) {
			b.counted = append(b.counted, r.Per)
		}
		if !slices.Contains(b.slot.Rules, r.ID) {
			continue
		}
		paths = append(paths, r.Paths()...)
		if r.Kind == rulebook.Sensitive {
			b.Sensitive = append(b.Sensitive, sensitive(r.Class))
		}
	}
	for i := range b.offers {
		paths = append(paths, b.offers[i].paths()...)
	}
	for i := range b.groups {
		paths = append(paths, b.groups[i].Paths()...)
	}
	for _, f := range book.Features {
		field, ok := strings.CutPrefix(f.Source, "profile.")
		d := consent.Declared{Name: field, Purpose: wire.Purpose(f.Purpose), TTL: f.TTL}
		if ok && slices.Contains(paths, f.Source) && !slices.Contains(b.Profile, d) {
			b.Profile = append(b.Profile, d)
		}
	}
}

// Attributes are the attributes of items that the rules of a rulebook read, for the
// catalogue to keep.
func Attributes(book *rulebook.Rulebook) (keys []string) {
	take := func(paths []string) {
		for _, p := range paths {
			if key, ok := strings.CutPrefix(p, "item.attr."); ok {
				keys = append(keys, key)
			}
		}
	}
	for i := range book.Rules {
		take(book.Rules[i].Paths())
	}
	for i := range book.Fairness {
		take(book.Fairness[i].Paths())
	}
	for i := range book.Slots {
		if p := book.Slots[i].Promoted; p != nil {
			take(p.Where.Paths())
		}
	}
	return keys
}

// seenBy tells whether a rule, of whatever slot, counts what this slot shows: only a
// cap of answers or of an offer is the slot's own.
func (b *Book) seenBy(r *rulebook.Rule) bool {
	switch {
	case r.Kind == rulebook.Suppress:
		return slices.Contains(r.Outcomes, "shown")
	case r.Of == rulebook.OfSlot || r.Of == rulebook.OfOffer:
		return r.Kind == rulebook.Cap && slices.Contains(b.slot.Rules, r.ID)
	}
	return r.Kind == rulebook.Cap
}

// Counts tells whether any rule, of any slot, counts what such a person or session
// sees, so that showing them something unrecorded would break it later; or any budget
// pays.
func (b *Book) Counts(person, session bool) bool {
	whose := map[rulebook.Per]bool{rulebook.Person: person, rulebook.Session: session, rulebook.Household: person, "": person || session}
	return slices.ContainsFunc(b.counted, func(p rulebook.Per) bool { return whose[p] }) ||
		b.Node || b.budgeted || person && b.capped
}

// Pays tells whether any offer of the slot has a budget.
func (b *Book) Pays() bool { return b.budgeted }

// Remembers tells whether a rule or an offer of the slot asks what a person or their
// household saw and did.
func (b *Book) Remembers() bool { return b.remembers }

func asksHistory(r rule) bool {
	switch r.Kind {
	case rulebook.Cap, rulebook.Suppress:
		return r.Per != rulebook.Session && r.Per != rulebook.Node
	case rulebook.Sensitive:
		return r.within > 0
	}
	return false
}

// Redeems tells whether any runs by when a person redeemed it.
func (b *Book) Redeems() bool {
	return slices.ContainsFunc(b.offers, func(o offer) bool { return o.Once() })
}

// StockRule is the rule that counts for stock everywhere, "" for none.
func (b *Book) StockRule() string { return b.stock }

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
