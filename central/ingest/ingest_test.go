package ingest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// fill writes a day of a log: outcomes, of which some repeat, and ticks.
func fill(t testing.TB, rng *rand.Rand, w *writer, n int) {
	for len(w.records) < n {
		if rng.IntN(3) == 0 {
			w.write(t, &wire.Record{AtMs: int64(len(w.records)), Body: &wire.Record_Tick{Tick: &wire.Tick{}}})
		} else {
			w.outcome(t, fmt.Sprintf("sale-%d", rng.IntN(3*n)))
		}
	}
}

// TestEachRecordOnceWhateverTheWay sends overlapping segments through a hub that
// repeats, reorders and loses answers, into a ledger that fails before and after
// its commit, with central restarted over and over.
func TestEachRecordOnceWhateverTheWay(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dir := t.TempDir()
			rng := rand.New(rand.NewPCG(seed, 1))
			hub, fleet := newHub(rand.New(rand.NewPCG(seed, 2))), company{}
			var writers []*writer
			var segments []func()
			for _, name := range []string{"kiosk-1", "kiosk-2", "till-1", "kiosk-1"} {
				w := newWriter(t, name, byte(len(writers))) // the last is kiosk-1, reinstalled
				fill(t, rng, w, 60+rng.IntN(60))
				fleet.hire(w)
				writers = append(writers, w)
				for _, s := range cut(t, rng, w) {
					segments = append(segments, func() { hub.put(w.node, s) })
				}
			}
			rng.Shuffle(len(segments), func(i, j int) { segments[i], segments[j] = segments[j], segments[i] })

			for round := 0; ; round++ {
				for n := min(len(segments), 20); n > 0; n-- {
					segments[0]()
					segments = segments[1:]
				}
				shaky := rand.New(rand.NewPCG(seed, uint64(round)))
				if len(segments) == 0 && round > 12 {
					shaky = nil // let it come to its end
				}
				c := start(t, dir, hub, fleet, shaky, Options{})
				c.live(t, hub, 1+rng.IntN(40))
				c.judge(t, hub.mark, writers...)
				finished := len(segments) == 0 && hub.unanswered() == 0
				if finished {
					c.judge(t, everything, writers...)
				}
				c.db.Close()
				if finished {
					break
				}
				if round > 200 {
					t.Fatal("it never ends")
				}
			}
			if hub.handed < 2*len(hub.messages) {
				t.Errorf("%d messages were handed out %d times: nothing was repeated", len(hub.messages), hub.handed)
			}
		})
	}
}

// run is a centre over what was put into the hub, after some seconds.
func run(t *testing.T, dir string, hub *testHub, fleet company, o Options, seconds int) *centre {
	t.Helper()
	c := start(t, dir, hub, fleet, nil, o)
	c.live(t, hub, seconds)
	return c
}

// TestNothingIsAnsweredBeforeItsCommit looks into the store at the moment of
// each answer.
func TestNothingIsAnsweredBeforeItsCommit(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	fill(t, rand.New(rand.NewPCG(1, 1)), w, 40)
	hub.put(w.node, w.seal(t, 1, 20, 0))
	hub.put(w.node, w.seal(t, 21, 40, 0))
	c := start(t, dir, hub, fleet, nil, Options{})
	answers := 0
	hub.onDone = func([]byte) {
		answers++
		var committed uint64
		err := c.db.View(context.Background(), func(tx *store.Tx) error {
			return tx.One(`SELECT committed FROM ingest_mark`).Scan(&committed)
		})
		if err != nil || committed != 40 {
			t.Errorf("answered while the mark was at %d (%v)", committed, err)
		}
	}
	c.live(t, hub, 3)
	defer c.db.Close()
	if answers != 2 || hub.mark(w) != 40 {
		t.Errorf("%d answers and the mark at %d, want 2 and 40", answers, hub.mark(w))
	}
}

func TestLostAnswerIsGivenAgain(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	w.outcome(t, "sale-1")
	s := w.seal(t, 1, 1, 0)
	hub.put(w.node, s)
	c := run(t, dir, hub, fleet, Options{}, 3)
	defer c.db.Close()
	hub.marks = make(map[logKey]uint64) // neither answer nor mark arrived
	hub.put(w.node, s)
	c.live(t, hub, 3)
	if hub.unanswered() != 0 || hub.mark(w) != 1 {
		t.Errorf("%d unanswered, mark at %d", hub.unanswered(), hub.mark(w))
	}
	if s := c.Stats(); s.Repeated != 1 || s.Rows != 1 {
		t.Errorf("stats are %+v", s)
	}
	c.judge(t, everything, w)
}

func TestMarksArePublishedAfterRestart(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	w.outcome(t, "sale-1")
	hub.put(w.node, w.seal(t, 1, 1, 0))
	run(t, dir, hub, fleet, Options{}, 3).db.Close()
	hub.marks = make(map[logKey]uint64) // we died between answer and mark
	run(t, dir, hub, fleet, Options{}, 3).db.Close()
	if hub.mark(w) != 1 {
		t.Errorf("mark at %d, want 1", hub.mark(w))
	}
}

func TestGapIsFoundKeptAndFilled(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	fill(t, rand.New(rand.NewPCG(1, 1)), w, 30)
	hub.put(w.node, w.seal(t, 1, 10, 0))
	hub.put(w.node, w.seal(t, 21, 30, 0))
	c := start(t, dir, hub, fleet, nil, Options{})
	defer c.db.Close()
	c.live(t, hub, 30)
	gaps := c.Stats().Gaps
	if len(gaps) != 1 || gaps[0].First != 11 || gaps[0].Last != 20 || gaps[0].Agent != "kiosk-1" {
		t.Errorf("gaps are %+v, want 11 to 20 of kiosk-1", gaps)
	}
	if hub.mark(w) != 10 || hub.unanswered() != 1 {
		t.Errorf("mark at %d and %d unanswered, want 10 and 1", hub.mark(w), hub.unanswered())
	}
	hub.put(w.node, w.seal(t, 11, 20, 0))
	c.live(t, hub, 30)
	if hub.mark(w) != 30 || hub.unanswered() != 0 || len(c.Stats().Gaps) != 0 {
		t.Errorf("mark at %d, %d unanswered, gaps %v", hub.mark(w), hub.unanswered(), c.Stats().Gaps)
	}
	c.judge(t, everything, w)
}

// TestWaitingIsBounded puts far more behind a gap than may wait; nothing is
// answered, memory stays bounded, and it all comes in once the gap is filled.
func TestWaitingIsBounded(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	fill(t, rand.New(rand.NewPCG(1, 1)), w, 400)
	for first := uint64(11); first < 400; first += 10 {
		hub.put(w.node, w.seal(t, first, first+9, 0))
	}
	size := int64(0)
	for _, r := range w.records[10:] {
		size += int64(len(r))
	}
	o := Options{MaxWaiting: size / 10, CommitBytes: 1}
	c := run(t, dir, hub, fleet, o, 30)
	if c.waiting > o.MaxWaiting+size/20 {
		t.Errorf("%d bytes wait, want at most about %d", c.waiting, o.MaxWaiting)
	}
	if n := hub.unanswered(); n != 39 {
		t.Errorf("%d unanswered, want all 39", n)
	}
	c.db.Close()
	hub.put(w.node, w.seal(t, 1, 10, 0))
	c = run(t, dir, hub, fleet, o, 3600)
	defer c.db.Close()
	c.judge(t, everything, w)
	if c.waiting != 0 {
		t.Errorf("%d bytes are said to wait although nothing does", c.waiting)
	}
}

func TestHighestUncommittedRevisionWins(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	revised := func(revision uint32, first, last uint64) []byte {
		var records [][]byte
		for seq := first; seq <= last; seq++ {
			records = append(records, payload(revision, seq))
		}
		return w.sealAs(t, "kiosk-1", first, revision, records)
	}
	for seq := uint64(1); seq <= 30; seq++ {
		w.records = append(w.records, payload(map[bool]uint32{true: 2, false: 0}[seq > 10 && seq <= 20], seq))
	}
	hub.put(w.node, revised(0, 1, 10))
	hub.put(w.node, revised(2, 11, 20))
	hub.put(w.node, revised(0, 11, 20))
	hub.put(w.node, revised(1, 11, 20))
	run(t, dir, hub, fleet, Options{}, 3).db.Close()
	hub.put(w.node, revised(3, 11, 20)) // too late: committed is committed
	hub.put(w.node, revised(0, 15, 30))
	c := run(t, dir, hub, fleet, Options{}, 3)
	defer c.db.Close()
	c.judge(t, everything, w)
	if hub.unanswered() != 0 {
		t.Errorf("%d unanswered", hub.unanswered())
	}
}

// TestErasedRecordsAreNoGap: a node that erased somebody sends what it had not sent
// as a revision with tombstones; they take their sequences, and say of whom nothing.
func TestErasedRecordsAreNoGap(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	for n := range 10 {
		w.outcome(t, fmt.Sprint("MARKER-", n))
	}
	before := w.seal(t, 1, 10, 0)
	w.records = nil
	for n := range 10 {
		if n%2 == 0 {
			w.write(t, &wire.Record{AtMs: 5, Body: &wire.Record_Erased{Erased: &wire.Erased{Kind: 4, Slot: "hero"}}})
		} else {
			w.outcome(t, fmt.Sprint("other-", n))
		}
	}
	w.write(t, &wire.Record{AtMs: 6, Body: &wire.Record_Erasure{Erasure: &wire.Erasure{Receipt: make([]byte, 16), Tombstone: make([]byte, 16)}}})
	hub.put(w.node, before)
	hub.put(w.node, w.seal(t, 1, 11, 1))
	c := run(t, dir, hub, fleet, Options{}, 3)
	defer c.db.Close()
	c.judge(t, everything, w)
	kinds := map[ledger.Kind]int{}
	for _, r := range c.rows(t)[logKey{"kiosk-1", w.epoch}] {
		kinds[r.Kind]++
		if bytes.Contains(r.Record, []byte("MARKER")) || r.Kind == ledger.Nothing && string(r.Slot) != "hero" {
			t.Errorf("row %d: %+v", r.Seq, r)
		}
	}
	if kinds[ledger.Nothing] != 5 || kinds[ledger.Outcome] != 5 || kinds[ledger.Erasure] != 1 || len(c.Stats().Gaps) != 0 {
		t.Errorf("%v, gaps %v", kinds, c.Stats().Gaps)
	}
}

// TestDrainTakesTheHighestRevisionOfEachSequence compares with a sequence by
// sequence account over random heaps of overlapping segments.
func TestDrainTakesTheHighestRevisionOfEachSequence(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	w, fleet := newWriter(t, "kiosk-1", 1), company{}
	fleet.hire(w)
	for range 300 {
		l := &nodeLog{key: logKey{"kiosk-1", w.epoch}, node: w.node, committed: rng.Uint64N(5)}
		best := make(map[uint64]uint32) // revision + 1 by sequence
		for range 1 + rng.IntN(12) {
			first, revision := 1+rng.Uint64N(30), rng.Uint32N(3)
			var records [][]byte
			for range 1 + rng.IntN(10) {
				seq := first + uint64(len(records))
				records = append(records, payload(revision, seq))
				best[seq] = max(best[seq], revision+1)
			}
			s, why := (&Ingest{fleet: fleet}).open(Delivery{Node: w.node, Data: w.sealAs(t, "kiosk-1", first, revision, records)})
			if s == nil {
				t.Fatal(why)
			}
			l.add(arrival{Segment: s})
		}
		rows, done := l.drain(nil)
		seq := l.committed
		for _, r := range rows {
			seq++
			if string(r.Record) != string(payload(best[seq]-1, seq)) {
				t.Fatalf("sequence %d is not of revision %d", seq, best[seq]-1)
			}
		}
		if done != seq || best[done+1] != 0 {
			t.Fatalf("stopped after %d (said %d) although %d is there", seq, done, done+1)
		}
	}
}

// TestPoisonIsBuriedAndTheLogGoesOn sends every kind of bad segment among good
// ones. Each is answered once, kept once, and reported.
func TestPoisonIsBuriedAndTheLogGoesOn(t *testing.T) {
	dir := t.TempDir()
	hub, fleet := newHub(nil), company{}
	w, fired := newWriter(t, "kiosk-1", 1), newWriter(t, "till-1", 1)
	forger := newWriter(t, "kiosk-2", 1)
	fleet.hire(w)
	fleet.hire(forger)
	fill(t, rand.New(rand.NewPCG(1, 1)), w, 30)
	fill(t, rand.New(rand.NewPCG(1, 2)), fired, 5)
	good := w.seal(t, 1, 10, 0)
	flipped := append([]byte{}, good...)
	flipped[len(flipped)/2] ^= 1
	newer := append([]byte{}, good...)
	newer[0] = 7
	poison := map[reason][]byte{
		signature:  flipped,
		version:    newer,
		malformed:  good[:20],
		otherAgent: forger.sealAs(t, "kiosk-1", 1, 0, w.records[:3]),
		stranger:   fired.seal(t, 1, 5, 0),
	}
	node := map[reason]*writer{otherAgent: forger, stranger: fired}
	for range 3 { // repeated, as senders do that get no mark
		for _, why := range sorted(poison) {
			from := w
			if node[why] != nil {
				from = node[why]
			}
			hub.put(from.node, poison[why])
		}
		hub.put(w.node, good)
	}
	hub.put(w.node, w.seal(t, 11, 30, 0))
	c := run(t, dir, hub, fleet, Options{}, 15) // some were there twice at once: the hub repeats those
	defer c.db.Close()
	c.judge(t, everything, w)
	if n := hub.unanswered(); n != 0 {
		t.Errorf("%d segments would come again for ever", n)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "dead", "*.segment"))
	if len(files) != len(poison) || c.Stats().Dead != int64(3*len(poison)) {
		t.Errorf("%d files and %d reported, want %d and %d", len(files), c.Stats().Dead, len(poison), 3*len(poison))
	}
	err := c.db.View(t.Context(), func(tx *store.Tx) error {
		for _, why := range sorted(poison) {
			var times int
			if err := tx.One(`SELECT times FROM ingest_dead WHERE reason = ?`, string(why)).Scan(&times); err != nil || times != 3 {
				t.Errorf("%s: buried %d times (%v), want 3", why, times, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeadFolderIsBounded(t *testing.T) {
	dir := t.TempDir()
	hub, w := newHub(nil), newWriter(t, "kiosk-1", 1)
	for i := range 50 {
		hub.put(w.node, append(make([]byte, 1000), byte(i)))
	}
	c := run(t, dir, hub, company{}, Options{MaxDead: 10_000}, 5)
	defer c.db.Close()
	size := int64(0)
	files, _ := filepath.Glob(filepath.Join(dir, "dead", "*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	var rows, times int
	if err := c.db.View(t.Context(), func(tx *store.Tx) error {
		return tx.One(`SELECT count(*), sum(times) FROM ingest_dead`).Scan(&rows, &times)
	}); err != nil {
		t.Fatal(err)
	}
	if size > 10_000 || rows > 11 || times != 50 || hub.unanswered() != 0 {
		t.Errorf("%d bytes in %d rows for %d dead, %d unanswered", size, rows, times, hub.unanswered())
	}
}

// TestUnreadableRecordIsKeptAndPassed: it is signed, so it is the agent's word,
// and the log must not stop at it.
func TestUnreadableRecordIsKeptAndPassed(t *testing.T) {
	dir := t.TempDir()
	hub, fleet, w := newHub(nil), company{}, newWriter(t, "kiosk-1", 1)
	fleet.hire(w)
	w.outcome(t, "sale-1")
	bad := [][]byte{{9, 1, 2}, {0, 0xff}, {0, 0x12}, {0, 0xfa, 0x01, 0x00}, // version, truncated twice, an unknown body
		{0, 0x22, 3, 0x12, 1, 0xff},         // an event id that is no UTF-8
		{0, 0x22, 3, 0x1a, 1, 1},            // a decision id of one byte
		{0, 0x62, 0, 0x62, 0}, {0, 0x10, 1}} // two bodies; a body that is a number
	w.records = append(w.records, bad...)
	w.outcome(t, "sale-2")
	hub.put(w.node, w.seal(t, 1, uint64(len(w.records)), 0))
	c := run(t, dir, hub, fleet, Options{}, 3)
	defer c.db.Close()
	c.judge(t, everything, w)
	rows := c.rows(t)[logKey{"kiosk-1", w.epoch}]
	for i, r := range rows[1 : len(rows)-1] {
		if r.Kind != ledger.Unreadable || len(r.EventID)+len(r.Decision) != 0 || r.AtMs != rows[0].AtMs {
			t.Errorf("record %d became %q at %d", i, r.Kind, r.AtMs)
		}
	}
	if s := c.Stats(); s.Unreadable != int64(len(bad)) {
		t.Errorf("%d unreadable, want %d", s.Unreadable, len(bad))
	}
}

// TestOutcomeIdCountsOnceInItsSite: the same id from the same agent, from it
// reinstalled, from another agent of the site; and in another site, where it is
// another outcome.
func TestOutcomeIdCountsOnceInItsSite(t *testing.T) {
	dir := t.TempDir()
	hub, fleet := newHub(nil), company{}
	kiosk, again, sister := newWriter(t, "kiosk-1", 1), newWriter(t, "kiosk-1", 2), newWriter(t, "kiosk-2", 3)
	till := newWriter(t, "till-1", 4)
	writers := []*writer{kiosk, again, sister, till}
	for _, w := range writers {
		fleet.hire(w)
		w.outcome(t, "sale-1")
		w.outcome(t, "sale-1")
		w.outcome(t, "sale-"+w.node.Agent())
		w.outcome(t, "") // has no id: always counts
		hub.put(w.node, w.seal(t, 1, 4, 0))
		c := run(t, dir, hub, fleet, Options{}, 3) // a restart between each
		c.db.Close()
		if s := c.Stats(); s.Duplicates+s.Unmatched != 4 || s.Duplicates == 0 { // none names a decision
			t.Errorf("%s: %+v", w.node.Agent(), s)
		}
	}
	c := start(t, dir, hub, fleet, nil, Options{})
	defer c.db.Close()
	counted := make(map[string]int)
	for _, rows := range c.rows(t) {
		for _, r := range rows {
			if !r.Duplicate {
				rec, _ := wire.Decode(r.Record)
				counted[r.Site+" "+rec.GetOutcome().GetId()]++
			}
		}
	}
	want := map[string]int{"site-k sale-1": 1, "site-t sale-1": 1, "site-k sale-kiosk-1": 1, "site-k sale-kiosk-2": 1, "site-t sale-till-1": 1, "site-k ": 3, "site-t ": 1}
	if fmt.Sprint(counted) != fmt.Sprint(want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

func TestOutcomeIdIsForgottenAfterTheWindow(t *testing.T) {
	dir := t.TempDir()
	hub, fleet := newHub(nil), company{}
	duplicate := func(after time.Duration, epoch byte) bool {
		hub.now = hub.now.Add(after)
		w := newWriter(t, "kiosk-1", epoch)
		fleet.hire(w)
		w.outcome(t, "sale-1")
		hub.put(w.node, w.seal(t, 1, 1, 0))
		c := run(t, dir, hub, fleet, Options{}, 3)
		defer c.db.Close()
		return c.Stats().Duplicates == 1
	}
	if duplicate(0, 1) {
		t.Error("the first is a duplicate")
	}
	if !duplicate(71*time.Hour, 2) {
		t.Error("the same within three days counts again")
	}
	if duplicate(10*24*time.Hour, 3) {
		t.Error("ids are kept for ever")
	}
}

// TestColumnsAreThoseOfTheRecord compares with the full decoder.
func TestColumnsAreThoseOfTheRecord(t *testing.T) {
	id, person := []byte("0123456789abcdef"), []byte("fedcba9876543210")
	for _, r := range []struct {
		record    *wire.Record
		want      ledger.Row
		isOutcome bool
	}{
		{&wire.Record{Body: &wire.Record_Decision{Decision: &wire.Decision{Id: id, EventId: "e", Slot: "s", Pseudonym: person, Items: []string{"a"}}}},
			ledger.Row{Kind: ledger.Decision, EventID: []byte("e"), Slot: []byte("s"), Decision: id, Pseudonym: person}, false},
		{&wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{Decision: id, EventId: "e"}}},
			ledger.Row{Kind: ledger.Activation, EventID: []byte("e"), Decision: id}, false},
		{&wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o", EventId: "e", Decision: id, Slot: "s", Item: "i", Pseudonym: person}}},
			ledger.Row{Kind: ledger.Outcome, EventID: []byte("e"), Slot: []byte("s"), Item: []byte("i"), Decision: id, Pseudonym: person}, true},
		{&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: person}}}, ledger.Row{Kind: ledger.Consent, Pseudonym: person}, false},
		{&wire.Record{Body: &wire.Record_StockCount{StockCount: &wire.StockCount{Item: "i"}}}, ledger.Row{Kind: ledger.StockCount, Item: []byte("i")}, false},
		{&wire.Record{Body: &wire.Record_StockMove{StockMove: &wire.StockMove{Id: "m", Item: "i"}}}, ledger.Row{Kind: ledger.StockMove, Item: []byte("i")}, false},
		{&wire.Record{Body: &wire.Record_Item{Item: &wire.Item{Id: "i", Title: "t"}}}, ledger.Row{Kind: ledger.Item, Item: []byte("i")}, false},
		{&wire.Record{Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: person}}}, ledger.Row{Kind: ledger.Profile, Pseudonym: person}, false},
		{&wire.Record{Body: &wire.Record_HoldEnd{HoldEnd: &wire.HoldEnd{Hold: id}}}, ledger.Row{Kind: ledger.HoldEnd}, false},
		{&wire.Record{Body: &wire.Record_Drop{Drop: &wire.Drop{Class: "c"}}}, ledger.Row{Kind: ledger.Drop}, false},
		{&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, ledger.Row{Kind: ledger.Tick}, false},
		{&wire.Record{Body: &wire.Record_ActionUpdate{ActionUpdate: &wire.ActionUpdate{Decision: id, Position: 1, Item: "i"}}},
			ledger.Row{Kind: ledger.ActionUpdate, Decision: id, Item: []byte("i")}, false},
		{&wire.Record{}, ledger.Row{Kind: ledger.Nothing}, false},
	} {
		r.record.AtMs = 77
		b, err := wire.AppendMessage(nil, r.record)
		if err != nil {
			t.Fatal(err)
		}
		got := ledger.Row{Record: b, Site: "s"}
		place(&got)
		if (got.OutcomeKey != 0) != r.isOutcome {
			t.Errorf("%s: outcome key %d", r.want.Kind, got.OutcomeKey)
		}
		r.want.Record, r.want.Site, r.want.AtMs, r.want.OutcomeKey = b, "s", 77, got.OutcomeKey
		if fmt.Sprint(got) != fmt.Sprint(r.want) {
			t.Errorf("%s: got %v, want %v", r.want.Kind, got, r.want)
		}
	}
}

// FuzzPlace: whatever an agent signs, place keeps its bytes and does not panic.
func FuzzPlace(f *testing.F) {
	b, _ := wire.Append(nil, &wire.Record{AtMs: 5, Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o", Item: "i", Decision: make([]byte, 16)}}})
	f.Add(b)
	f.Add([]byte{0, 0x62, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := ledger.Row{Agent: "a", AtMs: 3, Record: b}
		place(&r)
		if string(r.Record) != string(b) || r.Agent != "a" || r.Kind == "" {
			t.Errorf("row became %v", r)
		}
		if n := len(r.Decision); n != 0 && n != 16 {
			t.Errorf("decision id of %d bytes", n)
		}
		if _, err := wire.Decode(b); err == nil && r.Kind == ledger.Nothing {
			t.Error("a record with a body became nothing")
		}
	})
}
