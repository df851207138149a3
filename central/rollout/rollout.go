package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrCounter: the release's counter is not above the newest.
	ErrCounter = errors.New("rollout: release counter does not rise")
	// ErrArtifact: the release names an artifact that is not there, or not so
	// large.
	ErrArtifact = errors.New("rollout: artifact is missing")
	// ErrNotPushed: signed and kept, but the hub does not have it yet. Run and
	// Push try again.
	ErrNotPushed = errors.New("rollout: signed, not yet at the hub")
)

// Role is whose key signs a release.
type Role string

const (
	Full    Role = metadata.TARGETS  // anything
	Refresh Role = trust.RefreshRole // other models in the newest full release
)

// Publisher is the way to the nodes. All of it may be repeated.
type Publisher interface {
	PutChunk(ctx context.Context, digest artifact.Digest, i uint32, chunk []byte) error
	PutFile(ctx context.Context, name string, data []byte) error
	// Sweep removes the artifacts and files that are not to be kept.
	Sweep(ctx context.Context, keepArtifact func(artifact.Digest) bool, keepFile func(string) bool) error
}

// Config says where the state and the keys lie, and who carries releases out.
type Config struct {
	Dir       string // of the state; required
	Keys      string // folder of the keys; required
	Publisher Publisher
	Now       func() time.Time // default time.Now
	Log       *slog.Logger     // default: nothing is logged
}

// Repository is all that was released. Its methods may be called from any
// goroutine.
type Repository struct {
	// immutable after Open
	cfg   Config
	path  string
	store *artifact.Store
	save  func(trust.Files, string) error // Files.Save; a test lets it fail
	wake  chan struct{}                   // a push failed outside Run

	// guarded by mu: one change at a time
	mu    sync.Mutex
	keys  keyring
	files trust.Files // what is on disk; replaced, never changed

	// guarded by pushing: one push at a time
	pushing sync.Mutex
	pushed  map[string]bool // files (but timestamp.json) and artifacts the hub has from this process
}

// Open reads the state, or makes the first one from a complete set of keys.
func Open(c Config) (*Repository, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	store, err := artifact.Open(filepath.Join(c.Dir, "artifacts"))
	if err != nil {
		return nil, err
	}
	r := &Repository{cfg: c, path: filepath.Join(c.Dir, "repository"), store: store,
		save: trust.Files.Save, wake: make(chan struct{}, 1), pushed: map[string]bool{}}
	if r.keys, err = readKeys(c.Keys); err != nil {
		return nil, err
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Repository) load() error {
	f, err := trust.Load(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		d, err := found(r.keys, r.cfg.Now())
		if err != nil {
			return err
		}
		return r.commit(d)
	}
	if err == nil {
		r.files = f
		_, err = read(f, r.keys)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w; restore it from a backup and don't begin anew: nodes refuse what falls back", r.path, err)
	}
	return nil
}

// commit makes a draft the state. A crash before this leaves the old state,
// after it artifacts that no release lists; the next commit removes those.
func (r *Repository) commit(d *draft) error {
	if err := r.save(d.files, r.path); err != nil {
		return fmt.Errorf("keep what was signed: %w", err)
	}
	r.files = d.files
	if err := r.store.GC(d.lists()); err != nil {
		r.cfg.Log.Warn("remove artifacts that no release lists", "err", err)
	}
	return nil
}

// change lets do work on a draft of the state, and commits it if do signed.
func (r *Repository) change(do func(d *draft, now time.Time) (signed bool, err error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, err := read(r.files, r.keys)
	if err != nil {
		return err
	}
	signed, err := do(d, r.now(d))
	if err != nil || !signed {
		return err
	}
	return r.commit(d)
}

// now never goes behind what was issued: nodes take that for the least time it
// can be, and would find everything expired that an earlier clock signs.
func (r *Repository) now(d *draft) time.Time {
	now := r.cfg.Now()
	text, _ := d.timestamp.Signed.UnrecognizedFields[trust.Issued].(string)
	issued, err := time.Parse(time.RFC3339, text)
	if err != nil || !issued.After(now) {
		return now
	}
	if issued.Sub(now) > 5*time.Minute {
		r.cfg.Log.Warn("the clock is behind what was signed before", "clock", now, "signed", issued)
	}
	return issued
}

// Root is the newest root.json, for nodes that enrol now.
func (r *Repository) Root() []byte {
	f := r.state()
	return f[newest(f, metadata.ROOT)]
}

func (r *Repository) state() trust.Files {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files
}

// Newest gives the newest full release and the newest of all, which may be the
// same; nil before the first.
func (r *Repository) Newest() (full, last *wire.Release, err error) {
	d, err := read(r.state(), nil)
	if err != nil {
		return nil, nil, err
	}
	full, last = d.newest()
	return full, last, nil
}

// Publish signs a release and brings it to the nodes. The manifest is an
// encoded wire.Release, signed as the bytes it is; its counter must be above
// the newest (ErrCounter), and a Refresh must differ from the newest full
// release in models only (trust.ErrNotApproved). What it names must be given
// here, or be known from a release that is still listed (ErrArtifact). The same
// manifest again is only pushed again. After ErrNotPushed the release is out,
// and Run brings it to the hub.
func (r *Repository) Publish(ctx context.Context, role Role, manifest []byte, artifacts ...[]byte) error {
	rel, err := trust.Parse(manifest)
	if err != nil {
		return err
	}
	err = r.change(func(d *draft, now time.Time) (bool, error) {
		if d.has(role, manifest) {
			return false, nil
		}
		if err := d.admits(role, rel); err != nil {
			return false, err
		}
		if err := r.take(rel, artifacts); err != nil {
			return false, err
		}
		return true, d.list(role, rel.Counter, manifest, now)
	})
	if err != nil {
		return fmt.Errorf("sign release %d: %w", rel.Counter, err)
	}
	return r.pushNow(ctx)
}

// take keeps the artifacts and checks that all that a release names is there.
func (r *Repository) take(rel *wire.Release, artifacts [][]byte) error {
	for _, b := range artifacts {
		if _, err := r.store.Put(b); err != nil {
			return err
		}
	}
	for _, a := range rel.Artifacts {
		b, err := r.store.Read(artifact.Digest(a.Digest))
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrArtifact, a.Name, err)
		}
		if uint64(len(b)) != a.Size {
			return fmt.Errorf("%w: %s has %d bytes, not %d", ErrArtifact, a.Name, len(b), a.Size)
		}
	}
	return nil
}

// Rotate gives a role ("root", "targets", "refresh", "snapshot", "timestamp") a
// new key and signs what that needs, a root with the old key as well. Nodes
// follow at their next refresh.
func (r *Repository) Rotate(ctx context.Context, role string) error {
	if !slices.Contains(roles[:], role) {
		return fmt.Errorf("no role %q; it is one of %s", role, strings.Join(roles[:], ", "))
	}
	err := r.change(func(d *draft, now time.Time) (bool, error) {
		k, err := createKey(r.cfg.Keys, role) // a crash after this leaves a key that nothing names
		if err != nil {
			return false, err
		}
		r.keys[role] = append(r.keys[role], k)
		if err := d.use(role, k); err != nil {
			return false, err
		}
		if role == trust.RefreshRole {
			return true, d.sign(now, metadata.TARGETS, role)
		}
		return true, d.sign(now, metadata.ROOT, role)
	})
	if err != nil {
		return fmt.Errorf("rotate key of %s: %w", role, err)
	}
	return r.pushNow(ctx)
}
