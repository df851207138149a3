package central

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
)

// window is over how much time a rate is taken: several of the segments that an
// agent seals.
const window = 30 * time.Second

// tally is the ledger as ingest sees it, with a count of what was committed.
type tally struct {
	*ledger.Ledger

	// immutable after newTally
	now   func() time.Time
	began time.Time

	mu    sync.Mutex // guards the rest
	rows  map[ledger.Kind]int64
	marks []mark // of the last window and one before it, oldest first
}

// mark is the counts at one time.
type mark struct {
	at                  time.Time
	decisions, outcomes int64
}

func newTally(l *ledger.Ledger, now func() time.Time) *tally {
	return &tally{Ledger: l, now: now, began: now(), rows: make(map[ledger.Kind]int64)}
}

// Append counts what the ledger took.
func (t *tally) Append(ctx context.Context, rows []ledger.Row, with func(*store.Tx) error) (ledger.File, error) {
	f, err := t.Ledger.Append(ctx, rows, with)
	if err != nil {
		return f, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range rows {
		t.rows[rows[i].Kind]++
	}
	return f, nil
}

// rates tells how many decisions and outcomes came in.
func (t *tally) rates() (decisions, outcomes api.Rate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := mark{t.now(), t.rows[ledger.Decision], t.rows[ledger.Outcome]}
	for len(t.marks) > 1 && now.at.Sub(t.marks[1].at) >= window {
		t.marks = t.marks[1:]
	}
	from := mark{at: t.began}
	if len(t.marks) > 0 {
		from = t.marks[0]
	}
	if n := len(t.marks); n == 0 || now.at.Sub(t.marks[n-1].at) >= time.Second {
		t.marks = append(t.marks, now)
	}
	span := max(now.at.Sub(from.at), time.Second).Seconds()
	return api.Rate{PerSecond: float64(now.decisions-from.decisions) / span, Total: now.decisions},
		api.Rate{PerSecond: float64(now.outcomes-from.outcomes) / span, Total: now.outcomes}
}

// counts gives the committed records by kind.
func (t *tally) counts() map[ledger.Kind]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.rows)
}
