// Package central is the centre: it takes in what agents send, learns from it,
// and sends releases down.
//
// One process does it all. New opens the state and the listeners, Run works until
// its context ends, Close lets go of everything. State lies in one folder:
//
//	central.db      marks, agents, releases, checkpoints, the audit trail (package store)
//	ledger/         every record that agents sent (ledger)
//	hub/            streams on their way in and out (hub)
//	artifacts/      of the releases that can be rolled back to (registry)
//	rollout/        what is signed and out (rollout)
//	keys/           the signing keys, 0700 (rollout)
//	dead/           segments that can't be taken in (ingest)
//	admin.token     the administrator's token, 0600 (api)
//
// The process may be killed at any moment: each part says what that leaves, and
// New goes on from there. A second process on the same folder is refused.
package central

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/console"
	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/hub"
	"github.com/aisle-edge/aisle/central/ingest"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Central is an assembled centre.
type Central struct {
	// immutable after New
	cfg        Config
	log        *slog.Logger
	db         *store.DB
	fleet      *fleet.Fleet
	hub        *hub.Hub
	link       *link.Central
	tally      *tally
	ingest     *ingest.Ingest
	registry   *registry.Registry
	repository *rollout.Repository
	releases   *release.Maker
	learning   *learning
	pulse      *pulse
	listener   net.Listener
	server     *http.Server
	welcome    string // a one-time link's path, of a first start
}

// New opens everything, with a configuration from Load. version is what it
// says of itself. After an error nothing is left open.
func New(ctx context.Context, cfg Config, version string, log *slog.Logger) (*Central, error) {
	c := &Central{cfg: cfg, log: log}
	if err := c.open(ctx, version); err != nil {
		return nil, errors.Join(fmt.Errorf("start central: %w", err), c.Close())
	}
	return c, nil
}

func (c *Central) open(ctx context.Context, version string) (err error) {
	if c.db, err = store.Open(c.cfg.State, nil, fleet.Schema, ledger.Schema, ingest.Schema, training.Schema, registry.Schema, release.Schema); err != nil {
		return err
	}
	if err := c.openUp(ctx); err != nil {
		return err
	}
	if err := c.openDown(ctx); err != nil {
		return err
	}
	return c.openFront(version)
}

// openUp opens the way from the agents into the ledger.
func (c *Central) openUp(ctx context.Context) (err error) {
	if c.fleet, err = fleet.Open(ctx, c.db, fleet.Options{GoneAfter: c.cfg.GoneAfter, Log: c.log}); err != nil {
		return err
	}
	l, err := ledger.Open(ctx, c.path("ledger"), c.db)
	if err != nil {
		return err
	}
	c.tally = newTally(l, time.Now)
	var functions []subject.Function
	for _, f := range c.fleet.Functions() {
		if of, ok := c.fleet.Function(f.Key); ok {
			functions = append(functions, of)
		}
	}
	c.hub, err = hub.Start(ctx, hub.Config{
		Dir: c.path("hub"), Address: c.cfg.Hub.Address, Limits: link.Limits{Up: int64(c.cfg.Hub.Limit)},
		Lookup: c.fleet.Lookup, Function: c.fleet.Function, Functions: functions, Log: c.log.With("part", "hub"),
	})
	if err != nil {
		return err
	}
	in := c.hub.Link()
	in.MinBackoff, in.Log = 50*time.Millisecond, c.log.With("part", "link")
	c.link = link.NewCentral(in)
	c.ingest = ingest.New(ingest.Over(c.link), c.tally, c.db, c.fleet, c.path("dead"), ingest.Options{Log: c.log})
	return nil
}

// openDown opens the way from the ledger to the agents.
func (c *Central) openDown(ctx context.Context) (err error) {
	if c.registry, err = registry.Open(c.db, c.path("artifacts")); err != nil {
		return err
	}
	if err := c.firstKeys(); err != nil {
		return err
	}
	c.repository, err = rollout.Open(rollout.Config{Dir: c.path("rollout"), Keys: c.path("keys"), Publisher: c.link, Log: c.log})
	if err != nil {
		return err
	}
	c.learning = newLearning(c)
	c.releases, err = release.Open(ctx, release.Config{
		Store: c.db, Registry: c.registry, Repository: c.repository, Learned: c.learning.learned,
		Imported: (&imported{path: c.path(basketsFile), scheme: c.cfg.Scheme, log: c.log}).baskets,
		Scheme:   c.cfg.Scheme, Keep: c.cfg.Releases.Keep, MaxModel: int64(c.cfg.Releases.MaxModel), Log: c.log,
	})
	return err
}

// firstKeys makes the signing keys of a centre that has signed nothing yet and
// was given none.
func (c *Central) firstKeys() error {
	if _, err := os.Stat(filepath.Join(c.path("rollout"), "repository")); err == nil {
		return nil
	}
	return rollout.CreateKeys(c.path("keys"))
}

// openFront opens the listener and puts together what answers there.
func (c *Central) openFront(version string) error {
	access, fresh, err := api.OpenAccess(c.cfg.State, nil)
	if err != nil {
		return err
	}
	if fresh {
		c.welcome = access.Link()
	}
	if c.listener, err = net.Listen("tcp", c.cfg.Address); err != nil {
		return fmt.Errorf("%w; stop what listens there, or choose another `address`", err)
	}
	measured := new(api.Measured)
	c.pulse = newPulse(c, measured)
	page := console.New(console.Source{
		Version:  version,
		Overview: c.pulse.overview,
		Releases: func(ctx context.Context, n int) ([]api.Release, error) { return api.List(ctx, c.releases, c.fleet, n) },
		Audit:    func(ctx context.Context, n int) ([]api.Entry, error) { return api.Tail(ctx, c.db, n, release.Trainer) },
	})
	c.server = &http.Server{
		Handler: api.New(api.Config{
			Version: version, Hosts: c.cfg.Hosts, Access: access, Fleet: c.fleet, Store: c.db, Hub: c.hub,
			Releases: c.releases, Repository: c.repository, Scheme: c.cfg.Scheme, MaxModel: int64(c.cfg.Releases.MaxModel), Measured: measured,
			Overview: c.pulse.overview, Ready: c.ready, Metrics: newMetrics(c), Console: page, Log: c.log,
		}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelWarn),
	}
	return nil
}

func (c *Central) path(name string) string { return filepath.Join(c.cfg.State, name) }

// URL is where API and console are.
func (c *Central) URL() string { return "http://" + c.listener.Addr().String() }

// HubURL is where agents connect.
func (c *Central) HubURL() string { return c.hub.URL() }

// Welcome is a link that signs a browser in once, on the first start; empty
// later on.
func (c *Central) Welcome() string {
	if c.welcome == "" {
		return ""
	}
	return c.URL() + c.welcome
}

// ready is nil while what agents send is taken and kept.
func (c *Central) ready() error {
	if err := c.hub.Ready(); err != nil {
		return err
	}
	if !c.link.State().Connected {
		return errors.New("central has no connection to its own hub; if that lasts, restart it")
	}
	return nil
}

// Close lets go of everything. It may be called twice, and is to be called once
// Run has returned.
func (c *Central) Close() error {
	var errs []error
	if c.server != nil {
		errs = append(errs, c.server.Close())
		c.server = nil
	}
	if c.listener != nil {
		if err := c.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
		c.listener = nil
	}
	if c.hub != nil {
		c.hub.Close()
		c.hub = nil
	}
	if c.db != nil {
		errs = append(errs, c.db.Close())
		c.db = nil
	}
	return errors.Join(errs...)
}
