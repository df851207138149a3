package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/erasure"
	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/outbox"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/trust"
)

func logDir(c *Config) string { return filepath.Join(c.State, "log") }

// setsAside tells whether a log can't go on.
func setsAside(err error) bool {
	return errors.Is(err, journal.ErrDamaged) || errors.Is(err, store.ErrBehind) || errors.Is(err, outbox.ErrBeyond)
}

// setAside moves a log away. What it held and nobody else has is lost, which
// losses counts at the next start; somebody may look at the folder meanwhile.
func setAside(dir string, why error) error {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.aside-%d", dir, n)
		if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
			slog.Error("the log can't go on; it is set aside and a new one begins", "why", why, "folder", to)
			if err := os.Rename(dir, to); err != nil {
				return fmt.Errorf("set the log aside: %w", err)
			}
			return nil
		}
	}
}

// open opens everything in order. What it opened is closed by Close also after an
// error.
func (a *Agent) open(ctx context.Context) (err error) {
	c := &a.cfg
	if a.log, err = journal.Open(logDir(c), journal.Options{Limit: int64(c.Log.Limit), MinFree: uint64(c.Log.MinFree)}); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	if a.store, err = store.Open(c.State, a.log, store.Options{}); err != nil {
		return fmt.Errorf("open the tables: %w", err)
	}
	if a.vault, err = profile.OpenVault(keysDir(c)); err != nil {
		return fmt.Errorf("open the keys: %w", err)
	}
	a.losses = newLosses(a.store)
	a.catalogue = catalogue.New(a.store)
	a.consents = consent.New(a.store, a.vault, profile.NewRows(a.store))
	a.tastes = persona.New(a.store)
	a.events = attribution.New(a.store, a.consents, a.id.Secret, attribution.Options{})
	a.holds = coordinate.New(a.store, a.catalogue)
	a.actions = coordinate.NewActions(a.store, a.holds)
	a.budgets = coordinate.NewBudgets(a.store)
	a.fairness = fairness.New(a.store, filepath.Join(c.State, "fairness"))
	if a.replay, err = profile.OpenReplay(filepath.Join(c.State, "replay"), a.vault, profile.ReplayOptions{}); err != nil {
		return fmt.Errorf("open what is kept for replays: %w", err)
	}
	if err := a.openReleases(); err != nil {
		return err
	}
	if err := a.store.Recover(ctx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := a.losses.settle(logDir(c)); err != nil {
		return fmt.Errorf("count what was lost: %w", err)
	}
	if err := a.openLink(); err != nil {
		return err
	}
	if err := a.openCourier(); err != nil {
		return err
	}
	a.erasures, err = erasure.Open(erasure.Options{
		Log: a.log, LogDir: logDir(c), Store: a.store, Consents: a.consents, Vault: a.vault, Replay: a.replay, Outbox: a.outbox, Keys: keysDir(c),
	})
	if err != nil {
		return err
	}
	a.decider = ranking.New(ranking.Options{
		Store: a.store, Catalogue: a.catalogue, Consents: a.consents, Events: a.events, Holds: a.holds, Actions: a.actions, Budgets: a.budgets, Releases: a.releases,
		Secret: a.id.Secret, Site: a.id.Site, Fairness: a.fairness, Tastes: a.tastes, Replay: a.replay, Durable: c.Decide.Durable, Contact: a.contact,
	})
	return a.listen()
}

// openReleases comes before the tables recover: the catalogue then builds the
// columns that the release's models look at once, and not twice.
func (a *Agent) openReleases() (err error) {
	c := &a.cfg
	if a.engine, err = host.Open(host.Options{}); err != nil {
		return fmt.Errorf("start the engine of modules: %w", err)
	}
	o := release.Options{
		Dir: filepath.Join(c.State, "release"), Engine: a.engine, Catalogue: a.catalogue, Now: a.store.Now, Scheme: c.Scheme, Site: a.id.Site, Agent: a.id.Agent, Poll: c.Hub.Poll,
	}
	if a.id.Enrolled() {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return fmt.Errorf("make the folder of releases: %w", err)
		}
		if o.Trust, err = trust.Open(trust.Options{Path: filepath.Join(o.Dir, "trust"), Root: a.id.Root, Log: slog.Default()}); err != nil {
			return fmt.Errorf("open the trust: %w", err)
		}
	}
	if a.releases, err = release.Open(o); err != nil || a.id.Enrolled() {
		return err
	}
	return a.useFolder()
}

func (a *Agent) openLink() error {
	if !a.id.Enrolled() {
		return nil
	}
	key, err := deviceKey(&a.cfg)
	if err != nil {
		return err
	}
	public, err := key.PublicKey()
	if err != nil {
		return err
	}
	node, err := subject.NewNode(a.id.Site, a.id.Agent)
	if err != nil {
		return err
	}
	urls := a.cfg.Hub.URLs
	if len(urls) == 0 {
		urls = a.id.Hub
	}
	a.link = link.NewAgent(link.Config{URLs: urls, Public: public, Sign: key.Sign, MaxBackoff: a.cfg.Hub.Backoff, Poll: a.cfg.Hub.Poll, Log: slog.Default()}, node)
	a.outbox, err = outbox.Open(filepath.Join(a.cfg.State, "outbox"), a.log, a.link, outbox.Config{
		Agent: a.id.Agent, Sign: signer(key), MaxBackoff: min(30*time.Second, a.cfg.Hub.Backoff),
	})
	return err
}

func signer(key nkeys.KeyPair) func([]byte) ([]byte, error) { return key.Sign }

// Timeouts of the server. Rows that come slowly lift them for themselves.
const (
	headerWithin = 5 * time.Second
	bodyWithin   = 30 * time.Second
	answerWithin = time.Minute
	idleFor      = 2 * time.Minute
	maxHeader    = 32 << 10
)

func (a *Agent) listen() error {
	c := &a.cfg
	api, err := localapi.New(localapi.Node{
		Decider: a.decider, Events: a.events, Consents: a.consents, Catalogue: a.catalogue, Actions: a.actions, Releases: a.releases, Store: a.store,
		Status: a.status, Ready: a.ready, Secret: a.id.Secret, Edit: a.editor(), Erase: a.Erase,
	}, localapi.Options{
		Hosts: c.API.Hosts, Origins: c.API.Origins, Scheme: c.Scheme, Pages: c.Pages, Build: a.build,
		Limits:       localapi.Limits{Body: int64(c.API.Body), Bulk: int64(c.API.Bulk), Actions: c.API.Actions, Count: c.API.Count},
		Fragments:    localapi.Fragments(c.Fragments),
		Personalizer: localapi.Personalizer(c.Personalizer),
	})
	if err != nil {
		return fmt.Errorf("make the API: %w", err)
	}
	a.server = &http.Server{
		Handler: api, ReadHeaderTimeout: headerWithin, ReadTimeout: bodyWithin, WriteTimeout: answerWithin, IdleTimeout: idleFor,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	if a.listener, err = net.Listen("tcp", c.Address); err != nil {
		return fmt.Errorf("listen: %w; stop what uses the address, or change address in the configuration", err)
	}
	return nil
}
