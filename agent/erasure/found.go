package erasure

import (
	"maps"
	"slices"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/sync/wire"
)

// found is a person, and what of the log and the queue is theirs.
type found struct {
	who       wire.Pseudonym
	subjects  set // sessions and baskets
	decisions set
	events    set
}

func newFound(who wire.Pseudonym) found {
	return found{who, set{}, set{}, set{}}
}

func (f *found) clone() found {
	return found{f.who, maps.Clone(f.subjects), maps.Clone(f.decisions), maps.Clone(f.events)}
}

// name takes in what a record that names the person says of them.
// A decision that only an outcome joins to them counts until sharing says whose it
// is.
func (f *found) name(record []byte) {
	if !names(record, f.who) {
		return
	}
	r := identify(record)
	if r.kind == erasure { // of an earlier try: its list is in ours
		return
	}
	f.subjects.add(r.session)
	f.subjects.add(r.basket)
	f.take(&r)
}

func (f *found) take(r *ids) {
	f.decisions.add(r.decision)
	f.events.add(eventKey(r.event))
}

// holds tells whether a record is the person's.
func (f *found) holds(record []byte, r *ids) bool {
	switch {
	case names(record, f.who), f.decisions.has(r.decision):
		return true
	case len(f.events) > 0 && f.events.has(eventKey(r.event)):
		return true
	case len(r.person) > 0:
		return false
	case f.subjects.has(r.session), f.subjects.has(r.basket):
		return true
	}
	return slices.ContainsFunc(r.others, func(b []byte) bool { return f.decisions.has(b) || f.subjects.has(b) })
}

// tombstone is what takes the place of a record of the person's, nil for others'.
// An erasure keeps its receipt, which names nobody.
func (f *found) tombstone(record []byte, r *ids) []byte {
	rec := &wire.Record{AtMs: r.atMs}
	switch {
	case r.kind == erased || !f.holds(record, r):
		return nil
	case r.kind == erasure:
		tombstone := f.who.Tombstone()
		rec.Body = &wire.Record_Erasure{Erasure: &wire.Erasure{Receipt: r.receipt, Tombstone: tombstone[:], Version: r.version}}
	default:
		rec.Body = &wire.Record_Erased{Erased: &wire.Erased{Kind: uint32(r.kind), Slot: string(r.slot)}}
	}
	b, err := wire.Append(nil, rec)
	if err != nil { // a slot that is no text
		b, _ = wire.Append(nil, &wire.Record{AtMs: r.atMs, Body: &wire.Record_Erased{Erased: &wire.Erased{Kind: uint32(r.kind)}}})
	}
	return b
}

// most is how many ids one message has at most, so that it fits a record.
const most = 8000

// messages are the erasures that name all that was found.
func (f *found) messages() (all []*wire.Erasure) {
	m, n := &wire.Erasure{Pseudonym: f.who[:]}, 0
	all = append(all, m)
	add := func(of set, field func(*wire.Erasure) *[][]byte) {
		for id := range of {
			if n++; n%most == 0 {
				m = &wire.Erasure{Pseudonym: f.who[:]}
				all = append(all, m)
			}
			to := field(m)
			*to = append(*to, slices.Clone(id[:]))
		}
	}
	add(f.subjects, func(m *wire.Erasure) *[][]byte { return &m.Subjects })
	add(f.decisions, func(m *wire.Erasure) *[][]byte { return &m.Decisions })
	add(f.events, func(m *wire.Erasure) *[][]byte { return &m.Events })
	return all
}

// kept is what of a record outlives it.
func (r *ids) kept() ids {
	return ids{decision: slices.Clone(r.decision), event: slices.Clone(r.event)}
}

// sharing finds out which sessions and baskets another known person shares, and
// what belongs to those that nobody does.
type sharing struct {
	*found
	erased    func(who []byte) bool // with the person: who is erased shares nothing
	shared    set
	anonymous map[[16]byte][]ids // by session or basket of the person
	foreign   []ids              // decisions of others that an outcome of the person belongs to
}

func (s *sharing) look(record []byte, r *ids) {
	if r.kind == decision && len(r.person) > 0 && s.decisions.has(r.decision) && !names(record, s.who) {
		s.foreign = append(s.foreign, r.kept())
	}
	for _, subject := range [][]byte{r.session, r.basket} {
		if !s.subjects.has(subject) || names(record, s.who) {
			continue
		}
		if len(r.person) > 0 && s.erased(r.person) {
			continue
		}
		if len(r.person) > 0 {
			s.shared.add(subject)
			continue
		}
		k := [16]byte(subject)
		s.anonymous[k] = append(s.anonymous[k], r.kept())
	}
}

func (s *sharing) settle() {
	for k := range s.shared {
		delete(s.subjects, k)
		delete(s.anonymous, k)
	}
	for i := range s.foreign {
		delete(s.decisions, [16]byte(s.foreign[i].decision))
		delete(s.events, attribution.KeyOf(string(s.foreign[i].event)))
	}
	for _, all := range s.anonymous {
		for i := range all {
			s.take(&all[i])
		}
	}
}
