package consent

import (
	"errors"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// TestErasedGrantsNothing, in either regime, until a newer consent than any that was
// known: no copy of an older one counts, whoever brings it.
func TestErasedGrantsNothing(t *testing.T) {
	s := newSite(t)
	who := person(1)
	for range 3 {
		check(t, s.Set(ctx, grant(who, everything...)))
		check(t, s.Set(ctx, &wire.Consent{Pseudonym: who[:], Purposes: []string{string(wire.DeviceStorage)}}))
	}
	known, err := s.Get(who)
	check(t, err)
	if _, err := s.Erase(&wire.Erasure{Receipt: make([]byte, 16), Pseudonym: who[:]}); err != nil {
		t.Fatal(err)
	}
	optOut := terms
	optOut.Regime = rulebook.OptOut
	barred := func(when string) {
		t.Helper()
		for _, terms := range []Terms{terms, optOut} {
			a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
			check(t, err)
			for _, p := range everything {
				if a.Grants.Has(p) {
					t.Errorf("%s %s is granted", when, p)
				}
			}
			if len(a.Fields) > 0 || a.Grants.Version != 0 {
				t.Errorf("%s %+v", when, a)
			}
		}
		if c, fields, err := s.Held(who); c != nil || fields != nil || err != nil {
			t.Errorf("%s %v, %v, %v are held", when, c, fields, err)
		}
	}
	barred("at once")
	s.Restart()
	barred("after a restart")
	records := s.Log.Last()
	for version := uint64(1); version <= known.Version; version++ {
		for _, source := range []string{local, hub} {
			c := grant(who, everything...)
			c.Version, c.Source = version, source
			if err := s.Set(ctx, c); !errors.Is(err, ErrVersion) {
				t.Errorf("version %d of the %s: %v", version, source, err)
			}
			c.Purposes, c.Evidence = nil, nil
			if err := s.Set(ctx, c); source == hub && !errors.Is(err, ErrVersion) {
				t.Errorf("a withdrawal of version %d: %v", version, err)
			}
		}
	}
	if s.Log.Last() != records {
		t.Error("what was refused is in the log")
	}
	barred("after older copies")
	check(t, s.Set(ctx, grant(who, everything...)))
	if c, err := s.Get(who); err != nil || c.GetVersion() != known.Version+1 {
		t.Errorf("a new consent is %v, %v", c, err)
	}
	s.Restart()
	if a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared); err != nil || !a.Grants.Has(wire.PersonalisedOffers) {
		t.Errorf("a new consent does not count: %v, %v", a, err)
	}
}

// TestADoneErasureStillBars: its record names nobody any more, and tables made of it
// alone bar the person all the same.
func TestADoneErasureStillBars(t *testing.T) {
	s := newSite(t)
	who := person(1)
	tombstone := who.Tombstone()
	done := &wire.Erasure{Receipt: make([]byte, 16), Tombstone: tombstone[:], Version: 4}
	if _, err := s.Store.Commit(&wire.Record{Body: &wire.Record_Erasure{Erasure: done}}, nil); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[uint64]bool{4: false, 5: true} {
		c := grant(who, everything...)
		c.Version, c.Source = version, hub
		if err := s.Set(ctx, c); (err == nil) != want && !(version == 4 && errors.Is(err, ErrVersion)) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}
