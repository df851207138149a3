// Package fleet knows the agents: which may join, by which key they speak, what
// they last said about themselves, and for which of them a site waits.
//
// # Joining
//
// Invite makes a token for one name at one site; only its SHA-256 is kept. An
// agent makes its own key pair (nkeys, user form) and calls Enrol with token,
// public key and a signature by that key over
//
//	"aisle enrol 0\n" token "\n" public key
//
// which proves that it holds the key. A token works once; the same key may
// repeat it until it expires and gets the same answer, so an answer lost on the
// way costs nothing. A name that enrols again (a reinstalled node) moves to the
// new key. The old key can't connect any more, but segments it signed that are
// still on their way count. Revoking a name makes all its keys worthless.
//
// # Functions
//
// The functions of a site that take their actions at the hub have a key each, in the
// same form; whoever administers the centre names it. Another one replaces it at once.
//
// # Scope
//
// A decision is only finished once every agent of its site has reported past
// it. Scope says which agents that means: all that are enrolled, not revoked
// and heard of within GoneAfter; time during which central itself was down does
// not count against them.
//
// Errors are ErrToken, ErrProof, ErrKey, ErrUnknown, ErrNoFunction; each says what to do.
package fleet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nkeys"
	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrToken is returned by Enrol for a token that is unknown, used or expired.
	ErrToken = errors.New("the token is unknown, used or expired; make a new one with `aisle-central enrol AGENT`")
	// ErrProof is returned by Enrol when the signature is not by the given key.
	ErrProof = errors.New("the proof is no signature by the given key; run `aisle-agent enrol` again")
	// ErrKey is returned by Enrol for a key that is malformed, revoked or another agent's.
	ErrKey = errors.New("the key can't be enrolled; remove keys/device.nk on the node and enrol again")
	// ErrUnknown is returned for an agent that never enrolled.
	ErrUnknown = errors.New("no such agent; list them with `aisle-central report`")
	// ErrNoFunction is returned for a function that has no key.
	ErrNoFunction = errors.New("no such function has a key; list them with `aisle-central function list`")
)

// Schema is the fleet's tables, for store.Open.
var Schema = store.Schema{Name: "fleet", Steps: []string{`
CREATE TABLE fleet_tenant (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  secret BLOB NOT NULL
);
CREATE TABLE fleet_token (
  hash BLOB PRIMARY KEY,
  agent TEXT NOT NULL,
  site TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_by TEXT
);
CREATE TABLE fleet_agent (
  name TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  enrolled_ms INTEGER NOT NULL,
  heard_ms INTEGER NOT NULL,
  status BLOB
);
CREATE TABLE fleet_key (
  key TEXT PRIMARY KEY,
  agent TEXT NOT NULL REFERENCES fleet_agent (name),
  standing TEXT NOT NULL CHECK (standing IN ('current', 'replaced', 'revoked'))
);`, `
CREATE TABLE fleet_function (
  key TEXT PRIMARY KEY,
  site TEXT NOT NULL,
  name TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  UNIQUE (site, name)
);`}}

// Options tune a fleet; the zero value is good.
type Options struct {
	// GoneAfter is how long an agent may be silent before its site stops waiting
	// for it. Default 24 h.
	GoneAfter time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log is told what failed and will be tried again. Default slog.Default().
	Log *slog.Logger
}

// Agent is one enrolled agent.
type Agent struct {
	Name       string
	Site       string
	Key        string       // public, nkeys user form; empty: revoked
	EnrolledMs int64        // Unix ms
	HeardMs    int64        // Unix ms of central's clock, of its last sign of life
	Status     *wire.Status // its last; nil: none yet
}

// Fleet is the registry of agents. It is safe for concurrent use; lookups never
// touch the disk.
type Fleet struct {
	// immutable after Open
	db        *store.DB
	now       func() time.Time
	goneAfter time.Duration
	opened    time.Time
	log       *slog.Logger
	secret    []byte

	changing sync.Mutex // orders changes on disk and in memory alike

	mu     sync.RWMutex // guards the rest
	agents map[string]*member
	byKey  map[string]*member  // current keys only
	reads  map[string]Function // by key
}

// member is an agent with all that memory keeps of it.
type member struct {
	Agent
	keys  []ed25519.PublicKey // current and replaced, never revoked
	dirty bool                // heard of since it was last written
}

// Open reads the fleet from a store that has Schema, and makes the tenant's
// pseudonym secret the first time.
func Open(ctx context.Context, db *store.DB, o Options) (*Fleet, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.GoneAfter == 0 {
		o.GoneAfter = 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	f := &Fleet{db: db, now: o.Now, goneAfter: o.GoneAfter, opened: o.Now(), log: o.Log}
	var err error
	if f.secret, err = tenantSecret(ctx, db); err != nil {
		return nil, fmt.Errorf("open fleet: read the tenant's secret: %w", err)
	}
	if err := f.load(ctx); err != nil {
		return nil, fmt.Errorf("open fleet: %w", err)
	}
	return f, nil
}

// load replaces what memory knows by what is on disk.
func (f *Fleet) load(ctx context.Context) error {
	agents := make(map[string]*member)
	byKey := make(map[string]*member)
	reads := make(map[string]Function)
	err := f.db.View(ctx, func(tx *store.Tx) error {
		if err := loadAgents(tx, agents); err != nil {
			return err
		}
		if err := loadKeys(tx, agents, byKey); err != nil {
			return err
		}
		return loadFunctions(tx, reads)
	})
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, m := range agents {
		if old := f.agents[name]; old != nil && old.HeardMs >= m.HeardMs {
			m.HeardMs, m.Status, m.dirty = old.HeardMs, old.Status, old.dirty
		}
	}
	f.agents, f.byKey, f.reads = agents, byKey, reads
	return nil
}

func loadAgents(tx *store.Tx, agents map[string]*member) error {
	for row, err := range tx.Query(`SELECT name, site, enrolled_ms, heard_ms, status FROM fleet_agent`) {
		if err != nil {
			return err
		}
		m := new(member)
		var status []byte
		if err := row.Scan(&m.Name, &m.Site, &m.EnrolledMs, &m.HeardMs, &status); err != nil {
			return err
		}
		if status != nil {
			m.Status = new(wire.Status)
			if err := proto.Unmarshal(status, m.Status); err != nil {
				return fmt.Errorf("read status of %s: %w", m.Name, err)
			}
		}
		agents[m.Name] = m
	}
	return nil
}

func loadKeys(tx *store.Tx, agents, byKey map[string]*member) error {
	for row, err := range tx.Query(`SELECT key, agent, standing FROM fleet_key WHERE standing <> 'revoked'`) {
		if err != nil {
			return err
		}
		var key, agent, standing string
		if err := row.Scan(&key, &agent, &standing); err != nil {
			return err
		}
		raw, err := nkeys.Decode(nkeys.PrefixByteUser, []byte(key))
		if err != nil {
			return fmt.Errorf("read key of %s: %w", agent, err)
		}
		m := agents[agent]
		m.keys = append(m.keys, ed25519.PublicKey(raw))
		if standing == "current" {
			m.Key = key
			byKey[key] = m
		}
	}
	return nil
}

// Lookup says whose current key this is; ok is false for all others.
func (f *Fleet) Lookup(publicKey string) (agent, site string, ok bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	m, ok := f.byKey[publicKey]
	if !ok {
		return "", "", false
	}
	return m.Name, m.Site, true
}

// Keys returns every key whose signature still counts for an agent: its current
// one and those that it replaced. None: unknown or revoked.
func (f *Fleet) Keys(agent string) []ed25519.PublicKey {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if m := f.agents[agent]; m != nil {
		return m.keys
	}
	return nil
}

// Agents lists the fleet, by name.
func (f *Fleet) Agents() []Agent {
	f.mu.RLock()
	defer f.mu.RUnlock()
	list := make([]Agent, 0, len(f.agents))
	for _, name := range sortedNames(f.agents) {
		list = append(list, f.agents[name].Agent)
	}
	return list
}

// Scope lists, for each site, the agents a decision of the site waits for.
func (f *Fleet) Scope() map[string][]string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	scope := make(map[string][]string)
	now := f.now()
	for _, name := range sortedNames(f.agents) {
		m := f.agents[name]
		heard := time.UnixMilli(max(m.HeardMs, f.opened.UnixMilli()))
		if m.Key != "" && now.Sub(heard) <= f.goneAfter {
			scope[m.Site] = append(scope[m.Site], name)
		}
	}
	return scope
}
