package fairness_test

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

func (p *place) keep() {
	p.t.Helper()
	if err := p.watch.Keep(); err != nil {
		p.t.Fatal(err)
	}
}

// some makes n decisions, each hundred alike, and breaks a few of what they show.
func (p *place) some(n int) {
	for i := range n {
		d := p.decide(shows{local: [2]bool{i%4 == 0, i%3 == 0}, off: [2]int64{int64(100 * (i % 3)), 50}, person: 1 + i%50, senior: i%3 - 1})
		if i%10 == 1 {
			p.outcome(d, i%2, wire.OutcomeType_OUTCOME_NOT_FOUND, nil)
		}
	}
}

// TestWindowGoesOn: a window with restarts in it tells what one without does, exactly.
func TestWindowGoesOn(t *testing.T) {
	whole, parts := newPlace(t), newPlace(t)
	for part := range 4 {
		whole.some(100)
		parts.some(100)
		if part < 3 {
			parts.keep()
			parts.Restart()
		}
	}
	whole.over()
	parts.over()
	for _, group := range []string{"local", "seniors"} {
		if a, b := whole.told(group), parts.told(group); a.Sides == nil || !same(a.Sides.Group, b.Sides.Group) || !same(a.Sides.Rest, b.Sides.Rest) || b.Sides.Group.Broken == 0 {
			t.Errorf("%s; without restarts %s", jsonOf(b), jsonOf(a))
		}
	}
}

func same(a, b fairness.Side) bool {
	near := func(x, y *float64) bool {
		return x == nil && y == nil || x != nil && y != nil && math.Abs(*x-*y) < 1e-9
	}
	return a.Decisions == b.Decisions && a.Shown == b.Shown && a.Broken == b.Broken && near(a.Exposure, b.Exposure) && near(a.Due, b.Due) && near(&a.Depth, &b.Depth)
}

// TestAlarmAfterRestarts: what is unfair before and after a restart raises its alarm,
// and what few persons were shown raises none because there was one.
func TestAlarmAfterRestarts(t *testing.T) {
	for persons, alarm := range map[int]bool{4: false, 200: true} {
		p := newPlace(t)
		for i := range 400 {
			p.decide(shows{local: [2]bool{i%8 == 0, i%8 == 0}, person: 1 + i%persons, senior: -1})
			if i == 200 {
				p.keep()
				p.Restart()
			}
		}
		p.over()
		if w := p.told("local"); w.Sides == nil || w.Sides.Group.Decisions != 400 || (len(w.Alarms) == 1) != alarm {
			t.Errorf("%d persons: %s", persons, jsonOf(w))
		}
	}
}

// TestCrashLosesWhatWasNotKept: no more, and it counts nothing twice: neither what the
// log lost and is decided again, nor a window that was told after it was kept.
func TestCrashLosesWhatWasNotKept(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 8 {
		p := newPlace(t)
		lasts, want := 0, 0 // decisions since the last Keep, and those that count
		for range 200 {
			p.some(1)
			lasts++
			switch r.IntN(40) {
			case 0, 1:
				p.keep()
				want, lasts = want+lasts, 0
			case 2:
				p.Cut()
				if held := decisions(t, p.Node); held < want {
					t.Fatalf("%d decisions were kept, and the log has %d", want, held)
				}
				lasts = 0
			case 3:
				p.Restart()
				lasts = 0
			}
		}
		want += lasts
		p.over()
		if w := p.told("local"); w.Sides == nil || int(w.Sides.Rest.Decisions) != want {
			t.Fatalf("%s; want %d", jsonOf(w), want)
		}
		p.Restart() // with what was kept of the window that is told
		p.decide(shows{senior: -1})
		told := 0
		for seq := p.Log.First(); seq <= p.Log.Last(); seq++ {
			if rec, err := p.Store.Record(seq); err != nil {
				t.Fatal(err)
			} else if rec.GetFairness().GetGroup() == "local" {
				told++
			}
		}
		if told != 1 {
			t.Fatalf("one window was told %d times", told)
		}
	}
}

func decisions(t *testing.T, n *storetest.Node) (held int) {
	for seq := n.Log.First(); seq <= n.Log.Last(); seq++ {
		rec, err := n.Store.Record(seq)
		if err != nil {
			t.Fatal(err)
		}
		if rec.GetDecision() != nil {
			held++
		}
	}
	return held
}

// TestFewAreNotKept: the file says nothing of customers until there are enough, and
// then sums that are as large for thousands.
func TestFewAreNotKept(t *testing.T) {
	p := newPlace(t)
	sizes := map[int]int{}
	for i := range 2000 {
		p.decide(shows{person: 1 + i, senior: i % 2})
		if n := i + 1; n == 39 || n == 40 || n == 2000 {
			p.keep()
			b, err := os.ReadFile(p.file)
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Contains(b, []byte("hero\x00seniors")); got != (n >= 40) || !bytes.Contains(b, []byte("hero\x00local")) {
				t.Errorf("after %d persons of 40: %v", n, got)
			}
			sizes[n] = len(b)
		}
	}
	if sizes[40] != sizes[2000] {
		t.Errorf("the file grows with persons: %v", sizes)
	}
	for i := range 19 {
		p.decide(shows{person: 5000 + i, senior: -1})
	}
	p.keep()
	p.Restart()
	for i := range 19 {
		p.decide(shows{person: 5000 + i, senior: -1}) // the same
	}
	p.over()
	if w := p.told("seniors"); w.Sides == nil || w.Sides.Group.Decisions != 1000 || w.Sides.Unknown != nil {
		t.Errorf("%s", jsonOf(w))
	}
}

// TestKeptForOneRulebook: another begins anew, and so does a damaged file.
func TestKeptForOneRulebook(t *testing.T) {
	other := parse(t, strings.Replace(groups, "supplier: local", "supplier: far", 1))
	for name, change := range map[string]func(*place){
		"another rulebook": func(p *place) { p.book = other },
		"damaged":          func(p *place) { p.damage(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) },
		"cut off":          func(p *place) { p.damage(func(b []byte) []byte { return b[:len(b)-40] }) },
		"empty":            func(p *place) { p.damage(func([]byte) []byte { return nil }) },
	} {
		p := newPlace(t)
		p.some(100)
		p.keep()
		change(p)
		p.Restart()
		p.some(60)
		p.over()
		if w := p.told("local"); w.Sides == nil || w.Sides.Rest.Decisions != 60 {
			t.Errorf("%s: %s", name, jsonOf(w))
		}
	}
}

func (p *place) damage(change func([]byte) []byte) {
	b, err := os.ReadFile(p.file)
	if err == nil {
		err = os.WriteFile(p.file, change(b), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestKeepTriesAgain: what could not be written is with the next.
func TestKeepTriesAgain(t *testing.T) {
	p := newPlace(t)
	p.some(60)
	if err := os.MkdirAll(filepath.Join(p.file, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if p.watch.Keep() == nil {
		t.Fatal("a folder was written over")
	}
	if err := os.RemoveAll(p.file); err != nil {
		t.Fatal(err)
	}
	p.keep()
	p.Restart()
	p.over()
	if w := p.told("local"); w.Sides == nil || w.Sides.Rest.Decisions != 60 {
		t.Errorf("%s", jsonOf(w))
	}
}

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// TestKeptFormat: a file of this version goes on to be read, and is written so.
func TestKeptFormat(t *testing.T) {
	const golden = "testdata/kept.v0"
	p := newPlace(t)
	p.some(120)
	p.keep()
	got, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) { // moments depend on which of 512 sums somebody is in
		t.Errorf("%d bytes; %s has %d", len(got), golden, len(want))
	}
	p.damage(func([]byte) []byte { return want })
	p.Restart()
	p.over()
	if w := p.told("seniors"); w.Sides == nil || w.Sides.Group.Decisions != 40 {
		t.Errorf("%s", jsonOf(w))
	}
}
