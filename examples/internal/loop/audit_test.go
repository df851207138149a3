package loop_test

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/examples/internal/loop"
	"github.com/aisle-edge/aisle/sync/wire"
)

// wait is the slot's.
const wait = 12 * time.Second

// books is what the ledger of a centre that does not run holds.
type books struct {
	outcomes  map[string]int // by id, those that count
	moves     map[string]int
	decisions map[string]int64 // node time by id
	joined    []joined
}

type joined struct {
	decision string
	at       int64
}

// audit reads a ledger row by row. Each record of a log must be there once, and
// none may be missing among them.
func audit(t *testing.T, state string, agents []*loop.Agent) *books {
	t.Helper()
	db, err := store.Open(state, nil, ledger.Schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(t.Context(), filepath.Join(state, "ledger"), db)
	if err != nil {
		t.Fatal(err)
	}
	files, err := l.Files(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	b := &books{map[string]int{}, map[string]int{}, map[string]int64{}, nil}
	type journal struct {
		agent string
		epoch [16]byte
	}
	seen := map[journal]map[uint64]bool{}
	for _, f := range files {
		err := l.Read(t.Context(), f, func(_ int64, r *ledger.Row) error {
			at := journal{r.Agent, r.Epoch}
			if seen[at] == nil {
				seen[at] = map[uint64]bool{}
			}
			if seen[at][r.Seq] {
				t.Errorf("%s: record %d is there twice", r.Agent, r.Seq)
			}
			seen[at][r.Seq] = true
			return b.enter(r)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for at, seqs := range seen {
		for seq := uint64(1); seq <= uint64(len(seqs)); seq++ {
			if !seqs[seq] {
				t.Errorf("%s: record %d is missing among %d", at.agent, seq, len(seqs))
				break
			}
		}
	}
	if len(seen) != len(agents) {
		t.Errorf("%d logs of %d agents: one was set aside", len(seen), len(agents))
	}
	return b
}

func (b *books) enter(r *ledger.Row) error {
	rec, err := wire.Decode(r.Record)
	if err != nil {
		return err
	}
	switch {
	case rec.GetOutcome() != nil:
		o := rec.GetOutcome()
		if !r.Duplicate {
			b.outcomes[o.Id]++
			if len(r.Decision) > 0 {
				b.joined = append(b.joined, joined{string(r.Decision), rec.AtMs})
			}
		}
	case rec.GetStockMove() != nil:
		b.moves[rec.GetStockMove().Id]++
	case rec.GetDecision() != nil:
		b.decisions[string(rec.GetDecision().Id)] = rec.AtMs
	}
	return nil
}

// compare holds the books against the receipts: how many that were acknowledged
// are missing, and how many count twice, those that nobody was told of, too.
func (r *receipts) compare(t *testing.T, b *books) (missing, twice int) {
	t.Helper()
	for what, c := range map[string]struct {
		given map[string]bool
		found map[string]int
	}{"outcome": {r.outcomes, b.outcomes}, "movement": {r.moves, b.moves}} {
		for id := range c.given {
			if c.found[id] == 0 {
				if missing++; missing <= 5 {
					t.Errorf("%s %s was acknowledged and is missing", what, id)
				}
			}
		}
		for id, n := range c.found {
			if n > 1 {
				if twice++; twice <= 5 {
					t.Errorf("%s %s counts %d times", what, id, n)
				}
			}
		}
	}
	for _, j := range b.joined {
		if _, ok := b.decisions[j.decision]; !ok {
			t.Errorf("an outcome belongs to decision %x, which is not there: an outcome's sync covers it", j.decision)
			break
		}
	}
	return missing, twice
}

// rewards holds what the trainer counted against the books: every sale within
// its decision's wait earned one.
func (b *books) rewards(t *testing.T, o api.Overview) {
	t.Helper()
	want, counted := 0, 0.0
	for _, j := range b.joined {
		if at, ok := b.decisions[j.decision]; ok && j.at-at <= wait.Milliseconds() {
			want++
		}
	}
	for _, a := range o.Slots[0].Arms {
		counted += float64(a.Decisions) * a.Mean
	}
	t.Logf("%d decisions and %d outcomes in the ledger, of which %d earned within the wait; the trainer counted %.3f", len(b.decisions), len(b.outcomes), want, counted)
	if math.Abs(counted-float64(want)) > 0.01 {
		t.Errorf("the trainer counted %.3f sales, the ledger holds %d", counted, want)
	}
}

// inLedger waits until everything that the agents have written by now is in the
// ledger, and every decision of it is finished.
func inLedger(t *testing.T, l *loop.Loop) {
	t.Helper()
	written := map[string]uint64{}
	for _, a := range l.Agents {
		eventually(t, a.Site+" answers", func() (bool, error) {
			s, err := a.Status(t.Context())
			if err == nil {
				written[a.Site] = s.Log.Records
			}
			return err == nil, err
		})
	}
	eventually(t, "the ledger has everything", func() (bool, error) {
		o, err := l.Centre.Overview(t.Context())
		if err != nil {
			return false, err
		}
		for _, a := range o.Agents {
			if a.Log == nil || a.Log.Committed < written[a.Name] {
				return false, nil
			}
		}
		return o.Counts.Training.Pending == 0, nil
	})
}

func mustOverview(t *testing.T, l *loop.Loop) *api.Overview {
	t.Helper()
	o, err := l.Centre.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}
