package fleet

import (
	"errors"
	"testing"
)

// TestFunctionsAreNoAgents: a function is known by its key and by no other one, before
// and after a restart; a key is never a function's and an agent's.
func TestFunctionsAreNoAgents(t *testing.T) {
	f := open(t, t.TempDir())
	agent := f.enrol(t, "kiosk-1", "north")
	d, next := newDevice(t), newDevice(t)
	if _, err := f.Admit(t.Context(), "admin", "north", "stock_room", agent.public); !errors.Is(err, ErrKey) {
		t.Errorf("an agent's key: %v", err)
	}
	if _, err := f.Admit(t.Context(), "admin", "north", "stock_room", d.public); err != nil {
		t.Fatal(err)
	}
	token := f.invite(t, "kiosk-2", "north")
	f.refuses(t, ErrKey, token, d, d.prove(t, token))
	if _, err := f.Admit(t.Context(), "admin", "south", "stock_room", d.public); !errors.Is(err, ErrKey) {
		t.Errorf("another function's key: %v", err)
	}
	for range 2 {
		if of, ok := f.Function(d.public); !ok || of.Actions() != "aisle.act.north.*.stock_room" {
			t.Fatalf("found %v, %v", of, ok)
		}
		if _, _, ok := f.Lookup(d.public); ok {
			t.Error("a function is taken for an agent")
		}
		f = f.reopen(t)
	}
	if was, err := f.Admit(t.Context(), "admin", "north", "stock_room", next.public); err != nil || was != d.public {
		t.Errorf("replaced %q: %v", was, err)
	}
	if _, ok := f.Function(d.public); ok {
		t.Error("the key before still counts")
	}
	if was, err := f.Dismiss(t.Context(), "admin", "north", "stock_room"); err != nil || was != next.public {
		t.Errorf("dismissed %q: %v", was, err)
	}
	if _, ok := f.Function(next.public); ok {
		t.Error("a dismissed key still counts")
	}
	if _, err := f.Dismiss(t.Context(), "admin", "north", "stock_room"); !errors.Is(err, ErrNoFunction) {
		t.Errorf("dismissed again: %v", err)
	}
}
