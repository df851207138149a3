// Package release makes releases: of a folder that people wrote, of what was
// learned since, or of one that was made before.
//
// # Kinds
//
// A full release is a folder with the models as they stand. Propose checks it
// and keeps it; Publish signs it with the key of targets. A refresh is the full
// release in force with newer models and rankings; Refresh makes one by itself
// and signs it with the online key. A rollback is a full release that names what
// an earlier one named, under a new counter, since counters never fall; no node
// may go back behind it by itself. After a rollback there are no refreshes until
// the next full release: what was taken back must not return a moment later.
//
// # Checks
//
// Before anything is signed its models are finite, compiled, admitted and
// compared with their golden vectors (package registry), not larger than allowed,
// and say nothing about rewards that no reward could teach: see sane.
//
// # Steps
//
// Each release is kept in the registry, with a row in release_made that says of
// which kind it is; then signed and pushed (package rollout); then the row says
// so. A crash before the signing leaves a release that nobody will run and whose
// counter is spent; after it, Open finds it signed and completes the row. A
// release that is signed but not yet at the hub is published: rollout brings it
// there.
package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/sync/item"
)

var (
	// ErrNothing is returned by Refresh when nothing was learned since the last
	// release, or there may be none now, and by Publish when nothing is proposed.
	ErrNothing = errors.New("there is nothing to publish")
	// ErrNotKept is returned by Rollback for a release that was swept.
	ErrNotKept = errors.New("the artifacts of this release are not kept any more; propose its folder again")
	// ErrNotPublished is returned by Rollback for a release that no node ran.
	ErrNotPublished = errors.New("this release was never published; list those that were with `aisle-central release list`")
	// ErrPreflight is returned when a release does not pass its checks.
	ErrPreflight = errors.New("the release does not pass its checks")
)

// Schema is the tables of this package, for store.Open.
var Schema = store.Schema{Name: "release", Steps: []string{`
CREATE TABLE release_made (
  counter INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('full', 'refresh', 'rollback')),
  actor TEXT NOT NULL,
  published INTEGER NOT NULL
);`}}

// Trainer is who makes refreshes, in the audit trail.
const Trainer = "trainer"

// The kinds, see the package.
const (
	kindFull     = "full"
	kindRefresh  = "refresh"
	kindRollback = "rollback"
)

// Made is a release with what became of it.
type Made struct {
	registry.Entry
	Kind      string // full, refresh or rollback
	Published bool
	Looks     []registry.Look // of a check all, of a proposal what the folder in force has not; else none
}

// Config says what a maker works with. All but Now and Log is required.
type Config struct {
	Store      *store.DB
	Registry   *registry.Registry
	Repository *rollout.Repository
	// Learned is what training has learned for a folder, nil as long as that is
	// less than what is out.
	Learned func(*registry.Folder) *training.Snapshot
	// Imported are baskets from before those that training has seen. Default none.
	Imported func() [][]uint64
	Scheme   item.Scheme      // of the ids in offers
	Keep     int              // releases that can be rolled back to; those in use come on top
	MaxModel int64            // bytes
	Now      func() time.Time // default time.Now
	Log      *slog.Logger     // default: nothing is logged
}

// Maker makes releases. It is safe for concurrent use.
type Maker struct {
	cfg Config // immutable after Open

	making sync.Mutex // one release at a time

	mu      sync.Mutex       // guards the rest
	folder  *registry.Folder // of the full release in force; nil before the first
	changed chan struct{}    // closed when folder is another
}

// Open completes what a crash interrupted and finds the folder in force.
func Open(ctx context.Context, c Config) (*Maker, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	m := &Maker{cfg: c, changed: make(chan struct{})}
	if err := m.recover(ctx); err != nil {
		return nil, fmt.Errorf("open releases: %w", err)
	}
	return m, nil
}

func (m *Maker) recover(ctx context.Context) error {
	full, last, err := m.cfg.Repository.Newest()
	if err != nil || last == nil {
		return err
	}
	if err := m.published(ctx, last.Counter); err != nil {
		return err
	}
	e, err := m.cfg.Registry.Get(ctx, full.Counter)
	if err != nil {
		return fmt.Errorf("find full release %d, which is signed: %w; restore the store from a backup that is as new as the signatures", full.Counter, err)
	}
	folder, err := m.cfg.Registry.Folder(e, m.cfg.Scheme)
	if err != nil {
		m.cfg.Log.Error("the release in force can't be read here any more; propose its folder again", "counter", full.Counter, "error", err)
		return nil // nodes run it all the same, and what they send is taken in
	}
	m.enforce(folder)
	return nil
}

// Folder is what people wrote of the full release in force, nil before the
// first. changed closes when it is another.
func (m *Maker) Folder() (folder *registry.Folder, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.folder, m.changed
}

func (m *Maker) enforce(f *registry.Folder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.folder = f
	close(m.changed)
	m.changed = make(chan struct{})
}
