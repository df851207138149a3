package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrBeyond: somebody holds more of this log than the log itself, so its next
// sequences were already used.
var ErrBeyond = errors.New("outbox: the log ends before what was sent of it: it was restored from an old copy or damaged; move the log's folder away, the node then begins a new one")

// Sender stores a segment at the hub. nil means stored there; after any error
// the same call is made again later.
type Sender interface {
	Send(ctx context.Context, id string, segment []byte) error
}

// Config of an outbox. Agent and Sign are required, the rest has defaults.
type Config struct {
	Agent string         // the node's name
	Sign  segment.Signer // with the device key

	SegmentBytes int           // of a sealed segment at most; default and maximum segment.MaxBytes
	SegmentAge   time.Duration // longest a durable record waits to be sealed while sending works; default 5 s
	Window       int           // sends at the same time; default 4
	SendTimeout  time.Duration // of one send; default 10 s
	ResendAfter  time.Duration // without a mark for what was stored; doubles up to an hour; default 2 min
	MaxBackoff   time.Duration // longest pause after a failed send, the actual one is drawn from 0 to this; default 30 s
	Keep         time.Duration // of confirmed segments; default 24 h
	KeepBytes    int64         // of confirmed segments at most; default 256 MiB
}

func (c Config) withDefaults() Config {
	if c.SegmentBytes == 0 || c.SegmentBytes > segment.MaxBytes {
		c.SegmentBytes = segment.MaxBytes
	}
	c.SegmentAge = cmp.Or(c.SegmentAge, 5*time.Second)
	c.Window = cmp.Or(c.Window, 4)
	c.SendTimeout = cmp.Or(c.SendTimeout, 10*time.Second)
	c.ResendAfter = cmp.Or(c.ResendAfter, 2*time.Minute)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 30*time.Second)
	c.Keep = cmp.Or(c.Keep, 24*time.Hour)
	c.KeepBytes = cmp.Or(c.KeepBytes, 256<<20)
	return c
}

// Outbox uploads one log. Confirm, Confirmed, Rewrite and Stats may be called at any
// time, also while Run runs.
type Outbox struct {
	// Immutable after Open.
	cfg      Config
	dir      string
	log      *journal.Journal
	sender   Sender
	epoch    [16]byte
	epochs   map[[16]byte]bool // whose marks concern us
	wake     chan struct{}     // a mark has come
	rewrites chan rewriting

	// Owned by Run.
	entries  []*entry // earlier epochs first, then by sequence
	draft    draft
	flying   int    // sends under way
	resent   uint64 // see Stats
	pause    *backoff.ExponentialBackOff
	resume   time.Time     // no send before
	refused  error         // of the last send; nil: it went well
	progress time.Time     // when a mark last covered a segment
	patience time.Duration // how long to wait for the next one to do so

	// mu guards what Run shares with those who ask and confirm.
	mu    sync.Mutex
	marks map[[16]byte]uint64 // highest known, by epoch
	stats Stats
}

// Stats is how the upload stands.
type Stats struct {
	Sealed    uint64 // last sequence in a sealed segment
	Confirmed uint64 // last sequence in the ledger, as far as we know
	Waiting   int    // segments not yet stored at the hub
	Stored    int    // segments stored there and not confirmed
	Bytes     int64  // on our disk, of all
	Resent    uint64 // sends of a segment after its first, since Open
	Err       error  // why the last attempt failed; nil: it did not
}

// Open continues the upload of log from what is in dir, and creates dir if need
// be. ErrBeyond.
func Open(dir string, log *journal.Journal, sender Sender, cfg Config) (*Outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	o := &Outbox{
		cfg: cfg.withDefaults(), dir: dir, log: log, sender: sender, epoch: log.Epoch(),
		epochs: map[[16]byte]bool{log.Epoch(): true},
		wake:   make(chan struct{}, 1), rewrites: make(chan rewriting),
		marks: map[[16]byte]uint64{},
		draft: draft{packs: 0.25}, // a guess until there is one to measure
	}
	o.patience = o.cfg.ResendAfter
	o.pause = &backoff.ExponentialBackOff{
		InitialInterval: 500 * time.Millisecond, MaxInterval: o.cfg.MaxBackoff / 2,
		Multiplier: 2, RandomizationFactor: 1, // from 0 to twice the interval: full jitter
	}
	if err := o.load(); err != nil {
		return nil, fmt.Errorf("open outbox %s: %w", dir, err)
	}
	o.report(nil)
	return o, nil
}

// Confirm takes what ingest says about this agent's log. A mark of an epoch we
// hold nothing of, or lower than one before, changes nothing. ErrBeyond.
func (o *Outbox) Confirm(m *wire.Mark) error {
	if m.Agent != o.cfg.Agent || len(m.Epoch) != 16 || !o.epochs[[16]byte(m.Epoch)] {
		return nil
	}
	epoch := [16]byte(m.Epoch)
	if end := o.log.Durable(); epoch == o.epoch && m.Committed > end {
		return fmt.Errorf("mark %d, log ends at %d: %w", m.Committed, end, ErrBeyond)
	}
	o.mu.Lock()
	o.marks[epoch] = max(o.marks[epoch], m.Committed)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return nil
}

// Confirmed is the sequence up to which the ledger has the log, as far as we
// know. It never falls.
func (o *Outbox) Confirmed() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.marks[o.epoch]
}

// Stats tells how the upload stands.
func (o *Outbox) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	s.Confirmed = o.marks[o.epoch]
	return s
}
