package release_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/trust/trusttest"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

const rules = "version: 0\nrules:\n  - {id: live, kind: active}\n"

// hub is where releases come from, with whatever is wrong with it.
type hub struct {
	t         *testing.T
	repo      *trusttest.Repo
	artifacts map[[32]byte][]byte
	cut       int         // bytes by which chunks are cut short
	down      bool        // it can't be reached
	forged    bool        // its newest signature is not its own
	old       trust.Files // it gives out these again
}

func (h *hub) File(ctx context.Context, name string, limit int) ([]byte, error) {
	if h.down {
		return nil, link.ErrOffline
	}
	if h.old != nil {
		return h.old.File(ctx, name, limit)
	}
	b, err := h.repo.Files().File(ctx, name, limit)
	if at := bytes.Index(b, []byte(`"sig":`)); h.forged && name == "timestamp.json" && at > 0 {
		at += bytes.IndexByte(b[at+6:], '"') + 7
		b = bytes.Clone(b)
		b[at] = "10"[b[at]&1]
	}
	return b, err
}

func (h *hub) Chunk(_ context.Context, d [32]byte, i uint32) ([]byte, error) {
	if h.down {
		return nil, link.ErrOffline
	}
	for k, chunk := range artifact.Chunks(h.artifacts[d]) {
		if k == i {
			return chunk[:len(chunk)-min(h.cut, len(chunk))], nil
		}
	}
	return nil, fs.ErrNotExist
}

// node is an enrolled node and its hub.
type node struct {
	*nodetest.Node
	*hub
	trust *trust.Verifier
	past  trust.Files // what the hub held once
}

func enrolled(t *testing.T, change ...func(*nodetest.Options)) *node {
	h := &hub{t: t, repo: trusttest.New(t), artifacts: map[[32]byte][]byte{}}
	v, err := trust.Open(trust.Options{Path: filepath.Join(t.TempDir(), "trust"), Root: h.repo.Root()})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{hub: h, trust: v}
	o := nodetest.Options{Trust: v}
	for _, f := range change {
		f(&o)
	}
	n.Node = nodetest.New(t, o)
	n.Put(nodetest.Items(20)...)
	return n
}

// files are a release of one slot, whose model is taught.
func (h *hub) files(teach func(*scoring.Linear)) map[string][]byte {
	return nodetest.Files(h.t, nodetest.Slots(nodetest.Slot), rules, nodetest.Features, map[string]func(*scoring.Linear){"hero": teach})
}

// publish releases files; change changes the manifest before it is signed.
func (h *hub) publish(counter uint64, files map[string][]byte, change func(*wire.Release)) {
	h.t.Helper()
	r := &wire.Release{Counter: counter, Id: fmt.Sprint("release ", counter), MinCounter: 1}
	for name, b := range files {
		d := sha256.Sum256(b)
		h.artifacts[d] = b
		r.Artifacts = append(r.Artifacts, &wire.Artifact{Name: name, Digest: d[:], Size: uint64(len(b))})
		if strings.HasPrefix(name, "model/") && !strings.HasSuffix(name, ".json") {
			if opened, err := bundle.Open(b); err == nil {
				code, _ := hex.DecodeString(opened.Manifest.Module)
				r.Scorers = append(r.Scorers, &wire.Scorer{Model: name, Emitter: opened.Manifest.Emitter, Module: code})
			} else {
				r.Scorers = append(r.Scorers, &wire.Scorer{Model: name, Emitter: compile.Emitter, Module: make([]byte, 32)})
			}
		}
	}
	if change != nil {
		change(r)
	}
	h.repo.Publish(r)
}

func (n *node) update() error { return n.Releases.Update(ctx, n.hub) }

func (n *node) runs(counter uint64) {
	n.t.Helper()
	a := n.Releases.Active()
	if a == nil && counter == 0 {
		return
	}
	if a == nil || a.Counter != counter {
		n.t.Fatalf("%+v runs, want release %d (refused: %v)", a, counter, n.Releases.Status().Refused)
	}
}

func (n *node) decide() *ranking.Answer {
	n.t.Helper()
	a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero"})
	if err != nil {
		n.t.Fatal(err)
	}
	return a
}

// Promise 8: what ran last runs again at once, without a network, verified.
func TestRestartOffline(t *testing.T) {
	n := enrolled(t)
	if err := n.update(); !errors.Is(err, trust.ErrNoRelease) {
		t.Errorf("from an empty hub: %v", err)
	}
	n.runs(0)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.runs(1)
	n.down = true
	for range 3 {
		n.Restart()
		n.runs(1)
		if a := n.decide(); a.Degraded != ranking.NotDegraded || a.Versions.Release != "release 1" {
			t.Fatalf("%+v", a)
		}
	}
	n.Advance(7 * 24 * time.Hour)
	n.Restart()
	n.runs(1)
	if a := n.decide(); a.Degraded != ranking.NotDegraded || len(a.Items) != 3 {
		t.Fatalf("after a week: %+v", a)
	}
	if err := n.update(); err == nil || n.Releases.Status().Refused != nil {
		t.Errorf("an absent hub refuses nothing: %v, %v", err, n.Releases.Status().Refused)
	}
	n.runs(1)
}

// Scored modules stop after max_offline, and serving does not; one word from the
// hub and they score again.
func TestMaxOffline(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.Advance(719 * time.Hour)
	if a := n.decide(); a.Degraded != ranking.NotDegraded {
		t.Errorf("after 719 hours: %+v", a)
	}
	n.Advance(2 * time.Hour)
	n.Restart()
	a := n.decide()
	if a.Degraded != ranking.Baseline || a.DegradedBy != ranking.ByStaleModel || len(a.Items) != 3 {
		t.Errorf("after 721 hours: %+v", a)
	}
	if r, err := n.Decider.Replay(a.EventID); err != nil || !r.Agrees || r.Scored {
		t.Errorf("replay after 721 hours: %+v, %v", r, err)
	}
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	if a := n.decide(); a.Degraded != ranking.NotDegraded {
		t.Errorf("after a word from the hub: %+v", a)
	}
}

// Promise 6, the node's part: what is not the very thing that was released, or
// reads what nobody approved, does not run; what ran goes on and Status says why.
func TestUnfitReleasesDontRun(t *testing.T) {
	reseal := func(t *testing.T, b []byte, change func(*bundle.Manifest, *bundle.Parts)) []byte {
		opened, err := bundle.Open(bytes.Clone(b))
		if err != nil {
			t.Fatal(err)
		}
		change(&opened.Manifest, &opened.Parts)
		sealed, err := bundle.Seal(opened.Manifest, opened.Parts)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	model := func(change func(*bundle.Manifest, *bundle.Parts)) func(*testing.T, map[string][]byte) {
		return func(t *testing.T, files map[string][]byte) {
			files["model/hero"] = reseal(t, files["model/hero"], change)
		}
	}
	set := func(name, text string) func(*testing.T, map[string][]byte) {
		return func(_ *testing.T, files map[string][]byte) { files[name] = []byte(text) }
	}
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, files map[string][]byte)
		change func(*wire.Release)
		is     error
	}{
		"a broken rulebook": {set("slots.yaml", "version: 7\n"), nil, release.ErrRelease},
		"no rulebook":       {func(_ *testing.T, files map[string][]byte) { delete(files, "rules.yaml") }, nil, release.ErrRelease},
		"broken offers":     {set("offers.csv", "id,slot\nx,y\n"), nil, release.ErrRelease},
		"broken rankings":   {set("model/rankings.json", "[1]"), nil, release.ErrRelease},
		"a broken bundle":   {set("model/hero", "AISLEBN"), nil, bundle.ErrBundle},
		"an undeclared column": {set("features.yaml", strings.Replace(nodetest.Features, "  - {name: hour, scope: context, kind: dense, source: time.hour}\n", "", 1)),
			nil, features.ErrColumns},
		"a column for another purpose": {set("features.yaml", strings.Replace(nodetest.Features, "purpose: personalised_offers", "purpose: personalised_content", 1)), nil, features.ErrColumns},
		"a column read otherwise":      {set("features.yaml", strings.Replace(nodetest.Features, "scale: 0.1}", "scale: 0.2}", 1)), nil, features.ErrColumns},
		"another emitter":              {model(func(m *bundle.Manifest, _ *bundle.Parts) { m.Emitter = "linear/99" }), nil, compile.ErrModule},
		"another module":               {model(func(m *bundle.Manifest, _ *bundle.Parts) { m.Module = strings.Repeat("00", 32) }), nil, compile.ErrModule},
		"other golden bits": {model(func(_ *bundle.Manifest, p *bundle.Parts) {
			p.Golden[0].Output = bytes.Repeat([]byte{1}, len(p.Golden[0].Output))
		}), nil, host.ErrGolden},
		"a module that the release does not name": {nil, func(r *wire.Release) {
			for _, s := range r.Scorers {
				s.Module = make([]byte, 32)
			}
		}, release.ErrRelease},
	} {
		t.Run(name, func(t *testing.T) {
			n := enrolled(t)
			n.publish(1, n.files(nodetest.Random(1)), nil)
			if err := n.update(); err != nil {
				t.Fatal(err)
			}
			files := n.files(nodetest.Random(2))
			if c.spoil != nil {
				c.spoil(t, files)
			}
			n.publish(2, files, c.change)
			if err := n.update(); !errors.Is(err, c.is) {
				t.Errorf("%v, want %v", err, c.is)
			}
			n.runs(1)
			if s := n.Releases.Status(); s.Refused == nil || s.Counter != 1 {
				t.Errorf("%+v", s)
			}
			if err := n.update(); err != nil {
				t.Errorf("it is tried again: %v", err)
			}
			n.Restart()
			n.runs(1)
			n.decide()
			n.publish(3, n.files(nodetest.Random(3)), nil)
			if err := n.update(); err != nil || n.Releases.Status().Refused != nil {
				t.Errorf("the next one: %v, %v", err, n.Releases.Status().Refused)
			}
			n.runs(3)
		})
	}
}

// What is cut short or changed on the way is not taken, and comes again.
func TestTruncatedArtifact(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	n.cut = 3
	for range 2 {
		if err := n.update(); err == nil {
			t.Error("a truncated artifact was taken")
		}
		n.runs(0)
	}
	n.cut = 0
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.runs(1)
}

// Promise 6, as the node tells it: whatever is wrong with a release, what ran goes
// on, the status says why under a stable type, and the next sound one is taken.
func TestRefusedReleasesSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(n *node)
		slug  string
	}{
		"a wrong signature":    {func(n *node) { n.publish(3, n.files(nodetest.Random(3)), nil); n.forged = true }, "release-signature"},
		"a lowered counter":    {func(n *node) { n.repo.Withdraw(2) }, "release-rollback"},
		"files of the past":    {func(n *node) { n.old = n.past }, "release-rollback"},
		"a truncated artifact": {func(n *node) { n.publish(3, n.files(nodetest.Random(3)), nil); n.cut = 3 }, "release-damaged"},
		"a corrupt module": {func(n *node) {
			files := n.files(nodetest.Random(3))
			files["model/hero"][len(files["model/hero"])/2] ^= 1
			n.publish(3, files, nil)
		}, "release-damaged"},
		"another module": {func(n *node) {
			n.publish(3, n.files(nodetest.Random(3)), func(r *wire.Release) { r.Scorers[0].Module = make([]byte, 32) })
		}, "release-unfit"},
	} {
		t.Run(name, func(t *testing.T) {
			n := enrolled(t)
			n.hub.t = t
			for counter := uint64(1); counter <= 2; counter++ {
				n.publish(counter, n.files(nodetest.Random(counter)), nil)
				if err := n.update(); err != nil {
					t.Fatal(err)
				}
				if counter == 1 {
					n.past = n.repo.Files()
				}
			}
			c.spoil(n)
			if err := n.update(); err == nil {
				t.Error("it was taken")
			}
			n.runs(2)
			why := localapi.RefusedRelease(n.Releases.Status().Refused)
			if why.Type != localapi.Base+c.slug || why.Detail == "" {
				t.Errorf("%s: %s, want %s", why.Type, why.Detail, c.slug)
			}
			if a := n.decide(); a.Degraded != ranking.NotDegraded || a.Versions.Release != "release 2" {
				t.Errorf("meanwhile %+v", a)
			}
			n.forged, n.cut, n.old = false, 0, nil
			n.publish(4, n.files(nodetest.Random(4)), nil)
			if err := n.update(); err != nil || n.Releases.Status().Refused != nil {
				t.Errorf("the next one: %v, %v", err, n.Releases.Status().Refused)
			}
			n.runs(4)
		})
	}
}

// An artifact that was damaged on the disk does not run: the node goes back, and
// the hub gives it again.
func TestDamagedArtifact(t *testing.T) {
	n := enrolled(t)
	for counter := range uint64(2) {
		n.publish(counter+1, n.files(nodetest.Random(counter+1)), nil)
		if err := n.update(); err != nil {
			t.Fatal(err)
		}
	}
	model := n.Releases.Active().Slot("hero").Scorer.Model
	path := filepath.Join(n.ReleaseDir, "artifacts", hex.EncodeToString(model[:]))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	n.Restart()
	n.runs(1)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.runs(2)
}

// Promise 8: a node whose only model can't be loaded any more, damaged or made for
// another version, still serves by its rules, and gets the same release whole
// from the hub.
func TestModelThatCantRunAnyMore(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	model := n.Releases.Active().Slot("hero").Scorer.Model
	path := filepath.Join(n.ReleaseDir, "artifacts", hex.EncodeToString(model[:]))
	if err := os.WriteFile(path, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.down = true
	for range 2 {
		n.Restart()
		n.runs(1)
		if a := n.decide(); a.Degraded != ranking.Baseline || len(a.Items) != 3 || a.Versions.Release != "release 1" {
			t.Fatalf("%+v", a)
		}
		if n.Releases.Status().Refused == nil {
			t.Error("nobody is told")
		}
	}
	n.down = false
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	if a := n.decide(); a.Degraded != ranking.NotDegraded || n.Releases.Status().Refused != nil {
		t.Errorf("%+v, %v", a, n.Releases.Status().Refused)
	}
}

// poison scores what is like golden vectors, and overflows on real prices.
func poison(l *scoring.Linear) {
	nodetest.Random(9)(l)
	l.Heads[0].Mean[l.Weight(l.Frame.ContextDense+1)] = 3e37 // stock
}

// Promise 7: a module that fails harms no answer, and after three failures the
// node is back on the release before, for good; what failed does not come again.
func TestFailingModuleIsRolledBack(t *testing.T) {
	n := enrolled(t)
	n.Put(nodetest.Item("much", func(it *wire.Item) { it.Stock = 1 << 30 }))
	good, bad := n.files(nodetest.Random(1)), n.files(poison)
	n.publish(1, good, nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.publish(2, bad, nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.runs(2)
	if s := n.Releases.Status(); !s.Provisional {
		t.Errorf("%+v", s)
	}
	n.judged(func() {
		for n.Releases.Active().Counter == 2 {
			if a := n.decide(); a.Versions.Release == "release 2" && (a.Degraded != ranking.Baseline || len(a.Items) != 3) {
				t.Fatalf("%+v", a)
			}
		}
	})
	n.runs(1)
	if a := n.decide(); a.Degraded != ranking.NotDegraded {
		t.Errorf("back on release 1: %+v", a)
	}
	if failed := n.Decider.Stats().Failed; failed < 3 {
		t.Errorf("back after %d failures", failed)
	}
	n.Restart()
	n.runs(1)
	for range 2 {
		if err := n.update(); err != nil {
			t.Fatal(err)
		}
		n.runs(1)
		if s := n.Releases.Status(); !errors.Is(s.Refused, release.ErrQuarantine) || s.Quarantine != 1 {
			t.Errorf("%+v", s)
		}
	}
	n.publish(3, bad, nil) // the same model under a new counter
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.runs(1)
	n.publish(4, good, nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.runs(4)
}

// Promise 7: that all instances of a model are in use is no failure of it. Decisions do
// without, and the release stays.
func TestABusyModelIsNotJudged(t *testing.T) {
	n := enrolled(t)
	n.Put(nodetest.Items(40)...)
	for counter := range uint64(2) {
		n.publish(counter+1, n.files(nodetest.Random(counter)), nil)
		if err := n.update(); err != nil {
			t.Fatal(err)
		}
	}
	var lent []*host.Instance
	for {
		in, err := n.Releases.Active().Slot("hero").Scorer.Module.Borrow()
		if errors.Is(err, host.ErrBusy) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		lent = append(lent, in)
	}
	for range 5 {
		if a := n.decide(); a.Degraded != ranking.Baseline || a.DegradedBy != ranking.ByBusy || len(a.Items) != 3 {
			t.Fatalf("%+v", a)
		}
	}
	for _, in := range lent {
		in.Return()
	}
	n.judged(func() {
		for n.Releases.Status().Provisional {
			n.decide()
		}
	})
	n.runs(2)
	if a := n.decide(); a.Degraded != ranking.NotDegraded {
		t.Errorf("%+v", a)
	}
}

// Where there is no going back, the slot is served without its model.
func TestFailingModuleWithoutARelease(t *testing.T) {
	for name, c := range map[string]func(n *node){
		"the first release": func(n *node) { n.publish(1, n.files(poison), nil) },
		"the minimum has risen": func(n *node) {
			n.publish(1, n.files(nodetest.Random(1)), nil)
			if err := n.update(); err != nil {
				n.t.Fatal(err)
			}
			n.publish(2, n.files(poison), func(r *wire.Release) { r.MinCounter = 2 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := enrolled(t)
			n.hub.t = t
			n.Put(nodetest.Item("much", func(it *wire.Item) { it.Stock = 1 << 30 }))
			c(n)
			if err := n.update(); err != nil {
				t.Fatal(err)
			}
			counter := n.Releases.Active().Counter
			n.judged(func() {
				for n.Releases.Active().Slot("hero").Scorer != nil {
					n.decide()
				}
			})
			n.runs(counter)
			n.Restart()
			n.runs(counter)
			if a := n.decide(); a.Degraded != ranking.Baseline || len(a.Items) != 3 {
				t.Errorf("%+v", a)
			}
		})
	}
}

// judged runs what judges modules beside f.
func (n *node) judged(f func()) {
	running, stop := context.WithCancel(ctx)
	var judge sync.WaitGroup
	judge.Go(func() { _ = n.Releases.Run(running, nil) })
	f()
	stop()
	judge.Wait()
}

// A release is provisional until it has scored well often enough, and not longer;
// one that takes the process down with it is left after three starts.
func TestProvisional(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	n.judged(func() {
		for n.Releases.Status().Provisional {
			n.decide()
		}
	})
	if d := n.Decider.Stats().Decisions; d < 100 {
		t.Errorf("good after %d scores", d)
	}
	for range 5 {
		n.Crash()
		n.runs(1)
	}
	n.publish(2, n.files(nodetest.Random(2)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	for range 5 { // a till that is switched off every night, before a hundred people came
		n.Restart()
		n.runs(2)
	}
	for range 2 {
		n.Crash()
		n.runs(2)
	}
	n.Crash()
	n.runs(1)
	if s := n.Releases.Status(); s.Provisional || s.Quarantine != 1 {
		t.Errorf("%+v", s)
	}
}

// A swap drops no request in flight.
func TestSwapUnderLoad(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var kiosks sync.WaitGroup
	for range 4 {
		kiosks.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				a, err := n.Decider.Decide(ctx, &ranking.Request{Slot: "hero"})
				if err != nil || len(a.Items) != 3 || a.Degraded != ranking.NotDegraded {
					t.Errorf("%+v, %v", a, err)
					return
				}
			}
		})
	}
	for counter := uint64(2); counter <= 12; counter++ {
		n.publish(counter, n.files(nodetest.Random(counter)), nil)
		if err := n.update(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	kiosks.Wait()
	n.runs(12)
	entries, err := os.ReadDir(filepath.Join(n.ReleaseDir, "artifacts"))
	if err != nil || len(entries) > 3+2 { // the files of people, and two models
		t.Errorf("%d artifacts are kept, %v", len(entries), err)
	}
}

// A release that comes at any step of a decision costs it nothing: what began with
// modules that are closed meanwhile begins again with those that took over.
func TestSwapInTheMiddle(t *testing.T) {
	looks, swapAt := 0, 0 // at the time: as a decision begins, before its scores, and after them
	var swap func()
	n := enrolled(t, func(o *nodetest.Options) {
		o.Now = func() time.Time {
			if looks++; looks == swapAt {
				swap()
			}
			return time.Time{}
		}
	})
	counter := uint64(0)
	swap = func() {
		counter++
		n.publish(counter, n.files(nodetest.Random(counter)), nil)
		if err := n.update(); err != nil {
			t.Fatal(err)
		}
	}
	swap()
	for at, decides := range []uint64{1: 2, 2: 3, 3: 3} {
		looks, swapAt = 0, at
		a := n.decide()
		if at > 0 && (a.Versions.Release != fmt.Sprint("release ", decides) || a.Degraded != ranking.NotDegraded || len(a.Items) != 3) {
			t.Errorf("swapped at look %d: %+v", at, a)
		}
	}
	n.runs(4)
	if s := n.Decider.Stats(); s.Failed > 0 {
		t.Errorf("%d scores failed", s.Failed)
	}
}

// A node of its own runs a folder, unsigned; an enrolled one never does.
func TestFolder(t *testing.T) {
	n := enrolled(t)
	files := n.files(nodetest.Random(1))
	if err := n.Releases.Use(files); !errors.Is(err, release.ErrEnrolled) {
		t.Errorf("an enrolled node: %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "model"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read, err := release.ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	own := nodetest.New(t, nodetest.Options{})
	own.Use(read)
	own.Put(nodetest.Items(20)...)
	a, err := own.Decider.Decide(ctx, &ranking.Request{Slot: "hero"})
	if err != nil || a.Degraded != ranking.NotDegraded || a.Versions.Release != "folder" {
		t.Errorf("%+v, %v", a, err)
	}
	read["slots.yaml"] = []byte("version: 0\n")
	if err := own.Releases.Use(read); !errors.Is(err, release.ErrRelease) {
		t.Errorf("a broken folder: %v", err)
	}
	if a, err := own.Decider.Decide(ctx, &ranking.Request{Slot: "hero"}); err != nil || len(a.Items) != 3 {
		t.Errorf("what ran before: %+v, %v", a, err)
	}
}

// The state of a node is read strictly, and a damaged one waits for the hub.
func TestDamagedState(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `{"version":1}`, `{"version":0,"bank":"c"}`, `{"version":0,"unknown":1}`} {
		if err := os.WriteFile(filepath.Join(n.ReleaseDir, "state.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n.Restart()
		n.runs(0)
		if err := n.update(); err != nil {
			t.Fatal(err)
		}
		n.runs(1)
	}
}

// A crash between the steps of an activation leaves the release before, and the
// next word from the hub brings the new one.
func TestCrashWhileActivating(t *testing.T) {
	n := enrolled(t)
	n.publish(1, n.files(nodetest.Random(1)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(n.ReleaseDir, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	n.publish(2, n.files(nodetest.Random(2)), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	for step, leave := range map[string]func(){
		"the manifest is half written": func() {
			if err := os.WriteFile(filepath.Join(n.ReleaseDir, "b.manifest.new"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"the other bank is written": func() {},
		"the state is half written": func() {
			if err := os.WriteFile(filepath.Join(n.ReleaseDir, "state.json.new"), before[:10], 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if err := os.WriteFile(filepath.Join(n.ReleaseDir, "state.json"), before, 0o600); err != nil {
			t.Fatal(err)
		}
		leave()
		n.Crash()
		n.runs(1)
		n.decide()
		if err := n.update(); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		n.runs(2)
		n.Restart()
		n.runs(2)
	}
}
