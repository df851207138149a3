package training

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	click    = wire.OutcomeType_OUTCOME_CLICK
	purchase = wire.OutcomeType_OUTCOME_PURCHASE
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// TestDecisionWaitsForAllAgentsOfItsSite: the kiosk decides, the till sells. Until
// the till's log has passed the wait too, nothing may be concluded.
func TestDecisionWaitsForAllAgentsOfItsSite(t *testing.T) {
	b := newBooks(t)
	cfg := config()
	cfg.Scope = scope(map[string][]string{"site-a": {"a-kiosk", "a-till"}, "site-b": {"b-kiosk"}})
	b.write("a-kiosk", 1000, decide(1, "hero", "learned", "milk"))
	b.tick("a-kiosk", 1000+waitMs+5000)
	b.write("b-kiosk", 1000, decide(2, "hero", "learned", "milk"))
	b.tick("b-kiosk", 1000+waitMs) // just not past it
	b.commit()
	tr := b.trainer(cfg)
	finished := func(want int64, why string) {
		t.Helper()
		b.study(tr)
		if n, _ := earned(tr, 0); n != want {
			t.Fatalf("%d decisions finished, want %d: %s", n, want, why)
		}
	}
	finished(0, "the till has not been heard of, and site b is at the very end of the wait")
	b.write("a-till", 1000+waitMs, told(1, purchase, "milk", 1)) // in the last millisecond
	b.tick("b-kiosk", 1000+waitMs+1)
	b.commit()
	finished(1, "only site b is past its wait")
	b.tick("a-till", 1000+waitMs+1)
	b.commit()
	finished(2, "all are past it")
	if _, sum := earned(tr, 0); !near(sum, 1) {
		t.Errorf("rewards sum to %v, want 1: the sale was told to the till", sum)
	}
}

// TestAgentOutOfScopeHoldsNobodyUp, be it by the fleet's word or because its
// records come in long after their time.
func TestAgentOutOfScopeHoldsNobodyUp(t *testing.T) {
	b := newBooks(t)
	cfg := config()
	cfg.Lag = time.Hour
	agents := map[string][]string{"site-a": {"a-kiosk", "a-till"}}
	cfg.Scope = scope(agents)
	b.received = 10 * time.Hour.Milliseconds()
	b.write("a-kiosk", b.received, decide(1, "hero", "learned", "milk"))
	b.tick("a-kiosk", b.received+waitMs+1)
	b.commit()
	tr := b.trainer(cfg)
	if n, _ := earned(tr, 0); n != 0 {
		t.Fatal("finished without the till")
	}
	b.tick("a-till", 1000) // ten hours late: it is catching up, or its clock is wrong
	b.commit()
	b.study(tr)
	if n, _ := earned(tr, 0); n != 1 {
		t.Fatal("one slow agent stops its site")
	}
	b.tick("a-till", b.received) // it caught up: from now on it counts again
	b.write("a-kiosk", b.received+2*waitMs, decide(2, "hero", "learned", "milk"))
	b.tick("a-kiosk", b.received+4*waitMs)
	b.commit()
	b.study(tr)
	if n, _ := earned(tr, 0); n != 1 {
		t.Fatal("the till was not waited for")
	}
	agents["site-a"] = []string{"a-kiosk"} // the fleet gave it up
	b.tick("a-kiosk", b.received+5*waitMs)
	b.commit()
	b.study(tr)
	if n, _ := earned(tr, 0); n != 2 {
		t.Fatal("an agent that the fleet gave up stops its site")
	}
}

// TestReturningAgentKeepsItsOwnOutcomes: after a week away its decisions and
// sales arrive file by file, while its site is long past their time.
func TestReturningAgentKeepsItsOwnOutcomes(t *testing.T) {
	b := newBooks(t)
	cfg := config()
	cfg.Scope = scope(map[string][]string{"site-a": {"a-kiosk"}}) // the till was given up
	b.tick("a-kiosk", 50*waitMs)
	b.commit()
	tr := b.trainer(cfg)
	b.write("a-till", 1000, decide(1, "hero", "learned", "milk"))
	b.commit()
	b.study(tr)
	b.write("a-till", 2000, told(1, purchase, "milk", 1))
	b.commit()
	b.study(tr)
	if n, _ := earned(tr, 0); n != 0 {
		t.Fatal("finished before its own log was past the wait")
	}
	b.tick("a-till", 1001+waitMs)
	b.commit()
	b.study(tr)
	if n, sum := earned(tr, 0); n != 1 || !near(sum, 1) {
		t.Errorf("%d finished with %v, want 1 with 1", n, sum)
	}
}

// TestReinstalledAgentMovesOn: its old log ends for ever, the new one passes.
func TestReinstalledAgentMovesOn(t *testing.T) {
	b := newBooks(t)
	b.write("a-kiosk", 1000, decide(1, "hero", "learned", "milk"))
	b.commit()
	b.tick("a-kiosk", 2000)
	b.rows[0].Epoch, b.rows[0].Seq = [16]byte{2}, 1
	b.commit()
	tr := b.trainer(config())
	if n, _ := earned(tr, 0); n != 0 {
		t.Fatal("finished too early")
	}
	b.tick("a-kiosk", 1001+waitMs)
	b.rows[0].Epoch, b.rows[0].Seq = [16]byte{2}, 2
	b.commit()
	b.study(tr)
	if n, _ := earned(tr, 0); n != 1 {
		t.Error("a decision of the old log waits for ever")
	}
}

func TestClockYearsAheadDoesNotWaitForYears(t *testing.T) {
	const twoYears = 2 * 365 * 24 * 3600 * 1000
	b := newBooks(t)
	cfg := config()
	cfg.Scope = scope(map[string][]string{"site-a": {"a-kiosk", "a-till"}})
	b.write("a-kiosk", b.received+twoYears, decide(1, "hero", "learned", "milk"))
	b.write("a-kiosk", b.received+twoYears+10, told(1, purchase, "milk", 1))
	b.tick("a-kiosk", b.received+twoYears+waitMs+1)
	b.tick("a-till", b.received)
	b.commit()
	tr := b.trainer(cfg)
	if n, _ := earned(tr, 0); n != 0 {
		t.Fatal("the till could still tell of it")
	}
	b.tick("a-till", b.received+waitMs+1000)
	b.commit()
	b.study(tr)
	if n, sum := earned(tr, 0); n != 1 || !near(sum, 1) {
		t.Errorf("%d finished with %v, want 1 with 1", n, sum)
	}
}

func TestOutcomesAroundTheirDecision(t *testing.T) {
	b := newBooks(t)
	// Told before its decision came: by decision, and by event where the node
	// did not know it.
	b.write("a-till", 1500, told(1, click, "milk", 1))
	b.write("a-till", 1600, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{EventId: "event-1", Item: "bread", Type: purchase}}})
	b.write("b-till", 1600, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{EventId: "event-1", Item: "bread", Type: purchase}}}) // another site's event
	b.commit()
	tr := b.trainer(config())
	if s := tr.Snapshot().Stats; s.Orphans != 3 {
		t.Fatalf("%d orphans, want 3", s.Orphans)
	}
	b.write("a-kiosk", 1000, decide(1, "hero", "learned", "milk", "bread"))
	b.write("a-kiosk", 1700, told(1, purchase, "butter", 1))        // was not shown
	b.write("a-kiosk", 1000+waitMs+1, told(1, purchase, "milk", 1)) // late
	dup := told(1, purchase, "milk", 1)
	b.write("a-kiosk", 1800+waitMs, dup)
	b.rows[len(b.rows)-1].Duplicate = true
	b.tick("a-till", 2000+waitMs)
	b.commit()
	b.study(tr)
	b.write("a-kiosk", 5000+waitMs, told(1, purchase, "milk", 1)) // after the end
	b.commit()
	b.study(tr)
	n, sum := earned(tr, 0)
	s := tr.Snapshot().Stats
	if n != 1 || !near(sum, 1.1) {
		t.Errorf("%d finished with %v, want 1 with 1.1", n, sum)
	}
	if s.Joined != 2 || s.Late != 1 || s.NotShown != 1 || s.Orphans != 2 {
		t.Errorf("stats are %+v", s)
	}
	b.received += 25 * time.Hour.Milliseconds()
	b.tick("a-kiosk", 9_000_000)
	b.commit()
	b.study(tr)
	if s := tr.Snapshot().Stats; s.Orphans != 0 || s.Expired != 2 {
		t.Errorf("after a day %d orphans and %d expired, want 0 and 2", s.Orphans, s.Expired)
	}
}

func TestOrphansAreBounded(t *testing.T) {
	b := newBooks(t)
	for i := range 50 {
		b.write("a-till", int64(i), told(i, click, "milk", 1))
	}
	b.commit()
	cfg := config()
	cfg.MaxOrphans = 10
	tr := b.trainer(cfg)
	if s := tr.Snapshot().Stats; s.Orphans != 10 || s.Expired != 40 {
		t.Fatalf("%d orphans and %d expired, want 10 and 40", s.Orphans, s.Expired)
	}
	b.write("a-kiosk", 0, decide(39, "hero", "learned", "milk"))
	b.write("a-kiosk", 0, decide(40, "hero", "learned", "milk"))
	b.tick("a-kiosk", waitMs+1000)
	b.tick("a-till", waitMs+1000)
	b.commit()
	b.study(tr)
	if n, sum := earned(tr, 0); n != 2 || !near(sum, 0.1) {
		t.Errorf("%d finished with %v: the newest orphans are kept", n, sum)
	}
}

func TestDeferredCountsOnlyOnceActivated(t *testing.T) {
	b := newBooks(t)
	for n := range 3 {
		r := decide(n, "hero", "learned", "milk")
		r.GetDecision().Deferred = n > 0
		b.write("a-kiosk", 1000, r)
		b.write("a-kiosk", 1000, told(n, purchase, "milk", 1))
	}
	b.write("a-kiosk", 1100, &wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{EventId: "event-2"}}})
	b.tick("a-kiosk", waitMs+1001)
	b.commit()
	tr := b.trainer(config())
	n, sum := earned(tr, 0)
	if s := tr.Snapshot().Stats; n != 2 || !near(sum, 2) || s.Inactive != 1 || s.Learned != 2 {
		t.Errorf("%d finished with %v, stats %+v; want 2 with 2, one inactive", n, sum, s)
	}
}

// What the staff made of a recommendation is no other treatment: an edit into another
// item, also one that was shown, counts for the item that was recommended.
func TestEditsCountForWhatWasRecommended(t *testing.T) {
	slot := slotConfig("hero")
	slot.Reward.Weights = map[string]float64{"accept": 1, "edit": 0.5, "reject": -1}
	b := newBooks(t)
	for n, said := range []wire.OutcomeType{wire.OutcomeType_OUTCOME_ACCEPT, wire.OutcomeType_OUTCOME_EDIT, wire.OutcomeType_OUTCOME_REJECT} {
		b.write("a-kiosk", 1000, decide(n, "hero", "random", "milk", "bread"))
		r := told(n, said, "milk", 1)
		r.GetOutcome().Action = &wire.ActionUpdate{Decision: id(n), State: wire.ActionState_ACTION_EDITED, By: "stock-room", Item: "bread", Quantity: 2,
			Price: &wire.Money{Amount: 990, Currency: "EUR"}}
		b.write("a-kiosk", 1001, r)
		b.write("a-kiosk", 1002, &wire.Record{Body: &wire.Record_ActionUpdate{ActionUpdate: r.GetOutcome().Action}})
	}
	b.tick("a-kiosk", waitMs+1001)
	b.commit()
	tr := b.trainer(config(slot))
	if n, sum := earned(tr, 2); n != 3 || !near(sum, 0.5) {
		t.Errorf("%d decisions earned %v, want 3 and 1 + 0.5 - 1", n, sum)
	}
	if got := tr.Snapshot().Rankings["hero"]; len(got) != 2 || got[0] != "milk" {
		t.Errorf("the ranking is %v", got)
	}
}

func TestWhatDoesNotFitIsCounted(t *testing.T) {
	b := newBooks(t)
	b.write("a-kiosk", 1000, decide(1, "elsewhere", "learned", "milk"))
	other := decide(2, "hero", "learned", "milk")
	other.GetDecision().Features.Columns = []byte("others!!")
	b.write("a-kiosk", 1000, other)
	short := decide(3, "hero", "learned", "milk")
	short.GetDecision().Features.Dense = nil
	b.write("a-kiosk", 1000, short)
	baseline := decide(4, "hero", "fixed", "milk")
	baseline.GetDecision().Features = nil
	b.write("a-kiosk", 1000, baseline)
	nothing := decide(5, "hero", "random", "") // as an agent records that it showed nothing
	nothing.GetDecision().Holdback = true
	b.write("a-kiosk", 1000, nothing)
	b.write("a-kiosk", 1000, told(5, purchase, "", 1))
	b.write("a-kiosk", 1000, decide(6, "hero", "learned", "milk"))
	b.write("a-kiosk", 1000, decide(6, "hero", "learned", "milk")) // twice
	broken := decide(7, "hero", "learned", "milk")
	b.write("a-kiosk", 1000, broken)
	b.rows[len(b.rows)-1].Record = []byte{0, 0x12, 2, 0xff, 0xff}
	b.tick("a-kiosk", waitMs+1001)
	b.commit()
	tr := b.trainer(config())
	s := tr.Snapshot().Stats
	if s.Otherwise != 5 || s.Decisions != 5 || s.Learned != 1 || s.NotShown != 1 || s.Unreadable != 1 {
		t.Errorf("stats are %+v", s)
	}
	if ranking := tr.Snapshot().Rankings["hero"]; len(ranking) > 0 {
		t.Errorf("nothing was shown, and ranks as %q", ranking)
	}
}

// TestEarlierExperimentIsNotThisOne: arms are compared within one experiment; what
// another drew under the same names earns them nothing.
func TestEarlierExperimentIsNotThisOne(t *testing.T) {
	b := newBooks(t)
	for n, experiment := range []string{"before", "loop", "before"} {
		r := decide(n, "hero", "random", "milk")
		r.GetDecision().Arms[0].Experiment = experiment
		b.write("a-kiosk", 1000, r)
		b.write("a-kiosk", 1000, told(n, purchase, "milk", 1))
	}
	b.tick("a-kiosk", waitMs+1001)
	b.commit()
	tr := b.trainer(config())
	if n, sum := earned(tr, 2); n != 1 || !near(sum, 1) || tr.Snapshot().Stats.Decisions != 3 {
		t.Errorf("%d decisions earned the arm %v, want one of three", n, sum)
	}
}

// TestRewardsWhateverTheOrder interleaves the logs of three agents at random,
// cuts them into files at random, and compares what was earned with a count over
// the whole history that knows no order, no files and no marks.
func TestRewardsWhateverTheOrder(t *testing.T) {
	for seed := range uint64(15) {
		rng := rand.New(rand.NewPCG(seed, 3))
		b := newBooks(t)
		agents := []string{"a-kiosk", "a-till", "a-page"}
		logs, want := history(rng, agents, 400)
		deal(rng, b, agents, logs)
		cfg := config()
		cfg.Scope = scope(map[string][]string{"site-a": agents})
		got := b.trainer(cfg).Snapshot().Arms["hero"][0].Rewards
		if got.N != want.N || !near(got.Mean, want.Mean) || math.Abs(got.M2-want.M2) > 1e-6 {
			t.Fatalf("seed %d: earned %+v, want %+v", seed, got, want)
		}
	}
}

// entry is one record of a log in waiting.
type entry struct {
	atMs   int64
	record *wire.Record
}

// history makes decisions and what was told about them, at any agent, and sums
// up what they earned within the wait.
func history(rng *rand.Rand, agents []string, decisions int) (logs map[string][]entry, want experiment.Moments) {
	logs = make(map[string][]entry)
	end := int64(0)
	add := func(atMs int64, r *wire.Record) {
		agent := agents[rng.IntN(len(agents))]
		logs[agent] = append(logs[agent], entry{atMs, r})
		end = max(end, atMs)
	}
	for n := range decisions {
		at := int64(n) * 2000
		add(at, decide(n, "hero", "learned", "milk", "bread"))
		total := 0.0
		for range rng.IntN(4) {
			after, value := rng.Int64N(waitMs*5/4), float64(rng.IntN(200))/100-0.5
			add(at+after, number(n, []string{"milk", "bread", ""}[rng.IntN(3)], value))
			if after <= waitMs {
				total += value
			}
		}
		want.Add(total)
	}
	for _, agent := range agents {
		slices.SortStableFunc(logs[agent], func(a, b entry) int { return int(a.atMs - b.atMs) })
		logs[agent] = append(logs[agent], entry{end + waitMs + 1, &wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}})
	}
	return logs, want
}

// deal commits logs in files, each log in its order and the logs in none.
func deal(rng *rand.Rand, b *books, agents []string, logs map[string][]entry) {
	left := 0
	for _, agent := range agents {
		left += len(logs[agent])
	}
	for left > 0 {
		agent := agents[rng.IntN(len(agents))]
		n := min(len(logs[agent]), rng.IntN(40))
		for _, e := range logs[agent][:n] {
			b.write(agent, e.atMs, e.record)
		}
		logs[agent] = logs[agent][n:]
		left -= n
		if len(b.rows) > 0 && rng.IntN(3) == 0 {
			b.commit()
		}
	}
	if len(b.rows) > 0 {
		b.commit()
	}
}

// TestRestartsChangeNothing runs the same books once through, and once with a
// trainer that is stopped at random files, sometimes right after a checkpoint
// and sometimes long after it. The two must agree bit for bit.
func TestRestartsChangeNothing(t *testing.T) {
	for seed := range uint64(15) {
		rng := rand.New(rand.NewPCG(seed, 5))
		b := newBooks(t)
		agents := []string{"a-kiosk", "a-till", "b-kiosk"}
		logs, _ := history(rng, agents[:2], 150)
		more, _ := history(rng, agents[2:], 100)
		for _, e := range more["b-kiosk"] { // ids of their own
			if d := e.record.GetDecision(); d != nil {
				d.Id[15], d.Arms[0].Arm = 1, "random"
				if rng.IntN(2) == 0 { // a second slot of the same event, with a shorter wait
					d.Slot, d.EventId = "side", fmt.Sprint("event-", rng.IntN(100))
				}
			} else if o := e.record.GetOutcome(); o != nil {
				o.Decision[15] = 1
				if rng.IntN(3) == 0 { // by event alone
					o.EventId, o.Decision = fmt.Sprint("event-", rng.IntN(100)), nil
				}
			}
		}
		logs["b-kiosk"] = more["b-kiosk"]
		deal(rng, b, agents, logs)
		side := slotConfig("side")
		side.Reward.Wait /= 3
		cfg := config(slotConfig("hero"), side)
		cfg.HalfLife = 10 * time.Second
		cfg.MaxOrphans = 40
		straight := b.trainer(cfg)

		files, err := b.ledger.Files(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var tr *Trainer
		restarts := 0
		for tr == nil || tr.file() < int64(len(files)) {
			if tr, err = Open(t.Context(), b.db, b.ledger, cfg); err != nil {
				t.Fatal(err)
			}
			restarts++
			for range 1 + rng.IntN(6) {
				if n := tr.file(); n < int64(len(files)) {
					if err := tr.take(t.Context(), files[n]); err != nil {
						t.Fatal(err)
					}
				}
				if rng.IntN(3) == 0 {
					if err := tr.checkpoint(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if restarts > 2000 {
				t.Fatal("it never ends")
			}
		}
		if got, want := tr.Snapshot(), straight.Snapshot(); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d, %d restarts: stats %+v\nwant %+v\nmodels equal: %v, arms equal: %v, rankings equal: %v", seed, restarts, got.Stats, want.Stats,
				reflect.DeepEqual(got.Models, want.Models), reflect.DeepEqual(got.Arms, want.Arms), reflect.DeepEqual(got.Rankings, want.Rankings))
		}
	}
}

// TestOtherConfigurationLearnsAnew: a checkpoint under other rewards is worth
// nothing, the ledger everything.
func TestOtherConfigurationLearnsAnew(t *testing.T) {
	b := newBooks(t)
	b.write("a-kiosk", 1000, decide(1, "hero", "learned", "milk"))
	b.write("a-kiosk", 2000, told(1, purchase, "milk", 1))
	b.tick("a-kiosk", 1001+waitMs)
	b.commit()
	tr := b.trainer(config())
	if err := tr.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(t.Context(), b.db, b.ledger, config()); err != nil || again.file() != 1 {
		t.Fatalf("the same configuration begins at file %d (%v), want after 1", again.file(), err)
	}
	dear := slotConfig("hero")
	dear.Reward.Weights = map[string]float64{"purchase": 5}
	if _, sum := earned(b.trainer(config(dear)), 0); !near(sum, 5) {
		t.Errorf("earned %v under the new weights, want 5", sum)
	}
}

// TestRunTakesInAndSaves ends Run while there is more to take in: it must end,
// and what it took in must be saved.
func TestRunTakesInAndSaves(t *testing.T) {
	b := newBooks(t)
	for n := range 3 {
		b.write("a-kiosk", int64(n), decide(n, "hero", "learned", "milk"))
		b.tick("a-kiosk", int64(n)+waitMs+1)
		b.commit()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg := config()
	looked := 0 // at the clock: once at the start, once after each file
	cfg.Now = func() time.Time {
		if looked++; looked == 3 {
			cancel()
		}
		return time.Now()
	}
	tr, err := Open(t.Context(), b.db, b.ledger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(ctx); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), b.db, b.ledger, config())
	if err != nil || again.file() != 2 || again.Snapshot().Stats.Decisions != 2 {
		t.Errorf("after Run: file %d, %d decisions, %v; want 2 and 2", again.file(), again.Snapshot().Stats.Decisions, err)
	}
}
