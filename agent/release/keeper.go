package release

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrQuarantine: a model of this release failed on this node.
var ErrQuarantine = errors.New("release: a model of it failed on this node")

// ErrEnrolled: a node that is enrolled runs what its hub releases. Propose the
// files there.
var ErrEnrolled = errors.New("release: this node is enrolled and runs what its hub releases; propose the change there (slots.yaml)")

// Options say what a keeper stands on.
type Options struct {
	Dir       string // for releases; made if it is not there
	Engine    *host.Engine
	Catalogue *catalogue.Catalogue
	Trust     *trust.Verifier // nil: a node of its own
	Now       func() int64    // node time, Unix milliseconds
	Scheme    item.Scheme     // of the ids in offers.csv; default own
	Site      string          // where the node stands
	Agent     string          // its name; with the site it says which shares of budgets are its own
	Good      int             // scores that end being provisional; default 100
	Poll      time.Duration   // how often the hub is asked without a hint; default 1 min
	Log       *slog.Logger    // default slog.Default()
}

// Keeper keeps what a node runs. All methods may be called at the same time.
type Keeper struct {
	// immutable after Open
	opt       Options
	artifacts *artifact.Store

	active  atomic.Pointer[Active] // nil: nothing to decide by
	contact atomic.Int64           // node time at which trust was last found fresh
	wake    chan struct{}          // there may be something new
	verdict chan verdict           // of scorers

	mu      sync.Mutex // guards what follows, and the files
	state   state
	refused refusal           // the last release that was not activated
	files   map[string][]byte // of a node of its own
}

type refusal struct {
	counter uint64
	why     error
}

// verdict is what a tally says of a scorer.
type verdict struct {
	of     *Scorer
	failed bool
}

// Status is the keeper's account of itself.
type Status struct {
	Counter     uint64
	ID          string
	Provisional bool
	Refused     error // why the newest release does not run; nil: it does
	Quarantine  int   // models that must not run again
	ContactMs   int64 // node time at which the hub's trust was last found fresh; 0: never
}

// Open reads what ran last and makes it run again, without a network. What can't
// run any more is said in the log, and the node goes back as if it had failed.
func Open(o Options) (*Keeper, error) {
	if o.Good == 0 {
		o.Good = 100
	}
	if o.Poll == 0 {
		o.Poll = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open releases: %w", err)
	}
	store, err := artifact.Open(filepath.Join(o.Dir, "artifacts"))
	if err != nil {
		return nil, fmt.Errorf("open releases: %w", err)
	}
	k := &Keeper{opt: o, artifacts: store, wake: make(chan struct{}, 1), verdict: make(chan verdict, 1)}
	if o.Trust == nil {
		return k, nil
	}
	if k.state, err = readState(o.Dir); err != nil {
		o.Log.Error("what ran last is not known; waiting for the hub", "err", err)
		k.state = state{}
	}
	k.contact.Store(k.state.ContactMs)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k, k.resume()
}

// Active is what runs now, nil before the first release.
func (k *Keeper) Active() *Active { return k.active.Load() }

// Fresh tells whether modules may still score at node time now: the hub was
// reached within the release's max_offline. A node of its own is always fresh.
func (k *Keeper) Fresh(a *Active, now int64) bool {
	return k.opt.Trust == nil || now-k.contact.Load() < a.Rulebook.MaxOffline.Milliseconds()
}

// Wake says that the hub may have something new. It does not block.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Status may be called at any time.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{Provisional: k.state.Provisional, Refused: k.refused.why, Quarantine: len(k.state.Quarantine), ContactMs: k.contact.Load()}
	if a := k.active.Load(); a != nil {
		s.Counter, s.ID = a.Counter, a.ID
	}
	return s
}

// Close ends the modules. Requests in flight end as they began. A process that
// comes to close has not been ended by a provisional release.
func (k *Keeper) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	if a := k.active.Swap(nil); a != nil {
		errs = append(errs, a.close())
	}
	if k.state.Starts > 0 {
		k.state.Starts = 0
		errs = append(errs, k.state.write(k.opt.Dir))
	}
	return errors.Join(errs...)
}

// resume makes the current bank run, or what may run in its place.
func (k *Keeper) resume() error {
	if k.state.Bank == "" {
		return nil
	}
	if k.state.Provisional {
		if k.state.Starts++; k.state.Starts > maxStarts {
			k.opt.Log.Error("the release was provisional through too many starts; going back")
			k.quarantineAll("the process ended while it was provisional")
			return k.back()
		}
		if err := k.state.write(k.opt.Dir); err != nil {
			return fmt.Errorf("resume the release: %w", err)
		}
	}
	a, err := k.read(k.state.Bank, k.state.Manifest, whole)
	if err != nil {
		k.opt.Log.Error("the release that ran last can't run any more; going back", "err", err)
		k.refused = refusal{why: err}
		return k.back()
	}
	return k.swap(a)
}

const maxStarts = 3

// extent is how much of a release is loaded.
type extent bool

const (
	whole extent = true
	bare  extent = false // without all that was learned
)

// read loads a bank. digest, if any, is what its manifest must have.
func (k *Keeper) read(bank, digest string, much extent) (*Active, error) {
	manifest, err := os.ReadFile(bankFile(k.opt.Dir, bank))
	if err != nil {
		return nil, fmt.Errorf("read bank %s: %w", bank, err)
	}
	if sum := digestOf(manifest); digest != "" && hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("read bank %s: its manifest is not what was activated", bank)
	}
	r, err := k.opt.Trust.Admitted(manifest)
	if err != nil {
		return nil, fmt.Errorf("read bank %s: %w", bank, err)
	}
	return k.load(r, much)
}

// load loads a verified release from its artifacts.
func (k *Keeper) load(r *wire.Release, much extent) (*Active, error) {
	s := source{engine: k.opt.Engine, scheme: k.opt.Scheme, skip: k.state.bans, share: k.owns, read: func(name string) ([]byte, error) {
		for _, a := range r.Artifacts {
			if a.Name == name && (much == whole || !learned(name)) {
				return k.artifacts.Read(artifact.Digest(a.Digest))
			}
		}
		return nil, nil
	}}
	a, err := k.ready(s.load(r))
	if err == nil {
		a.bare = much == bare
	}
	return a, err
}

// owns tells whether a share of a budget is this node's.
func (k *Keeper) owns(s *item.Share) bool {
	return s.Site == k.opt.Site && (s.Agent == "" || s.Agent == k.opt.Agent)
}

// learned tells whether an artifact is a model or what is learned beside them: not
// what people wrote.
func learned(name string) bool {
	return strings.HasPrefix(name, modelPrefix) || strings.HasPrefix(name, ownPrefix)
}

// ready gives a release's scorers somebody to report to.
func (k *Keeper) ready(a *Active, err error) (*Active, error) {
	if err != nil {
		return nil, err
	}
	for _, one := range a.scorers {
		one.tally.good = uint64(k.opt.Good)
		one.tally.report = func(failed bool) {
			select {
			case k.verdict <- verdict{one, failed}:
			default: // another one is being dealt with; a scorer that goes on failing says so again
			}
		}
	}
	return a, nil
}

// swap makes a release the one that runs.
func (k *Keeper) swap(a *Active) error {
	keys := append(rules.Attributes(a.Rulebook), rules.Fulfilment)
	for _, one := range a.scorers {
		keys = append(keys, features.Attributes(one.Columns)...)
	}
	for _, slot := range a.slots {
		keys = append(keys, slot.Book.Attributes()...)
	}
	if err := k.opt.Catalogue.SetAttributes(keys...); err != nil {
		return errors.Join(fmt.Errorf("activate release %d: %w", a.Counter, err), a.close())
	}
	if old := k.active.Swap(a); old != nil {
		if err := old.close(); err != nil {
			k.opt.Log.Warn("modules of the release before did not close", "err", err)
		}
	}
	k.opt.Log.Info("a release runs", "counter", a.Counter, "id", a.ID, "provisional", k.state.Provisional)
	return nil
}

func digestOf(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }
