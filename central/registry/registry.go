package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
)

// ErrNone is returned by Get when no release has the counter.
var ErrNone = errors.New("no release has this counter; list them with `aisle-central release list`")

// Schema is the registry's tables, for store.Open.
var Schema = store.Schema{Name: "registry", Steps: []string{`
CREATE TABLE registry_release (
  counter INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  note TEXT NOT NULL,
  manifest BLOB NOT NULL
);
CREATE TABLE registry_artifact (
  counter INTEGER NOT NULL REFERENCES registry_release (counter),
  name TEXT NOT NULL,
  digest BLOB NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (counter, name)
) WITHOUT ROWID;
CREATE TABLE registry_lineage (
  counter INTEGER NOT NULL,
  model TEXT NOT NULL,
  last_file INTEGER NOT NULL,
  decisions INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (counter, model),
  FOREIGN KEY (counter, model) REFERENCES registry_artifact (counter, name)
) WITHOUT ROWID;`}}

// Lineage is where a model of a release came from: everything in the ledger up
// to and including a file.
type Lineage struct {
	Model     string // as Slot.Model names it
	LastFile  int64  // ordinal; 0: it was learned from nothing
	Decisions int64  // finished up to there, of all slots
	Rows      int64  // learned from up to there, by all models
}

// Entry is one release in the registry.
type Entry struct {
	Counter   uint64
	ID        string
	CreatedMs int64
	Note      string
	Manifest  []byte
	Artifacts []Artifact
	Lineage   []Lineage
}

// Artifact is one file of a release.
type Artifact struct {
	Name   string
	Digest artifact.Digest
	Size   uint64
}

// Registry keeps releases. It is safe for concurrent use.
type Registry struct {
	db        *store.DB
	artifacts *artifact.Store
}

// Open opens the registry over a store that has Schema; artifacts lie in dir.
func Open(db *store.DB, dir string) (*Registry, error) {
	a, err := artifact.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	return &Registry{db, a}, nil
}

// Keep stores a release and where its models came from. The same release again
// changes nothing; another one under a counter that is taken is an error.
func (g *Registry) Keep(ctx context.Context, r *Release, lineage ...Lineage) error {
	for name, b := range r.Artifacts {
		if _, err := g.artifacts.Put(b); err != nil {
			return fmt.Errorf("keep release %d: store %s: %w", r.Counter, name, err)
		}
	}
	err := g.db.Update(ctx, func(tx *store.Tx) error {
		var known string
		err := tx.One(`SELECT id FROM registry_release WHERE counter = ?`, r.Counter).Scan(&known)
		if err == nil && known == r.Id {
			return nil
		}
		if err == nil {
			return errors.New("another release has this counter")
		}
		if !errors.Is(err, store.ErrNone) {
			return err
		}
		return insert(tx, r, lineage)
	})
	if err != nil {
		return fmt.Errorf("keep release %d: %w", r.Counter, err)
	}
	return nil
}

func insert(tx *store.Tx, r *Release, lineage []Lineage) error {
	if _, err := tx.Exec(`INSERT INTO registry_release (counter, id, created_ms, note, manifest) VALUES (?, ?, ?, ?, ?)`,
		r.Counter, r.Id, r.CreatedMs, r.Note, r.Manifest); err != nil {
		return err
	}
	for _, a := range r.Release.Artifacts {
		if _, err := tx.Exec(`INSERT INTO registry_artifact (counter, name, digest, size) VALUES (?, ?, ?, ?)`, r.Counter, a.Name, a.Digest, a.Size); err != nil {
			return err
		}
	}
	for _, l := range lineage {
		if _, err := tx.Exec(`INSERT INTO registry_lineage (counter, model, last_file, decisions, rows) VALUES (?, ?, ?, ?, ?)`,
			r.Counter, modelPrefix+l.Model, l.LastFile, l.Decisions, l.Rows); err != nil {
			return err
		}
	}
	return nil
}

// Next is the counter of the next release.
func (g *Registry) Next(ctx context.Context) (counter uint64, err error) {
	err = g.db.View(ctx, func(tx *store.Tx) error {
		return tx.One(`SELECT coalesce(max(counter), 0) + 1 FROM registry_release`).Scan(&counter)
	})
	return counter, err
}

// Get returns the release of a counter, or ErrNone.
func (g *Registry) Get(ctx context.Context, counter uint64) (e Entry, err error) {
	err = g.db.View(ctx, func(tx *store.Tx) error {
		return e.read(tx, tx.One(`SELECT counter, id, created_ms, note, manifest FROM registry_release WHERE counter = ?`, counter))
	})
	if errors.Is(err, store.ErrNone) {
		err = ErrNone
	}
	return e, err
}

func (e *Entry) read(tx *store.Tx, row store.Row) error {
	if err := row.Scan(&e.Counter, &e.ID, &e.CreatedMs, &e.Note, &e.Manifest); err != nil {
		return err
	}
	for row, err := range tx.Query(`SELECT name, digest, size FROM registry_artifact WHERE counter = ? ORDER BY name`, e.Counter) {
		if err != nil {
			return err
		}
		var a Artifact
		var digest []byte
		if err := row.Scan(&a.Name, &digest, &a.Size); err != nil {
			return err
		}
		a.Digest = artifact.Digest(digest)
		e.Artifacts = append(e.Artifacts, a)
	}
	for row, err := range tx.Query(`SELECT substr(model, ?), last_file, decisions, rows FROM registry_lineage WHERE counter = ? ORDER BY model`, len(modelPrefix)+1, e.Counter) {
		if err != nil {
			return err
		}
		var l Lineage
		if err := row.Scan(&l.Model, &l.LastFile, &l.Decisions, &l.Rows); err != nil {
			return err
		}
		e.Lineage = append(e.Lineage, l)
	}
	return nil
}

// Read returns an entry's artifacts by name, verified; fs.ErrNotExist when Sweep
// took one.
func (g *Registry) Read(e Entry) (map[string][]byte, error) {
	out := make(map[string][]byte)
	for _, a := range e.Artifacts {
		b, err := g.artifacts.Read(a.Digest)
		if err != nil {
			return nil, fmt.Errorf("read %s of release %d: %w", a.Name, e.Counter, err)
		}
		out[a.Name] = b
	}
	return out, nil
}

// Folder returns the folder that a release was assembled from, checked again but
// for its own models, which are taken as they were released.
func (g *Registry) Folder(e Entry, scheme item.Scheme) (*Folder, error) {
	there, sealed := make(map[string][]byte), make(map[string][]byte)
	for _, a := range e.Artifacts {
		name, own := strings.CutPrefix(a.Name, ownPrefix)
		if !own && !slices.Contains(files, a.Name) {
			continue
		}
		b, err := g.artifacts.Read(a.Digest)
		if err != nil {
			return nil, fmt.Errorf("read %s of release %d: %w", a.Name, e.Counter, err)
		}
		if own {
			sealed[name] = b
		} else {
			there[name] = b
		}
	}
	f, err := CheckFiles(there, scheme)
	if err != nil {
		return nil, err
	}
	r, err := trust.Parse(e.Manifest)
	if err == nil {
		err = f.reopen(r, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read release %d: %w", e.Counter, err)
	}
	return f, nil
}

// Sweep removes the artifacts that none of the kept releases names. It must not
// run beside Keep.
func (g *Registry) Sweep(ctx context.Context, keep []uint64) error {
	needed := make(map[artifact.Digest]bool)
	for _, counter := range keep {
		e, err := g.Get(ctx, counter)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return fmt.Errorf("sweep releases: %w", err)
		}
		for _, a := range e.Artifacts {
			needed[a.Digest] = true
		}
	}
	if err := g.artifacts.GC(func(d artifact.Digest) bool { return needed[d] }); err != nil {
		return fmt.Errorf("sweep releases: %w", err)
	}
	return nil
}
