package trust

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrSignature: not signed by the keys that the role demands.
	ErrSignature = errors.New("trust: wrong signature")
	// ErrRollback: a version or a release counter fell, or the same counter
	// names two releases.
	ErrRollback = errors.New("trust: older than what is known")
	// ErrExpired: too old to install anything new from.
	ErrExpired = errors.New("trust: expired")
	// ErrMixed: files that do not belong together.
	ErrMixed = errors.New("trust: files do not belong together")
	// ErrMalformed: not of the form of the package comment, or too large.
	ErrMalformed = errors.New("trust: malformed")
	// ErrNotApproved: signed by a role that may not sign this.
	ErrNotApproved = errors.New("trust: not approved")
	// ErrNoRelease: nothing was released yet.
	ErrNoRelease = errors.New("trust: no release yet")
)

// admitted is the name of the list of verified releases, and maxAdmitted its
// length.
const (
	admitted    = "admitted"
	maxAdmitted = 64
)

// Source gives trust files by name: fs.ErrNotExist for one that is not there,
// an error for one above limit bytes. What it gives is not believed.
type Source interface {
	File(ctx context.Context, name string, limit int) ([]byte, error)
}

// Options says where a verifier keeps its store and where its trust begins.
type Options struct {
	Path string           // of the store; its folder must exist
	Root []byte           // the root.json of the enrolment; used when the store is empty
	Now  func() time.Time // default time.Now
	Log  *slog.Logger     // default: nothing is logged
}

// Candidate is a verified release. It is shared: nobody changes it.
type Candidate struct {
	Release  *wire.Release
	Manifest []byte // the bytes that were signed
	Role     string // that signed it: "targets" or RefreshRole
}

// Verifier is a node's trust. Its methods may be called from any goroutine.
type Verifier struct {
	path string
	now  func() time.Time
	save func(Files, string) error // Files.Save; a test lets it fail

	refreshing sync.Mutex            // one Refresh at a time; readers don't wait for the network
	state      atomic.Pointer[state] // swapped when the store is on disk
}

// state is the store's content, verified as a whole.
type state struct {
	files   Files
	current *Candidate // nil: none yet
}

// Open verifies the store, without a network and whatever has expired. A
// damaged store is put aside, said so in the log, and the trust begins anew at
// the root given: what had been verified must be fetched again.
func Open(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{path: o.Path, now: o.Now, save: Files.Save}
	err := v.load()
	if errors.Is(err, ErrDamaged) {
		aside := filepath.Join(filepath.Dir(o.Path), "damaged-"+filepath.Base(o.Path))
		o.Log.Error("the trust store is damaged and was put aside; releases must be fetched again", "aside", aside, "err", err)
		if err := os.Rename(o.Path, aside); err != nil {
			return nil, fmt.Errorf("put damaged trust store aside: %w", err)
		}
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = v.enrol(o.Root)
	}
	if err != nil {
		return nil, fmt.Errorf("open trust store: %w", err)
	}
	return v, nil
}

// load reads the store and verifies it once more.
func (v *Verifier) load() error {
	f, err := Load(v.path)
	if err != nil {
		return err
	}
	// Nothing is expired at the beginning of time.
	s, err := verify(context.Background(), f, f, time.Time{})
	if err != nil && !errors.Is(err, ErrNoRelease) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	v.state.Store(&state{f, s.newest})
	return nil
}

// enrol begins with nothing but a root.
func (v *Verifier) enrol(root []byte) error {
	r, err := metadata.Root().FromBytes(root)
	if err != nil {
		return fmt.Errorf("%w: root of the enrolment: %w; enrol again", ErrMalformed, err)
	}
	f := Files{name(r.Signed.Version, metadata.ROOT): root}
	if _, err := begin(f); err != nil {
		return fmt.Errorf("root of the enrolment: %w; enrol again", err)
	}
	v.state.Store(&state{files: f})
	return nil
}

// Current is the newest release that was verified here; ErrNoRelease if none
// was. It needs no network.
func (v *Verifier) Current() (*Candidate, error) {
	if c := v.state.Load().current; c != nil {
		return c, nil
	}
	return nil, ErrNoRelease
}

// Admitted tells whether exactly this manifest was verified here at any time,
// and may still be run: its counter is at least the current release's minimum.
// ErrNotApproved or ErrRollback if not.
func (v *Verifier) Admitted(manifest []byte) (*wire.Release, error) {
	r, err := Parse(manifest)
	if err != nil {
		return nil, err
	}
	s := v.state.Load()
	if !slices.Contains(lines(s.files), line(r.Counter, digest(manifest))) {
		return nil, fmt.Errorf("%w: release %d was never verified here", ErrNotApproved, r.Counter)
	}
	if least := s.current.Release.MinCounter; r.Counter < least {
		return nil, fmt.Errorf("%w: release %d, the least allowed is %d", ErrRollback, r.Counter, least)
	}
	return r, nil
}

// Refresh verifies what the source has and returns its newest release, which
// may be the current one. On any error the store stays as it was.
func (v *Verifier) Refresh(ctx context.Context, from Source) (*Candidate, error) {
	v.refreshing.Lock()
	defer v.refreshing.Unlock()
	known := v.state.Load().files
	s, err := verify(ctx, known, from, v.now())
	if err != nil {
		return nil, fmt.Errorf("verify what the hub has: %w", err)
	}
	if err := s.admit(); err != nil {
		return nil, err
	}
	if !equal(s.files, known) {
		// A crash before this leaves the old set, after it the new one.
		if err := v.save(s.files, v.path); err != nil {
			return nil, fmt.Errorf("keep verified trust files: %w", err)
		}
	}
	v.state.Store(&state{s.files, s.newest})
	return s.newest, nil
}

// admit holds the newest release against those that were verified before and
// adds it to them.
func (s *set) admit() error {
	was := lines(s.known)
	r := s.newest.Release
	is := line(r.Counter, digest(s.newest.Manifest))
	if n := len(was); n > 0 {
		last, _, _ := strings.Cut(was[n-1], " ")
		switch highest := counter(releases + last); {
		case r.Counter < highest:
			return fmt.Errorf("%w: release %d after %d", ErrRollback, r.Counter, highest)
		case r.Counter == highest && was[n-1] != is:
			return fmt.Errorf("%w: release %d is another than before", ErrRollback, r.Counter)
		case r.Counter == highest:
			was = was[:n-1]
		}
	}
	was = append(was, is)
	was = was[max(0, len(was)-maxAdmitted):]
	s.files[admitted] = []byte(strings.Join(was, "\n"))
	return nil
}

func line(counter uint64, digest []byte) string {
	return fmt.Sprintf("%d %s", counter, hex.EncodeToString(digest))
}

func lines(f Files) []string {
	if len(f[admitted]) == 0 {
		return nil
	}
	return strings.Split(string(f[admitted]), "\n")
}
