package erasure

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/sync/wire"
)

func pseudonym(kind wire.Kind, id int) []byte {
	p := wire.Pseudonymise([]byte("secret"), kind, fmt.Sprint(id))
	return p[:]
}

// at is one record of a test, and whether it is to be erased.
type at struct {
	rec  *wire.Record
	gone bool
}

func decided(id byte, person, session, basket []byte) *wire.Record {
	return &wire.Record{AtMs: 5, Body: &wire.Record_Decision{Decision: &wire.Decision{
		Id: bytes.Repeat([]byte{id}, 16), EventId: fmt.Sprint("event ", id), Slot: "hero", Pseudonym: person, Session: session, Basket: basket}}}
}

func told(event string, decision byte, person, session, basket []byte) *wire.Record {
	o := &wire.Outcome{Id: "o", EventId: event, Slot: "hero", Item: "tea", Pseudonym: person, Session: session, Basket: basket}
	if decision > 0 {
		o.Decision = bytes.Repeat([]byte{decision}, 16)
	}
	return &wire.Record{AtMs: 5, Body: &wire.Record_Outcome{Outcome: o}}
}

// TestWhoseRecordsAre: all that names the person or hangs on it goes, and nothing
// that is another's.
func TestWhoseRecordsAre(t *testing.T) {
	who, other := pseudonym(wire.Person, 1), pseudonym(wire.Person, 2)
	own, shared, foreign := pseudonym(wire.Session, 1), pseudonym(wire.Session, 2), pseudonym(wire.Session, 3)
	basket := pseudonym(wire.Basket, 1)
	all := []at{
		{decided(1, nil, own, nil), true},         // before it was known who it is
		{told("event 1", 1, nil, own, nil), true}, // of that decision
		{decided(2, who, own, basket), true},      // names the person
		{told("", 0, nil, nil, basket), true},     // a sale of the basket
		{told("event 2", 0, nil, nil, nil), true}, // names nobody but the event
		{&wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{EventId: "event 2", Decision: bytes.Repeat([]byte{2}, 16)}}}, true},
		{&wire.Record{Body: &wire.Record_HoldEnd{HoldEnd: &wire.HoldEnd{Hold: append(bytes.Repeat([]byte{2}, 16), 0)}}}, true},
		{decided(3, who, shared, nil), true},             // in a session that another shares
		{decided(4, other, shared, nil), false},          // of that other
		{decided(5, nil, shared, nil), false},            // nobody knows whose
		{decided(6, other, foreign, nil), false},         // has nothing to do with the person
		{told("event 6", 6, who, nil, nil), true},        // the person's outcome of another's decision
		{told("event 6", 6, other, foreign, nil), false}, // and that other's
		{decided(7, nil, foreign, nil), false},           //
		{&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: who, Version: 1}}}, true},
		{&wire.Record{Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: who}}}, true},
		{&wire.Record{Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: other}}}, false},
		{&wire.Record{Body: &wire.Record_StockMove{StockMove: &wire.StockMove{Id: "m", Item: "tea"}}}, false},
		{&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, false},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 { // in any order
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		tasks := search(t, all, who)
		for _, a := range all {
			left := tasks.tombstone(encoded(t, a.rec), func(*task) {})
			if (left != nil) != a.gone {
				t.Fatalf("%v: erased %v", a.rec, left != nil)
			}
			if left == nil {
				continue
			}
			rec, err := wire.Decode(left)
			if err != nil || rec.AtMs != a.rec.AtMs || rec.GetErased() == nil || tasks.tombstone(left, func(*task) {}) != nil {
				t.Fatalf("%v became %v, %v", a.rec, rec, err)
			}
			if slot := rec.GetErased().Slot; (rec.GetErased().Kind == 2 || rec.GetErased().Kind == 4) && slot != "hero" {
				t.Errorf("it does not say of which slot: %v", rec)
			}
		}
	}
}

// search is a round that found what is some persons'.
func search(t *testing.T, all []at, persons ...[]byte) (tasks round) {
	for _, who := range persons {
		tasks = append(tasks, &task{found: newFound(wire.Pseudonym(who))})
	}
	mine, err := tasks.find(func(look func([]byte)) error {
		for _, a := range all {
			look(encoded(t, a.rec))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range tasks {
		tasks[i].found = mine[i]
	}
	return tasks
}

// TestErasedTogether: what persons shared whom one round erases goes with them, and
// each is told of their own.
func TestErasedTogether(t *testing.T) {
	one, two, other := pseudonym(wire.Person, 1), pseudonym(wire.Person, 2), pseudonym(wire.Person, 3)
	theirs, ours := pseudonym(wire.Session, 1), pseudonym(wire.Session, 2)
	all := []at{
		{decided(1, one, theirs, nil), true},
		{decided(2, two, theirs, nil), true},
		{decided(3, nil, theirs, nil), true}, // nobody is left who could claim it
		{decided(4, two, ours, nil), true},
		{decided(5, other, ours, nil), false},
		{decided(6, nil, ours, nil), false},
	}
	tasks := search(t, all, one, two)
	told := map[*task]int{}
	for _, a := range all {
		if gone := tasks.tombstone(encoded(t, a.rec), func(t *task) { told[t]++ }) != nil; gone != a.gone {
			t.Errorf("%v: erased %v", a.rec, gone)
		}
	}
	if told[tasks[0]] != 2 || told[tasks[1]] != 3 {
		t.Errorf("told of %d and %d records, want 2 and 3", told[tasks[0]], told[tasks[1]])
	}
}

func encoded(t testing.TB, rec *wire.Record) []byte {
	t.Helper()
	b, err := wire.Append(nil, rec)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestErasuresThemselvesNameNobody once they are done.
func TestErasuresThemselvesNameNobody(t *testing.T) {
	f := newFound(wire.Pseudonym(pseudonym(wire.Person, 1)))
	for i := range 20_000 {
		f.events.add(pseudonym(wire.Session, i))
	}
	tasks := round{{found: f}}
	messages := f.messages()
	if len(messages) != 3 {
		t.Errorf("%d messages", len(messages))
	}
	for _, m := range messages {
		m.Receipt, m.Version = make([]byte, 16), 7
		left, err := wire.Decode(tasks.tombstone(encoded(t, &wire.Record{AtMs: 9, Body: &wire.Record_Erasure{Erasure: m}}), func(*task) {}))
		tombstone := f.who.Tombstone()
		if e := left.GetErasure(); err != nil || left.AtMs != 9 || e.GetVersion() != 7 || !bytes.Equal(e.GetTombstone(), tombstone[:]) ||
			len(e.GetPseudonym())+len(e.GetEvents()) > 0 || len(e.GetReceipt()) != 16 {
			t.Errorf("%v, %v", left, err)
		}
	}
}

// TestListIsReadBack, also one that was being destroyed, and nothing else is.
func TestListIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures")
	var tasks []*task
	for i := range 3 {
		one := &task{found: newFound(wire.Pseudonym(pseudonym(wire.Person, i))), receipt: [16]byte{byte(i)}}
		for n := range 5000 * i {
			one.decisions.add(pseudonym(wire.Session, n))
			one.subjects.add(pseudonym(wire.Basket, n))
		}
		tasks = append(tasks, one)
	}
	if err := writeList(path, tasks); err != nil {
		t.Fatal(err)
	}
	back, err := readList(path)
	if err != nil || len(back) != 3 {
		t.Fatal(back, err)
	}
	for i, one := range back {
		if one.receipt != tasks[i].receipt || one.who != tasks[i].who || len(one.decisions) != 5000*i || len(one.subjects) != 5000*i {
			t.Errorf("%d came back as %v with %d and %d", i, one.who, len(one.decisions), len(one.subjects))
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 9, 30, len(b) - 1} {
		damaged := slices.Clone(b)
		damaged[i] ^= 1
		if _, err := parseList(damaged); err != errList {
			t.Errorf("a flip at %d: %v", i, err)
		}
	}
	if err := os.WriteFile(path, make([]byte, len(b)), 0o600); err != nil {
		t.Fatal(err)
	}
	if back, err := readList(path); back != nil || err != nil {
		t.Error(back, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it is still there")
	}
}

func FuzzList(f *testing.F) {
	b, _ := appendList(nil, []*task{{found: newFound(wire.Pseudonym{1}), receipt: [16]byte{2}}})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		tasks, err := parseList(b)
		if err == nil && len(tasks) > len(b) {
			t.Error(len(tasks))
		}
		identify(b)
	})
}
