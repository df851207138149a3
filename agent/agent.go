// Package agent is a node: everything that decides, records and learns of what
// was decided where the customer stands, put together and kept alive.
//
// New opens the log, the tables that are derived from it, what it decides by and
// the way to the centre, in this order, and listens. Run serves until its context
// ends, drains, and lets the loops write what they hold. Nothing that is served
// depends on the centre: it may be away, never have been there, or be cut off in
// the middle.
//
// # Failure
//
// A log that lost what had been durable must not give out its sequences again: it
// is set aside as log.aside-<n>, a new one with its own epoch begins, and what was
// not in the ledger then is counted as lost. In service that ends Run with
// ErrAgain: the caller closes the agent and makes it anew. A damaged table is
// rebuilt by the same way.
//
// # Folders
//
// Under Config.State: log/ and outbox/, the tables (see package store), fairness (see package fairness), replay/,
// release/, keys/ (0700, the only place of secrets and of who is being erased), and release-folder/ of a node
// of its own.
package agent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/delivery"
	"github.com/aisle-edge/aisle/agent/erasure"
	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/outbox"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrAgain: something was set aside that can't be mended in service. Close the
// agent and make it anew.
var ErrAgain = errors.New("agent: something was set aside; starting again mends it")

// Agent is one node.
type Agent struct {
	// immutable after New
	cfg   Config
	build string
	id    *Identity
	began time.Time

	log       *journal.Journal
	store     *store.Store
	losses    *losses
	catalogue *catalogue.Catalogue
	vault     *profile.Vault
	replay    *profile.Replay
	consents  *consent.Ledger
	events    *attribution.Events
	tastes    *persona.Cache
	holds     *coordinate.Holds
	actions   *coordinate.Actions
	budgets   *coordinate.Budgets
	fairness  *fairness.Watch
	courier   *delivery.Courier
	engine    *host.Engine
	releases  *release.Keeper
	erasures  *erasure.Eraser
	decider   *ranking.Decider
	link      *link.Agent    // nil: a node of its own
	outbox    *outbox.Outbox // likewise
	listener  net.Listener
	server    *http.Server

	folder sync.Mutex // one change of the release folder at a time
	aside  error      // why the log is to be set aside when it is closed; set by Run
}

// New opens a node and listens. build is the program's version.
func New(ctx context.Context, c Config, build string) (*Agent, error) {
	id, err := readIdentity(&c)
	if err != nil {
		return nil, err
	}
	if id.Enrolled() && c.Release != "" {
		return nil, errors.New("release: this node is enrolled and runs what its centre releases; remove release from the configuration")
	}
	a := &Agent{cfg: c, build: build, id: id, began: time.Now()}
	for tries := 0; ; tries++ {
		err := a.open(ctx)
		if err == nil {
			break
		}
		err = errors.Join(err, a.Close())
		if !setsAside(err) || tries > 0 {
			return nil, err
		}
		if err := setAside(logDir(&c), err); err != nil {
			return nil, err
		}
		a = &Agent{cfg: c, build: build, id: id, began: a.began}
	}
	return a, nil
}

// URL is where the API listens.
func (a *Agent) URL() string { return "http://" + a.listener.Addr().String() }

// Identity is who the node is.
func (a *Agent) Identity() Identity { return *a.id }

// Erase makes what the node holds of a person unreadable, as DELETE
// /v1/profiles/{id} does; it needs Run. erasure.ErrPending.
func (a *Agent) Erase(ctx context.Context, who wire.Pseudonym) (erasure.Receipt, error) {
	return a.erasures.Erase(ctx, who)
}

// Close lets go of everything, after Run has returned or without it; what is in
// memory is written first. Called twice, it does nothing again.
func (a *Agent) Close() error {
	var errs []error
	add := func(open bool, close func() error) {
		if open {
			errs = append(errs, close())
		}
	}
	add(a.listener != nil, func() error { return ignore(a.listener.Close(), net.ErrClosed) })
	add(a.releases != nil, func() error { return a.releases.Close() })
	add(a.engine != nil, func() error { return a.engine.Close() })
	add(a.replay != nil, func() error { return a.replay.Close() })
	add(a.store != nil, func() error { return ignore(a.store.Close(), store.ErrCorrupt) })
	add(a.log != nil, func() error { return a.log.Close() })
	a.listener, a.releases, a.engine, a.replay, a.store, a.log = nil, nil, nil, nil, nil, nil
	if a.aside != nil {
		errs = append(errs, setAside(logDir(&a.cfg), a.aside))
		a.aside = nil
	}
	return errors.Join(errs...)
}

func ignore(err, known error) error {
	if errors.Is(err, known) {
		return nil
	}
	return err
}
