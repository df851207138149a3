package release

import (
	"context"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
)

const (
	slots = `version: 0
salt: 3f00112233445566778899aabbccddeeff00112233445566778899aabbccddee
slots:
  - id: hero
    kind: content
    source: {catalogue: {}}
    reward: {weights: {click: 1}, range: [0, 2]}
`
	features = `version: 0
features:
  - {name: item, scope: item, kind: hashed, source: item.id}
bits: 8
hash: xx64
`
)

func folder() map[string][]byte {
	return map[string][]byte{
		"slots.yaml": []byte(slots), "rules.yaml": []byte("version: 0\nrules:\n  - {id: live, kind: active}\n"),
		"features.yaml": []byte(features), "offers.csv": []byte("id,title,kind,target\n"),
	}
}

// with is the folder with one text replaced.
func with(file, old, by string) map[string][]byte {
	f := folder()
	f[file] = []byte(strings.Replace(string(f[file]), old, by, 1))
	return f
}

// shelf is a hub that a node reads at once. It may be out of reach.
type shelf struct {
	files trust.Files
	lost  bool
}

func (s *shelf) PutChunk(context.Context, artifact.Digest, uint32, []byte) error { return s.err() }
func (s *shelf) PutFile(_ context.Context, name string, b []byte) error {
	if s.err() == nil {
		s.files[name] = b
	}
	return s.err()
}
func (s *shelf) Sweep(context.Context, func(artifact.Digest) bool, func(string) bool) error {
	return s.err()
}

func (s *shelf) err() error {
	if s.lost {
		return errors.New("no hub")
	}
	return nil
}

// world is a maker with all that it works with, and a node that verifies.
type world struct {
	*testing.T
	dir      string
	db       *store.DB
	hub      *shelf
	maker    *Maker
	node     *trust.Verifier
	learned  *training.Snapshot // for whatever folder is in force
	maxModel int64
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, dir: t.TempDir(), hub: &shelf{files: trust.Files{}}, maxModel: 1 << 20}
	if err := rollout.CreateKeys(filepath.Join(w.dir, "keys")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	w.start()
	var err error
	w.node, err = trust.Open(trust.Options{Path: filepath.Join(w.dir, "node"), Root: w.maker.cfg.Repository.Root()})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// start opens the maker, or opens it again as after a crash.
func (w *world) start() {
	w.Helper()
	if w.db != nil {
		w.db.Close()
	}
	var err error
	if w.db, err = store.Open(w.dir, nil, registry.Schema, Schema); err != nil {
		w.Fatal(err)
	}
	c := Config{Store: w.db, Scheme: item.Own, Keep: 2, MaxModel: w.maxModel, Learned: func(f *registry.Folder) *training.Snapshot { return w.learned }}
	if c.Registry, err = registry.Open(w.db, filepath.Join(w.dir, "artifacts")); err != nil {
		w.Fatal(err)
	}
	if c.Repository, err = rollout.Open(rollout.Config{Dir: filepath.Join(w.dir, "rollout"), Keys: filepath.Join(w.dir, "keys"), Publisher: w.hub}); err != nil {
		w.Fatal(err)
	}
	if w.maker, err = Open(w.Context(), c); err != nil {
		w.Fatal(err)
	}
}

// learn is what training knows after so many decisions.
func (w *world) learn(decisions int64, mean float32) {
	f, _ := w.maker.Folder()
	m, err := scoring.New(f.Shape())
	if err != nil {
		w.Fatal(err)
	}
	m.Heads[0].Mean[0] = mean
	w.learned = &training.Snapshot{
		Stats:    training.Stats{File: decisions, Decisions: decisions, Learned: decisions},
		Models:   map[string]*scoring.Linear{"hero": m},
		Rankings: map[string][]string{"hero": {"b", "a"}},
		Arms:     map[string][]training.Arm{"hero": {{ID: "random", Policy: rulebook.Uniform, Rewards: experiment.Moments{N: decisions}}}},
	}
}

func (w *world) propose(files map[string][]byte) Made {
	w.Helper()
	m, err := w.maker.Propose(w.Context(), "test", "a note", files)
	if err != nil {
		w.Fatal(err)
	}
	return m
}

func (w *world) publish(counter uint64) Made {
	w.Helper()
	m, err := w.maker.Publish(w.Context(), "test", counter)
	if err != nil {
		w.Fatal(err)
	}
	return m
}

// installed is what the node takes now.
func (w *world) installed() *trust.Candidate {
	w.Helper()
	c, err := w.node.Refresh(w.Context(), w.hub.files)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func digest(m Made, name string) [32]byte {
	for _, a := range m.Artifacts {
		if a.Name == name {
			return a.Digest
		}
	}
	return [32]byte{}
}

func TestProposedThenPublished(t *testing.T) {
	w := newWorld(t)
	p := w.propose(folder())
	if p.Counter != 1 || p.Published || p.Kind != kindFull {
		t.Errorf("proposal is %+v", p)
	}
	if _, _, err := w.maker.Newest(t.Context()); !errors.Is(err, ErrNothing) {
		t.Errorf("newest: %v", err)
	}
	if f, _ := w.maker.Folder(); f != nil {
		t.Error("a proposal is in force")
	}
	if m := w.publish(0); m.Counter != 1 || !m.Published || string(m.Manifest) != string(p.Manifest) {
		t.Errorf("published is %+v", m)
	}
	if c := w.installed(); c.Release.Counter != 1 || c.Role != "targets" {
		t.Errorf("the node installs %d of %s", c.Release.Counter, c.Role)
	}
	if _, err := w.maker.Publish(t.Context(), "test", 0); !errors.Is(err, ErrNothing) {
		t.Errorf("published twice: %v", err)
	}
}

// TestRefreshOnlyWhatIsNew: a refresh needs something learned since, differs in
// what was learned alone, and nodes take it from the online role.
func TestRefreshOnlyWhatIsNew(t *testing.T) {
	w := newWorld(t)
	refresh := func() (Made, error) { return w.maker.Refresh(t.Context()) }
	if _, err := refresh(); !errors.Is(err, ErrNothing) {
		t.Errorf("before the first release: %v", err)
	}
	w.propose(folder())
	full := w.publish(0)
	if _, err := refresh(); !errors.Is(err, ErrNothing) {
		t.Errorf("while nothing is known: %v", err)
	}
	w.learn(10, 0.5)
	m, err := refresh()
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != kindRefresh || m.Counter != 2 || m.Lineage[0].LastFile != 10 || digest(m, "slots.yaml") != digest(full, "slots.yaml") || digest(m, "model/hero") == digest(full, "model/hero") || digest(m, rankings) == digest(full, rankings) {
		t.Errorf("refresh is %+v", m)
	}
	if c := w.installed(); c.Release.Counter != 2 || c.Role != trust.RefreshRole {
		t.Errorf("the node installs %d of %s", c.Release.Counter, c.Role)
	}
	w.start()
	if _, err := refresh(); !errors.Is(err, ErrNothing) {
		t.Errorf("the same again: %v", err)
	}
	w.learn(11, 0.5)
	if m, err = refresh(); err != nil || m.Counter != 3 {
		t.Errorf("refresh %d: %v", m.Counter, err)
	}
}

// TestOvertakenProposalIsMadeAnew: refreshes go on while a proposal waits; then
// its folder comes out under a new counter, with the models as they are now.
func TestOvertakenProposalIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0)
	p := w.propose(with("rules.yaml", "live", "alive"))
	w.learn(10, 0.5)
	r, err := w.maker.Refresh(t.Context())
	if err != nil || r.Counter != 3 {
		t.Fatalf("refresh %d: %v", r.Counter, err)
	}
	m := w.publish(p.Counter)
	if m.Counter != 4 || digest(m, "rules.yaml") != digest(p, "rules.yaml") || digest(m, "model/hero") == digest(p, "model/hero") || m.Lineage[0].Decisions != 10 {
		t.Errorf("published is %+v", m)
	}
	if c := w.installed(); c.Release.Counter != 4 {
		t.Errorf("the node installs %d", c.Release.Counter)
	}
	list, err := w.maker.List(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var counters []uint64
	for _, m := range list {
		counters = append(counters, m.Counter)
	}
	if !slices.Equal(counters, []uint64{4, 3, 1}) {
		t.Errorf("listed are %v; the proposal of 2 is done with", counters)
	}
}

// TestRollbackStays: what was taken back does not return by a refresh, neither
// at once nor after a restart, and no node goes back behind it by itself.
func TestRollbackStays(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	first := w.publish(0)
	w.learn(10, 0.5)
	if _, err := w.maker.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := w.installed(); c.Release.Counter != 2 {
		t.Fatalf("the node installs %d", c.Release.Counter)
	}
	was := w.installed().Manifest
	back, err := w.maker.Rollback(t.Context(), "test", 1, "worse")
	if err != nil {
		t.Fatal(err)
	}
	if back.Kind != kindRollback || back.Counter != 3 || digest(back, "model/hero") != digest(first, "model/hero") || back.Note != "worse" {
		t.Errorf("rollback is %+v", back)
	}
	c := w.installed()
	if c.Release.Counter != 3 || c.Release.MinCounter != 3 {
		t.Errorf("the node installs %d with minimum %d", c.Release.Counter, c.Release.MinCounter)
	}
	if _, err := w.node.Admitted(was); !errors.Is(err, trust.ErrRollback) {
		t.Errorf("what was taken back may run: %v", err)
	}
	w.learn(20, 0.6)
	for range 2 {
		if _, err := w.maker.Refresh(t.Context()); !errors.Is(err, ErrNothing) {
			t.Fatalf("refreshed after a rollback: %v", err)
		}
		w.start()
	}
	w.propose(folder())
	if m := w.publish(0); m.Counter != 4 {
		t.Errorf("published %d", m.Counter)
	}
	w.learn(30, 0.7)
	if m, err := w.maker.Refresh(t.Context()); err != nil || m.Counter != 5 {
		t.Errorf("refresh %d after the next folder: %v", m.Counter, err)
	}
	if c := w.installed(); c.Release.Counter != 5 || c.Release.MinCounter != 3 {
		t.Errorf("the node installs %d with minimum %d", c.Release.Counter, c.Release.MinCounter)
	}
}

func TestRollbackOfWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0)
	p := w.propose(folder())
	for counter, want := range map[uint64]error{9: registry.ErrNone, p.Counter: ErrNotPublished} {
		if _, err := w.maker.Rollback(t.Context(), "test", counter, ""); !errors.Is(err, want) {
			t.Errorf("rollback to %d: %v, want %v", counter, err, want)
		}
	}
}

// TestSweepKeepsWhatMayRun: of five releases the last two, the one in force, an
// open proposal and what an agent runs can still be read.
func TestSweepKeepsWhatMayRun(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0) // 1, in force
	for n := int64(2); n <= 5; n++ {
		w.learn(n, float32(n)/10)
		if _, err := w.maker.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.propose(with("rules.yaml", "live", "alive")) // 6
	if err := w.maker.Sweep(t.Context(), []uint64{2, 0}); err != nil {
		t.Fatal(err)
	}
	for counter, want := range map[uint64]error{1: nil, 2: nil, 3: ErrNotKept, 4: nil, 5: nil} {
		m, err := w.maker.get(t.Context(), counter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.maker.kept(m.Entry); !errors.Is(err, want) {
			t.Errorf("release %d: %v, want %v", counter, err, want)
		}
	}
	if m := w.publish(6); m.Counter != 6 {
		t.Errorf("the proposal came out as %d", m.Counter)
	}
}

// TestCrashAroundTheSignature: before it nothing was published and the counter
// is spent; after it the release is found published.
func TestCrashAroundTheSignature(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0)
	w.learn(10, 0.5)
	f, _ := w.maker.Folder()
	h, err := w.maker.next(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	r, lineage, err := w.maker.assemble(t.Context(), f, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.maker.keep(t.Context(), kindRefresh, Trainer, r, lineage); err != nil {
		t.Fatal(err)
	}
	w.start() // kept, not signed
	if m, _, err := w.maker.Newest(t.Context()); err != nil || m.Counter != 1 {
		t.Errorf("newest is %d (%v), want 1", m.Counter, err)
	}
	if list, err := w.maker.List(t.Context(), 10); err != nil || len(list) != 1 {
		t.Errorf("listed are %v (%v)", list, err)
	}
	m, err := w.maker.Refresh(t.Context())
	if err != nil || m.Counter != 3 {
		t.Fatalf("refresh %d: %v", m.Counter, err)
	}

	w.learn(20, 0.5)
	if h, err = w.maker.next(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if r, lineage, err = w.maker.assemble(t.Context(), f, h); err != nil {
		t.Fatal(err)
	}
	if err := w.maker.keep(t.Context(), kindRefresh, Trainer, r, lineage); err != nil {
		t.Fatal(err)
	}
	if err := w.maker.cfg.Repository.Publish(t.Context(), rollout.Refresh, r.Manifest, slices.Collect(maps.Values(r.Artifacts))...); err != nil {
		t.Fatal(err)
	}
	w.start() // signed, not said so
	if m, _, err := w.maker.Newest(t.Context()); err != nil || m.Counter != 4 || m.Lineage[0].Decisions != 20 {
		t.Errorf("newest is %+v (%v), want 4", m, err)
	}
	tail, err := w.db.Tail(t.Context(), 1, "")
	if err != nil || len(tail) != 1 || tail[0].Action != "publish release" || tail[0].Subject != "4" || tail[0].Actor != Trainer {
		t.Errorf("audit is %+v (%v)", tail, err)
	}
}

// TestUnreachableHubIsNoFailure: what is signed is published, and goes out when
// the hub is back.
func TestUnreachableHubIsNoFailure(t *testing.T) {
	w := newWorld(t)
	w.hub.lost = true
	w.propose(folder())
	if m := w.publish(0); !m.Published {
		t.Error("signed, and not published")
	}
	w.hub.lost = false
	if err := w.maker.cfg.Repository.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := w.installed(); c.Release.Counter != 1 {
		t.Errorf("the node installs %d", c.Release.Counter)
	}
}

// TestNothingUnsoundIsSigned: weights that no reward could teach, weights that
// are no numbers, and models beyond their bound stay here.
func TestNothingUnsoundIsSigned(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0)
	for name, mean := range map[string]float32{"too large": 43, "too small": -43, "infinite": float32(math.Inf(1)), "no number": float32(math.NaN())} {
		w.learn(10, mean)
		if m, err := w.maker.Refresh(t.Context()); !errors.Is(err, ErrPreflight) {
			t.Errorf("%s: refresh %d: %v", name, m.Counter, err)
		}
	}
	w.learn(10, 1.9)
	if _, err := w.maker.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	w.maxModel = 4000
	w.start()
	w.learn(11, 1)
	if _, err := w.maker.Refresh(t.Context()); !errors.Is(err, ErrPreflight) || !strings.Contains(err.Error(), "releases.max_model") {
		t.Errorf("a model of more than 4000 bytes: %v", err)
	}
	if m, _, err := w.maker.Newest(t.Context()); err != nil || m.Counter != 2 {
		t.Errorf("newest is %d (%v), want 2", m.Counter, err)
	}
}

func TestFaultsOfAFolder(t *testing.T) {
	w := newWorld(t)
	var faults rulebook.Faults
	if _, err := w.maker.Propose(t.Context(), "test", "", with("slots.yaml", "content", "contnet")); !errors.As(err, &faults) || len(faults) == 0 {
		t.Errorf("got %v", err)
	}
	if next, err := w.maker.cfg.Registry.Next(t.Context()); err != nil || next != 1 {
		t.Errorf("something was kept: next is %d (%v)", next, err)
	}
}

// TestOtherColumnsBeginAnew: what was learned for other columns does not go into
// a model of these.
func TestOtherColumnsBeginAnew(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0)
	w.learn(10, 0.5)
	p := w.propose(with("features.yaml", "item.id", "item.brand"))
	if p.Lineage[0].LastFile != 0 {
		t.Errorf("lineage is %+v", p.Lineage)
	}
	w.learned.Models["gone"] = w.learned.Models["hero"] // of a slot that the next folder does not have
	if p = w.propose(with("rules.yaml", "live", "alive")); p.Lineage[0].LastFile != 10 {
		t.Errorf("lineage of the same columns is %+v", p.Lineage)
	}
}

// TestNothingIsForgotten: a folder that is published while training learns anew
// keeps what was out.
func TestNothingIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.propose(folder())
	w.publish(0)
	w.learn(10, 0.5)
	if _, err := w.maker.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.learned = nil
	w.propose(with("rules.yaml", "live", "alive"))
	m := w.publish(0)
	l, err := w.maker.released(m.Entry)
	if err != nil {
		t.Fatal(err)
	}
	if l.Models["hero"].Heads[0].Mean[0] != 0.5 || !slices.Equal(l.Rankings["hero"], []string{"b", "a"}) || m.Lineage[0].Decisions != 10 {
		t.Errorf("it knows %v %v from %+v", l.Models["hero"].Heads[0].Mean[0], l.Rankings, m.Lineage)
	}
}

func TestFolderInForceChanges(t *testing.T) {
	w := newWorld(t)
	_, changed := w.maker.Folder()
	w.propose(folder())
	w.publish(0)
	select {
	case <-changed:
	case <-time.After(time.Second):
		t.Error("nobody was told")
	}
	before, changed := w.maker.Folder()
	w.learn(1, 0.1)
	if _, err := w.maker.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
		t.Error("a refresh is no other folder")
	default:
	}
	w.start()
	if after, _ := w.maker.Folder(); after == nil || !maps.EqualFunc(after.Files(), before.Files(), slices.Equal) {
		t.Error("the folder in force is another after a restart")
	}
}
