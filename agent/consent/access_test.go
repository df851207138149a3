package consent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/aisle-edge/aisle/sync/wire"
)

// TestAPersonSeesAllThatIsKept: also what nobody else may read any more.
func TestAPersonSeesAllThatIsKept(t *testing.T) {
	s := newSite(t)
	who := person(1)
	check(t, s.Set(ctx, grant(who, everything...)))
	if _, err := s.Write(ctx, Request{Who: who, Terms: terms}, fields("v"), declared); err != nil {
		t.Fatal(err)
	}
	check(t, s.Set(ctx, &wire.Consent{Pseudonym: who[:], Purposes: []string{string(wire.DeviceStorage)}}))

	c, held, err := s.Held(who)
	check(t, err)
	if diff := cmp.Diff([]string{"diet", "reads", "taste"}, names(held)); diff != "" {
		t.Error(diff)
	}
	want, err := s.Get(who)
	check(t, err)
	if diff := cmp.Diff(want, c, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	c, held, err = s.Held(person(2))
	if c != nil || held != nil || err != nil {
		t.Errorf("of a stranger %v, %v, %v are kept", c, held, err)
	}
}
