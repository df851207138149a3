// Package training learns from the ledger: it joins decisions with their
// outcomes, and from each finished pair updates the models, the mean reward of
// the items in the uniform arm, and the reward of each arm.
//
// # Joining
//
// Rows are taken in the order of the ledger, file by file. A decision waits for
// its outcomes until it can get no more: its own log is committed past its node
// time plus the slot's wait, and so is every agent of its site that is in scope,
// since a sale can be told to another agent than the one that showed the item.
// In scope are the agents that Config.Scope names, except those whose records
// come in more than Config.Lag after their node time: they are catching up, or
// their clock is wrong. Idle agents move on by their Tick records. How far a
// site has come never falls, so an agent that joins or comes back does not
// reopen what was finished.
//
// Outcomes may come before their decision; they wait for it, for Config.Keep and
// at most Config.MaxOrphans of them. An outcome counts when its node time is
// within the wait of its decision's; a later one changes nothing and is counted
// as late, or as expired if the decision was finished before it came. Rows
// flagged Duplicate, decisions that were never activated although deferred, and
// items that were not shown are left out.
//
// The reward of a position is the slot's: the sum of the weights of its
// outcomes, or that of the earliest, or the net margin times its scale; a return
// or void takes back the share of what its purchases earned by quantity; clipped
// to the range; the default when nothing came. A reward that a caller states as
// a number counts as that number, times the weight of "reward" if there is one.
//
// # Learning
//
// A model is Bayesian linear regression with a diagonal covariance over the
// columns as they were scored, so there is no skew between training and serving.
// Each shown row is an observation, with the columns that were missing when it was
// scored missing here: who grants nothing is served by a model that has learned
// from others who grant nothing. A decision by features that its record may not
// hold, for want of model_training, is none: it would teach what is chosen by taste
// as if it had been chosen without. Its reward counts for its arm. The update is assumed-density filtering,
// the regression form of AROW (Crammer, Kulesza, Dredze, "Adaptive
// regularization of weight vectors", 2009): with s = σ²/w + Σ v·x²
//
//	m += v·x·(reward - Σ m·x) / s        v -= (v·x)² / s
//
// σ² is the running mean of squared errors. The weight of an observation is that
// of the mtr reduction (Bietti, Agarwal, Langford, "A contextual bandit bake-off",
// 2021): w = 1/(p·N), p the logged conditional propensity among the N that were
// feasible, so that a uniform draw weighs one, what is shown all the time less
// and what was explored more. It is clipped to [MinWeight, MaxWeight], and
// narrowly: where the columns can express the tastes, weights only add variance
// (over 300 items and 2,000 decisions, clipping to [0.2, 5] learned half as much
// as not weighing at all); where they can't, some weight keeps the model honest
// about what is rarely shown.
//
// Tastes shift: with a half-life, precision beyond the prior's and what was
// counted per item fade with the time of receipt.
//
// # What is bought together
//
// Every purchase that names a basket counts, shown or not, whoever's it was; a void
// takes it back. The newest 50,000 baskets are remembered, by the hashes of 64 items
// each at most, and Embed makes vectors of them.
//
// # State
//
// All state is derived from the ledger and kept as one checkpoint, written in
// one transaction with its place. It names the first file whose decisions still
// wait; after a restart the files from there to the place are read again for
// those alone, and learning goes on as if there had been no restart, bit for
// bit. A checkpoint of another version or configuration is not used: everything
// is learned anew from the ledger's first file.
package training

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Schema is training's tables, for store.Open.
var Schema = store.Schema{Name: "training", Steps: []string{`
CREATE TABLE training_checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  fingerprint BLOB NOT NULL,
  file INTEGER NOT NULL,
  state BLOB NOT NULL
);`}}

// Model is one model to be learned: what its rows look like.
type Model struct {
	Shape   scoring.Shape
	Columns []byte // Features.columns of the decisions that fit; others are not learned from
}

// Config says what to learn and how. Slots and Models are required; the rest
// has good zero values.
type Config struct {
	Slots  []rulebook.Slot
	Models map[string]Model // by the name that Slot.Model gives

	// Scope lists, by site, the agents that a decision of the site waits for.
	// Default: all that have been in the ledger.
	Scope func() map[string][]string
	// HalfLife is after how much time of receipt what was learned weighs half.
	// Default 0: for ever.
	HalfLife time.Duration
	// Lag is how far behind its receipt an agent's node time may be before nobody
	// waits for it. Default 24 h.
	Lag time.Duration
	// Keep is how long an outcome waits for its decision. Default 24 h.
	Keep time.Duration
	// MaxOrphans is how many outcomes wait for their decisions. Default 100,000.
	MaxOrphans int
	// PriorVariance of a weight, in squared units of the reward's range. Default 0.02.
	PriorVariance float64
	// MinWeight and MaxWeight clip importance weights. Default 0.5 and 2.
	MinWeight, MaxWeight float64
	// CheckpointEvery is how often state is saved. Default 30 s.
	CheckpointEvery time.Duration
	// Now is the clock for CheckpointEvery alone. Default time.Now.
	Now func() time.Time
	// Log is told what can't be learned from. Default slog.Default().
	Log *slog.Logger
}

// Stats count since the ledger's first file.
type Stats struct {
	File       int64 // the last file taken in
	Pending    int   // decisions that wait for outcomes
	Orphans    int   // outcomes that wait for their decision
	Decisions  int64 // finished
	Learned    int64 // rows that changed a model
	Joined     int64 // outcomes that counted
	Late       int64 // outcomes after their decision's wait
	Expired    int64 // outcomes whose decision never came, or was finished before they did
	NotShown   int64 // outcomes of items that their decision did not show
	Inactive   int64 // deferred decisions that were never activated
	Otherwise  int64 // decisions of other slots or columns than configured, or there twice
	Apart      int64 // decisions by features of a person that stay on the node: no model learns from them
	NoCost     int64 // rows without a cost in a slot rewarded by margin
	Unreadable int64 // decisions and outcomes that can't be read
}

// Arm is what one arm of a slot's experiment earned: one reward a decision, the
// sum over its positions.
type Arm struct {
	ID      string
	Policy  rulebook.ArmPolicy
	Share   float64 // as declared
	Range   float64 // how far apart two rewards can be, for experiment.Sequence
	Rewards experiment.Moments
}

// Snapshot is what was learned up to a file. It shares no memory with the
// trainer.
type Snapshot struct {
	Stats    Stats
	Models   map[string]*scoring.Linear
	Rankings map[string][]string // by slot: items of the uniform arm, best mean first
	Arms     map[string][]Arm    // by slot, in the order of its experiment
	Baskets  [][]uint64          // for Embed: the newest of more than one item
}

// Trainer learns. Make it with Open, then call Run.
type Trainer struct {
	// immutable after Open
	cfg         Config
	ledger      *ledger.Ledger
	db          *store.DB
	fingerprint [sha256.Size]byte

	mu    sync.Mutex // held by Run while it takes a file in, and by Snapshot
	state *state
}

// Open makes a trainer over a store that has Schema, from its checkpoint if
// there is one of this configuration.
func Open(ctx context.Context, db *store.DB, l *ledger.Ledger, cfg Config) (*Trainer, error) {
	cfg.fill()
	t := &Trainer{cfg: cfg, ledger: l, db: db, fingerprint: cfg.fingerprint()}
	if err := t.restore(ctx); err != nil {
		return nil, fmt.Errorf("open trainer: %w", err)
	}
	return t, nil
}

func (c *Config) fill() {
	c.Lag = cmp.Or(c.Lag, 24*time.Hour)
	c.Keep = cmp.Or(c.Keep, 24*time.Hour)
	c.MaxOrphans = cmp.Or(c.MaxOrphans, 100_000)
	c.PriorVariance = cmp.Or(c.PriorVariance, 0.02)
	c.MinWeight, c.MaxWeight = cmp.Or(c.MinWeight, 0.5), cmp.Or(c.MaxWeight, 2)
	c.CheckpointEvery = cmp.Or(c.CheckpointEvery, 30*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// Run takes in what is committed to the ledger until ctx ends, then saves a
// last checkpoint and returns nil. An error means that ledger or store failed:
// Open anew, from the last checkpoint.
func (t *Trainer) Run(ctx context.Context) error {
	saved := t.cfg.Now()
	for ctx.Err() == nil && t.ledger.Wait(ctx, t.file()) == nil {
		files, err := t.ledger.Files(context.WithoutCancel(ctx), t.file())
		if err != nil {
			return fmt.Errorf("list ledger files: %w", err)
		}
		for _, f := range files {
			if ctx.Err() != nil {
				break
			}
			if err := t.take(context.WithoutCancel(ctx), f); err != nil {
				return err
			}
			if now := t.cfg.Now(); now.Sub(saved) >= t.cfg.CheckpointEvery {
				if err := t.checkpoint(context.WithoutCancel(ctx)); err != nil {
					return err
				}
				saved = now
			}
		}
	}
	return t.checkpoint(context.WithoutCancel(ctx))
}

func (t *Trainer) file() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.stats.File
}

// take takes one file in. Between files, and only there, decisions are finished
// and a checkpoint may stand; after an error, with half a file taken in, not.
func (t *Trainer) take(ctx context.Context, f ledger.File) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.ledger.Read(ctx, f, func(row int64, r *ledger.Row) error {
		t.state.take(place{f.Ordinal, row}, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("train on ledger file %d: %w", f.Ordinal, err)
	}
	if !t.state.restoring {
		t.state.finish(f)
	}
	return nil
}

// Snapshot is what was learned so far.
func (t *Trainer) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.snapshot()
}

// Progress is Stats and Arms of a Snapshot, without the cost of the rest.
func (t *Trainer) Progress() (Stats, map[string][]Arm) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.progress()
}

// fingerprint tells whether state was made by this configuration. Clocks, scope
// and how often to save change nothing that was learned.
func (c *Config) fingerprint() [sha256.Size]byte {
	type slot struct {
		ID, Model  string
		Reward     rulebook.Reward
		Experiment *rulebook.Experiment
	}
	var slots []slot
	for _, s := range c.Slots {
		slots = append(slots, slot{s.ID, s.Model, s.Reward, s.Experiment})
	}
	b, err := json.Marshal(map[string]any{
		"version": stateVersion, "slots": slots, "models": c.Models,
		"numbers": []float64{float64(c.HalfLife), float64(c.Lag), float64(c.Keep), float64(c.MaxOrphans), c.PriorVariance, c.MinWeight, c.MaxWeight},
	})
	if err != nil {
		panic(err) // plain structs of numbers and strings always marshal
	}
	return sha256.Sum256(b)
}
