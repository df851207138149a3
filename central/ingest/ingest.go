// Package ingest takes the agents' segments into the ledger: each record once,
// in the order of its log, and nothing acknowledged that is not committed.
//
// # The commit point
//
// Segments are verified, opened and kept in memory until a batch is due. Then
// the records that continue each log without a gap become one ledger file,
// committed in one transaction with the marks that it reaches. Only after that
// are the segments answered and the marks published. A crash before the
// transaction leaves nothing; the hub hands the segments out again. A crash
// after it leaves marks that cover them; when they come again they are answered
// from the marks. Agents keep their segments until the mark covers them, so
// what the hub loses they send again.
//
// # Once
//
// By sequence: of each (agent, epoch) exactly the sequences after the mark are
// taken. A segment that overlaps is cut, one behind a gap waits, and of several
// that hold the same sequences the highest revision wins as long as none of
// them is committed. By outcome: a caller's outcome id counts once in a site
// within the window, whichever agents and epochs it comes through; later rows
// with it are flagged Duplicate and kept, so that every sequence of a log has
// exactly one row.
//
// # What can't be taken in
//
// A segment that is no segment, or not signed by a key of its agent, is counted
// in ingest_dead, copied to the dead folder, reported as an error, and answered:
// it never comes in circles. A record that can't be read, in a segment that is
// rightly signed, becomes an Unreadable row: the log goes on and nothing is lost.
package ingest

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Schema is ingest's tables, for store.Open.
var Schema = store.Schema{Name: "ingest", Steps: []string{`
CREATE TABLE ingest_mark (
  agent TEXT NOT NULL,
  epoch BLOB NOT NULL,
  site TEXT NOT NULL,
  committed INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, epoch)
) WITHOUT ROWID;
CREATE TABLE ingest_dead (
  name TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  site TEXT NOT NULL,
  reason TEXT NOT NULL,
  kept INTEGER NOT NULL,
  times INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL
);`}}

// Delivery is a segment as the hub hands it out.
type Delivery struct {
	Node  subject.Node // who sent it: the hub vouches for that
	Data  []byte
	Done  func(context.Context) error // tells the hub that it is dealt with
	Again func(time.Duration) error   // asks for it once more after a wait
}

// Hub is where segments come from and marks go to. What was neither Done nor
// asked for Again comes again by itself.
type Hub interface {
	// Fetch waits for segments and returns those that are there. It fails only
	// when ctx ends.
	Fetch(ctx context.Context) ([]Delivery, error)
	Mark(ctx context.Context, node subject.Node, m *wire.Mark) error
}

// Ledger is what ingest needs of *ledger.Ledger.
type Ledger interface {
	Append(ctx context.Context, rows []ledger.Row, with func(*store.Tx) error) (ledger.File, error)
	Files(ctx context.Context, after int64) ([]ledger.File, error)
	OutcomeKeys(ctx context.Context, f ledger.File, fn func(key uint64)) error
}

// Fleet is what ingest needs of *fleet.Fleet.
type Fleet interface {
	Keys(agent string) []ed25519.PublicKey
	Heard(agent string)
}

// Options tune ingest; the zero value is good.
type Options struct {
	// CommitEvery is how long a segment waits for company before it is committed,
	// and so the least time between two ledger files. Default 1 s; it must be well
	// under the time after which the hub hands a segment out again.
	CommitEvery time.Duration
	// CommitBytes is how many bytes of unpacked records are committed at once
	// without waiting. Default 64 MiB.
	CommitBytes int64
	// MaxWaiting is how many bytes of unpacked records may wait behind gaps.
	// Beyond it the hub is asked to bring the farthest again. Default 64 MiB.
	MaxWaiting int64
	// MaxDead is how many bytes of dead segments are kept. Default 256 MiB.
	MaxDead int64
	// Window is for how long an outcome id is remembered. Default 72 h.
	Window time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log gets an error for each dead segment and each failed commit, a warning
	// for each gap. Default slog.Default().
	Log *slog.Logger
}

// Stats count since New.
type Stats struct {
	Segments   int64 // committed
	Repeated   int64 // segments that were in the ledger already
	Rows       int64 // committed
	Duplicates int64 // rows whose outcome counted already
	Unmatched  int64 // outcomes whose agent knew no decision for them
	Unreadable int64 // records nobody here can read
	Dead       int64 // segments buried
	Gaps       []Gap // now
}

// Gap is a hole in a log: later segments are there and wait for it.
type Gap struct {
	Agent       string
	Epoch       string // hex
	First, Last uint64 // the missing sequences
	SinceMs     int64  // Unix ms
}

// Mark is how far a log is in the ledger.
type Mark struct {
	Agent      string
	Epoch      string // hex
	Committed  uint64 // its last sequence there
	AtMs       int64  // Unix ms, node time of that record
	ReceivedMs int64  // Unix ms, central's clock
}

// Marks gives the present log of each agent, by name.
func (i *Ingest) Marks(ctx context.Context) (marks []Mark, err error) {
	err = i.db.View(ctx, func(tx *store.Tx) error {
		for row, err := range tx.Query(`SELECT agent, lower(hex(epoch)), committed, at_ms, max(updated_ms) FROM ingest_mark GROUP BY agent ORDER BY agent`) {
			if err != nil {
				return err
			}
			var m Mark
			if err := row.Scan(&m.Agent, &m.Epoch, &m.Committed, &m.AtMs, &m.ReceivedMs); err != nil {
				return err
			}
			marks = append(marks, m)
		}
		return nil
	})
	return marks, err
}

// Ingest is the taker-in. Make it with New, then call Run.
type Ingest struct {
	// immutable after New
	hub         Hub
	ledger      Ledger
	db          *store.DB
	fleet       Fleet
	dead        string
	commitEvery time.Duration
	commitBytes int64
	maxWaiting  int64
	maxDead     int64
	now         func() time.Time
	log         *slog.Logger

	// owned by Run
	logs    map[logKey]*nodeLog
	seen    seen
	rows    []ledger.Row        // of the last commit, for their memory
	owed    map[logKey]*nodeLog // logs whose mark is to be published
	fresh   int64               // bytes that came since the last drain
	waiting int64               // bytes of all that waits

	mu    sync.Mutex // guards stats, which others read
	stats Stats
}

// New makes an ingest over a store that has Schema. Dead segments go to the
// folder dead.
func New(hub Hub, l Ledger, db *store.DB, fleet Fleet, dead string, o Options) *Ingest {
	i := &Ingest{
		hub: hub, ledger: l, db: db, fleet: fleet, dead: dead,
		commitEvery: cmp.Or(o.CommitEvery, time.Second),
		commitBytes: cmp.Or(o.CommitBytes, 64<<20),
		maxWaiting:  cmp.Or(o.MaxWaiting, 64<<20),
		maxDead:     cmp.Or(o.MaxDead, 256<<20),
		now:         o.Now,
		log:         o.Log,
	}
	if i.now == nil {
		i.now = time.Now
	}
	if i.log == nil {
		i.log = slog.Default()
	}
	days := int64(cmp.Or(o.Window, 72*time.Hour)+24*time.Hour-1) / int64(24*time.Hour)
	i.seen.keep = days + 1 // whole days, so the window holds at any hour
	return i
}

func (i *Ingest) nowMs() int64 { return i.now().UnixMilli() }

// Stats tells what happened so far.
func (i *Ingest) Stats() Stats {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.stats
}

func (i *Ingest) count(change func(*Stats)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.stats)
}
