// Package nodetest gives a test a node that can decide: everything that package
// ranking stands on, over a store of package storetest, with releases made here.
package nodetest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Secret is that of every node's pseudonyms.
var Secret = []byte("a secret of thirty-two bytes length")

// Node is a node that can decide, once it Uses a release.
type Node struct {
	*storetest.Node
	Catalogue *catalogue.Catalogue
	Vault     *profile.Vault
	Consents  *consent.Ledger
	Events    *attribution.Events
	Holds     *coordinate.Holds
	Actions   *coordinate.Actions
	Budgets   *coordinate.Budgets
	Fairness  *fairness.Watch
	Replay    *profile.Replay
	Engine    *host.Engine
	Releases  *release.Keeper
	Decider   *ranking.Decider

	ReleaseDir string

	t     testing.TB
	files map[string][]byte
}

// Options are what tests change of a node.
type Options struct {
	Trust       *trust.Verifier // nil: a node of its own
	Durable     bool
	Now         func() time.Time // for budgets
	Attribution attribution.Options
	Log         int64 // bytes of the log; 0: as many as it likes
	Scheme      item.Scheme
}

// New opens a node without a release.
func New(t testing.TB, o Options) *Node {
	n := &Node{t: t}
	engine, err := host.Open(host.Options{})
	n.check(err)
	n.Engine = engine
	keys, dir := t.TempDir(), t.TempDir()
	n.Node = storetest.New(t, func(st *store.Store) { n.build(st, o, keys, dir) }, o.Log)
	t.Cleanup(n.Close)
	return n
}

// Close is what the end of the test does, for those that open many nodes.
func (n *Node) Close() {
	_ = n.Releases.Close()
	_ = n.Replay.Close()
	_ = n.Engine.Close()
	n.Node.Close()
}

// Crash is Restart by a process whose modules did not close.
func (n *Node) Crash() {
	n.t.Helper()
	n.Releases = nil
	n.Restart()
}

func (n *Node) build(st *store.Store, o Options, keys, dir string) {
	var err error
	if n.Replay != nil {
		n.check(n.Replay.Close())
	}
	if n.Releases != nil {
		n.check(n.Releases.Close())
	}
	n.Vault, err = profile.OpenVault(keys)
	n.check(err)
	n.Catalogue = catalogue.New(st)
	n.Consents = consent.New(st, n.Vault, profile.NewRows(st))
	n.Events = attribution.New(st, n.Consents, Secret, o.Attribution)
	n.Holds = coordinate.New(st, n.Catalogue)
	n.Actions = coordinate.NewActions(st, n.Holds)
	n.Budgets = coordinate.NewBudgets(st)
	n.Fairness = fairness.New(st, filepath.Join(dir, "fairness"))
	n.Replay, err = profile.OpenReplay(filepath.Join(dir, "replay"), n.Vault, profile.ReplayOptions{})
	n.check(err)
	n.ReleaseDir = filepath.Join(dir, "release")
	n.Releases, err = release.Open(release.Options{
		Dir: n.ReleaseDir, Engine: n.Engine, Catalogue: n.Catalogue, Trust: o.Trust, Now: st.Now, Site: "north", Agent: "north-1", Scheme: o.Scheme,
		Log: slog.New(slog.DiscardHandler),
	})
	n.check(err)
	tastes := persona.New(st)
	n.Decider = ranking.New(ranking.Options{
		Tastes: tastes, Fairness: n.Fairness,
		Store: st, Catalogue: n.Catalogue, Consents: n.Consents, Events: n.Events, Holds: n.Holds, Actions: n.Actions, Budgets: n.Budgets, Releases: n.Releases,
		Secret: Secret, Site: "north", Replay: n.Replay, Durable: o.Durable, Now: o.Now,
	})
}

func (n *Node) check(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// Use makes files the node's release, also after a Restart.
func (n *Node) Use(files map[string][]byte) {
	n.t.Helper()
	n.files = files
	n.check(n.Releases.Use(files))
}

// Again uses the last release again, after a restart.
func (n *Node) Again() { n.Use(n.files) }

// Put writes items.
func (n *Node) Put(items ...*wire.Item) {
	n.t.Helper()
	report, err := n.Catalogue.PutItems(context.Background(), all(items))
	n.check(err)
	if report.Refused > 0 {
		n.t.Fatalf("%+v", report)
	}
}

// Move moves stock.
func (n *Node) Move(id, item string, delta int64) {
	n.t.Helper()
	_, err := n.Catalogue.Move(context.Background(), all([]*wire.StockMove{{Id: id, Item: item, Delta: delta}}))
	n.check(err)
}

func all[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Person is the pseudonym of a profile id.
func Person(id string) wire.Pseudonym { return wire.Pseudonymise(Secret, wire.Person, id) }

// Grant makes purposes all that a person grants.
func (n *Node) Grant(profileID string, purposes ...wire.Purpose) {
	n.t.Helper()
	who := Person(profileID)
	c := &wire.Consent{Pseudonym: who[:], Evidence: &wire.Evidence{Text: make([]byte, 32), Place: "kiosk"}}
	for _, p := range purposes {
		c.Purposes = append(c.Purposes, string(p))
	}
	n.check(n.Consents.Set(context.Background(), c))
}

// Know makes a text all that is known of a person, under the active release.
func (n *Node) Know(profileID, field, value string) {
	n.t.Helper()
	a := n.Releases.Active()
	fields := []consent.Field{{Name: field, Value: consent.Value{Kind: consent.Text, Text: value}}}
	_, err := n.Consents.Write(context.Background(), consent.Request{Who: Person(profileID), Terms: a.Terms}, fields, a.Profile)
	n.check(err)
}

// Bought makes items what a person bought, under the active release.
func (n *Node) Bought(profileID string, ids ...string) {
	n.t.Helper()
	a := n.Releases.Active()
	fields := []consent.Field{{Name: "bought", Value: consent.Value{Kind: consent.List, List: ids}}}
	_, err := n.Consents.Write(context.Background(), consent.Request{Who: Person(profileID), Terms: a.Terms}, fields, a.Profile)
	n.check(err)
}

// Records are all of the log.
func (n *Node) Records() (all []*wire.Record) {
	n.t.Helper()
	for seq := n.Log.First(); seq <= n.Log.Last(); seq++ {
		rec, err := n.Store.Record(seq)
		n.check(err)
		all = append(all, rec)
	}
	return all
}

// Decisions are those of the log, with their node times.
func (n *Node) Decisions() (all []*wire.Decision, at []int64) {
	n.t.Helper()
	for _, r := range n.Records() {
		if d := r.GetDecision(); d != nil {
			all, at = append(all, d), append(at, r.AtMs)
		}
	}
	return all, at
}

// Item is one that every rule lets through.
func Item(id string, change func(*wire.Item)) *wire.Item {
	it := &wire.Item{
		Id: id, Scheme: "own", Title: id, Brand: "b1", Category: "food/fruit", Price: &wire.Money{Amount: 1190, Currency: "EUR"},
		TaxRate: 0.19, Cost: 500, CostKnown: true, Stock: 100, StockKnown: true, Status: "active", Attributes: map[string]string{},
	}
	if change != nil {
		change(it)
	}
	return it
}

// Items are n of them, different in all that a model looks at.
func Items(n int) []*wire.Item {
	items := make([]*wire.Item, n)
	for i := range items {
		items[i] = Item(fmt.Sprintf("item-%05d", i), func(it *wire.Item) {
			it.Price.Amount += int64(i % 97)
			it.Category = fmt.Sprintf("dept%d/cat%d", i%7, i%31)
			it.Brand = fmt.Sprintf("brand%d", i%13)
		})
	}
	return items
}

// Slots is a slots.yaml with some slots after its head.
func Slots(slots string) string {
	return "version: 0\nsalt: " + strings.Repeat("3f", 32) + "\nregime: opt_in\nlease: 168h\nmax_offline: 720h\nframe_share: 0.05\nslots:\n" + slots
}

// Slot is one slot that lets everything be drawn.
const Slot = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 10000}}
    count: 3
    policy: {kind: squarecb, epsilon: 0.2, gamma: 10}
    reward: {weights: {click: 1}}
    rules: []
`

// Features is a features.yaml with one of everything.
const Features = `
version: 0
features:
  - {name: hour, scope: context, kind: dense, source: time.hour}
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}
  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p, scale: 0.1}
  - {name: stock, scope: item, kind: dense, source: item.stock, scale: 0.01}
  - {name: said, scope: item, kind: dense, source: action.said}
  - {name: item, scope: item, kind: hashed, source: item.id}
  - {name: category, scope: item, kind: hashed, source: item.category}
crosses: [[weather, category], [taste, category]]
bits: 10
`

// Files is a release: its three files, and a model for each of models, which says
// what the model knows.
func Files(t testing.TB, slots, rules, features string, models map[string]func(*scoring.Linear)) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"slots.yaml": []byte(slots), "rules.yaml": []byte(rules), "features.yaml": []byte(features)}
	book, err := rulebook.Parse(rulebook.Files{Slots: files["slots.yaml"], Rules: files["rules.yaml"], Features: files["features.yaml"],
		Purpose: func(s string) bool { return wire.Purpose(s).Valid() }})
	if err != nil {
		t.Fatal(err)
	}
	for name, teach := range models {
		files["model/"+name] = Model(t, book, teach)
	}
	return files
}

// Rankings adds rankings to a release.
func Rankings(t testing.TB, files map[string][]byte, rankings map[string][]string) {
	b, err := json.Marshal(rankings)
	if err != nil {
		t.Fatal(err)
	}
	files["model/rankings.json"] = b
}

// Model is a sealed bundle over the features of a rulebook.
func Model(t testing.TB, book *rulebook.Rulebook, teach func(*scoring.Linear)) []byte {
	t.Helper()
	m := bundle.Manifest{Family: bundle.FamilyLinear, Created: 1_767_000_000_000, Bits: book.Bits, Heads: []string{"reward"}, Variance: true, Emitter: compile.Emitter}
	for _, scope := range []rulebook.Scope{rulebook.ContextScope, rulebook.ItemScope} {
		for _, kind := range []rulebook.FeatureKind{rulebook.Dense, rulebook.Hashed} {
			for _, f := range book.Features {
				if f.Scope == scope && f.Kind == kind {
					m.Columns = append(m.Columns, bundle.ColumnOf(&f, book.Hash))
				}
			}
		}
	}
	for _, c := range book.Crosses {
		m.Crosses = append(m.Crosses, c)
	}
	hashed := false
	for _, c := range m.Columns {
		hashed = hashed || c.Kind == bundle.KindHashed
	}
	if !hashed {
		m.Bits = 0
	}
	shape, err := m.Shape()
	if err != nil {
		t.Fatal(err)
	}
	l, err := scoring.New(shape)
	if err != nil {
		t.Fatal(err)
	}
	if teach != nil {
		teach(l)
	}
	return Seal(t, m, l)
}

// Seal makes a bundle of a manifest and what its model knows.
func Seal(t testing.TB, m bundle.Manifest, l *scoring.Linear) []byte {
	t.Helper()
	code, err := compile.Linear(l.Shape)
	if err != nil {
		t.Fatal(err)
	}
	m.Module = compile.Digest(code)
	blob, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden, err := bundle.Golden(l)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := bundle.Seal(m, bundle.Parts{Model: blob, Golden: golden})
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// Random makes a model know something about everything.
func Random(seed uint64) func(*scoring.Linear) {
	return func(l *scoring.Linear) {
		x := seed
		for i := range l.Heads[0].Mean {
			if i == l.Nothing() {
				continue
			}
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			l.Heads[0].Mean[i] = float32(int64(x>>40)-1<<23) / (1 << 24)
			l.Heads[0].Variance[i] = float32(x>>44) / (1 << 20)
		}
	}
}
