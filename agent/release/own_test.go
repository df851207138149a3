package release_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ownBundle is a module that somebody wrote, over some of the features that are
// declared.
func ownBundle(t *testing.T) *bundle.Bundle {
	return bundletest.Own(t, bundletest.Column("context", "hour"), bundletest.Column("item", "price"), bundletest.Column("item", "said"))
}

// folderOf is a release folder with the scorer file of a bundle.
func folderOf(t *testing.T, b *bundle.Bundle) map[string][]byte {
	return map[string][]byte{
		"slots.yaml": []byte(nodetest.Slots(nodetest.Slot)), "rules.yaml": []byte(rules), "features.yaml": []byte(nodetest.Features),
		"offers.csv": []byte("id,title,kind,target\n"), "hero.wasm": bundletest.File(t, b),
	}
}

// assemble makes a release of a folder as the centre does.
func assemble(t *testing.T, counter uint64, files map[string][]byte) *registry.Release {
	t.Helper()
	f, err := registry.CheckFiles(files, item.Own)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Assemble(registry.Header{Counter: counter, MinCounter: 1, CreatedMs: 1_767_000_000_000}, registry.Learned{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// release brings the centre's release to the hub; change changes its artifacts
// before it is signed.
func (n *node) release(r *registry.Release, change func(artifacts map[string][]byte)) {
	n.t.Helper()
	files := maps.Clone(r.Artifacts)
	if change != nil {
		change(files)
	}
	n.publish(r.Counter, files, func(signed *wire.Release) { signed.Scorers = r.Scorers })
}

// TestOwnModel goes all the way of a model that was made elsewhere: checked,
// released and signed at the centre, run by a node, explained, recorded, replayed.
func TestOwnModel(t *testing.T) {
	for name, link := range map[string]scoring.Link{"as it is": {}, "behind a link": {Kind: scoring.LinkLogistic, Scale: 0.25}} {
		t.Run(name, func(t *testing.T) {
			n := enrolled(t)
			b := ownBundle(t)
			b.Manifest.Link = link
			n.release(assemble(t, 1, folderOf(t, b)), nil)
			if err := n.update(); err != nil {
				t.Fatal(err)
			}
			decideOwn(t, n.Node, link)
		})
	}
}

// TestTreesGoAllTheWay: trees travel as a module without a model, and are
// explained and replayed by it alone.
func TestTreesGoAllTheWay(t *testing.T) {
	n := enrolled(t)
	trees := bundletest.Stumps()
	b := bundletest.Of(t, trees, ownBundle(t).Manifest.Columns...)
	r := assemble(t, 1, folderOf(t, b))
	if sealed, err := bundle.Open(r.Artifacts["own/hero"]); err != nil || len(sealed.Model) > 0 || !bytes.Equal(sealed.Module, b.Module) {
		t.Errorf("released otherwise: %v", err)
	}
	n.release(r, nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	decideBy(t, n.Node, scoring.Link{}, trees.Base[0]+trees.Trees[0].Expect[0], true, func(row scoring.Row) float64 { return trees.Mean(0, row) })
}

// TestLinUCBGoesAllTheWay: the node's emitter makes its module, and there is a
// model in plain Go to be compared with.
func TestLinUCBGoesAllTheWay(t *testing.T) {
	n := enrolled(t)
	b := ownBundle(t)
	s, err := b.Manifest.Frame()
	if err != nil {
		t.Fatal(err)
	}
	s.Variance = true
	model, err := scoring.NewLinUCB(scoring.LinUCBShape{Frame: s, Bias: true})
	if err != nil {
		t.Fatal(err)
	}
	copy(model.Heads[0].Mean, []float32{0.5, 0.25, -2, 1})
	for i := range 4 {
		model.Heads[0].Root[5*i] = 0.5
	}
	n.release(assemble(t, 1, folderOf(t, bundletest.Of(t, model, b.Manifest.Columns...))), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	decideBy(t, n.Node, scoring.Link{}, 0.5, false, scored(t, model))
}

// TestFactorsGoAllTheWay: embeddings of a context's column and of an item's name and
// numbers, which no linear model has.
func TestFactorsGoAllTheWay(t *testing.T) {
	n := enrolled(t)
	columns := append(ownBundle(t).Manifest.Columns, bundle.Column{Name: "item", Scope: bundle.ScopeItem, Kind: bundle.KindHashed, Hash: "xx64"})
	model, err := scoring.NewFactor(scoring.FactorShape{Frame: abi.Shape{ContextDense: 1, Dense: 2, Categorical: 1, Heads: 1}, Bits: 10, Factors: 3})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 0))
	for _, weights := range [][]float32{model.Heads[0].Mean[1:], model.Heads[0].Factor[3:]} { // the bias has no embedding here
		for i := range weights {
			weights[i] = r.Float32() - 0.5
		}
	}
	nothing := model.Linear().Nothing()
	model.Heads[0].Mean[0], model.Heads[0].Mean[nothing] = 0.25, 0
	clear(model.Heads[0].Factor[3*nothing:][:3])
	n.release(assemble(t, 1, folderOf(t, bundletest.Of(t, model, columns...))), nil)
	if err := n.update(); err != nil {
		t.Fatal(err)
	}
	decideBy(t, n.Node, scoring.Link{}, 0.25, false, scored(t, model))
}

// scored is what a model in plain Go answers to a row.
func scored(t *testing.T, model scoring.Model) func(scoring.Row) float64 {
	return func(r scoring.Row) float64 {
		f, err := abi.New(model.FrameShape(), 1)
		if err != nil {
			t.Fatal(err)
		}
		copy(f.ContextDense(), r.ContextDense)
		copy(f.ContextCategorical(), r.ContextCategorical)
		for c, x := range r.Dense {
			f.Dense(0, c)[0] = x
		}
		for c, id := range r.Categorical {
			f.Categorical(0, c)[0] = id
		}
		if err := model.Score(&f); err != nil {
			t.Fatal(err)
		}
		return f.Mean(0)[0]
	}
}

func decideOwn(t *testing.T, n *nodetest.Node, link scoring.Link) {
	t.Helper()
	decideBy(t, n, link, 0, true, func(r scoring.Row) float64 { return bundletest.Sum(slices.Concat(r.ContextDense, r.Dense)) })
}

// decideBy decides and compares scores, reasons and replays with what the model
// should answer to the rows of the records; base is what no feature adds.
func decideBy(t *testing.T, n *nodetest.Node, link scoring.Link, base float64, onlyModule bool, model func(scoring.Row) float64) {
	t.Helper()
	for i := range 100 {
		r := &ranking.Request{Slot: "hero", EventID: fmt.Sprint("e", i), Explain: true}
		if i%2 == 1 {
			for k := range 6 {
				r.Actions = append(r.Actions, ranking.Action{ID: fmt.Sprintf("item-%05d", k), Features: features.Values{{Name: "said", Kind: features.Number, Number: float64(k)}}})
			}
		}
		a, err := n.Decider.Decide(t.Context(), r)
		if err != nil || a.Degraded != ranking.NotDegraded || len(a.Items) != 3 {
			t.Fatalf("%+v, %v", a, err)
		}
		all, _ := n.Decisions()
		sums := recorded(t, all[len(all)-1], model)
		for k, it := range a.Items {
			if want := predicted(link, sums[k]); it.Score != want {
				t.Fatalf("item %d of %s has score %v, want %v", k, r.EventID, it.Score, want)
			}
			told := base
			for _, reason := range it.Reasons {
				told += reason.Contribution
			}
			if math.Abs(told-sums[k]) > 1e-6 || len(it.Reasons) == 0 {
				t.Fatalf("reasons %+v of a mean of %v", it.Reasons, sums[k])
			}
		}
		again, err := n.Decider.Replay(r.EventID)
		if err != nil || !again.Agrees || !again.Scored || !again.Module || again.Reference == onlyModule || again.OnlyModule != onlyModule {
			t.Fatalf("replay %+v, %v", again, err)
		}
	}
	if s := n.Decider.Stats(); s.Failed > 0 {
		t.Errorf("%d scores failed", s.Failed)
	}
}

// recorded is what the module must have answered to the rows of a record.
func recorded(t *testing.T, d *wire.Decision, model func(scoring.Row) float64) (sums []float64) {
	t.Helper()
	f, items := d.Features, len(d.Items)
	row := scoring.Row{ContextDense: view[float32](t, f.ContextDense), ContextCategorical: view[uint32](t, f.ContextCategorical)}
	dense, ids := view[float32](t, f.Dense), view[uint32](t, f.Categorical)
	if len(dense) != 2*items {
		t.Fatal(len(dense))
	}
	for i := range items {
		row.Dense, row.Categorical = dense[2*i:2*i+2], ids[i*len(ids)/items:(i+1)*len(ids)/items]
		sums = append(sums, model(row))
	}
	return sums
}

func view[T float32 | uint32](t *testing.T, packed []byte) []T {
	t.Helper()
	out, err := wire.View[T](packed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func predicted(l scoring.Link, sum float64) float64 {
	if l.Kind == "" {
		return sum
	}
	return 1 / (1 + elementary.Exp(-(l.Scale * sum)))
}

// TestFolderWithOwnModel: a node of its own takes the scorer file as it lies there.
func TestFolderWithOwnModel(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(folderOf(t, ownBundle(t)))
	n.Put(nodetest.Items(20)...)
	decideOwn(t, n, scoring.Link{})
	b := ownBundle(t)
	b.Manifest.Columns[1].Name = "age"
	if err := n.Releases.Use(folderOf(t, b)); !errors.Is(err, release.ErrRelease) || !errors.Is(err, features.ErrColumns) {
		t.Errorf("a column that nobody declared: %v", err)
	}
}

// TestPoliciesThatNeedAVariance: a node of its own refuses what no centre would have
// released.
func TestPoliciesThatNeedAVariance(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	n.Use(folderOf(t, ownBundle(t)))
	for _, policy := range []string{"kind: thompson", "kind: linucb"} {
		files := folderOf(t, ownBundle(t))
		files["slots.yaml"] = bytes.Replace(files["slots.yaml"], []byte("kind: squarecb, epsilon: 0.2, gamma: 10"), []byte(policy), 1)
		if err := n.Releases.Use(files); !errors.Is(err, release.ErrRelease) || !strings.Contains(err.Error(), "no variance") {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

// TestOwnModelsThatNobodyApproved: none of them runs, whoever signed it; the node
// says why, and serves on by the release before.
func TestOwnModelsThatNobodyApproved(t *testing.T) {
	seal := func(change func(b *bundle.Bundle)) func(*registry.Release, map[string][]byte) {
		return func(r *registry.Release, artifacts map[string][]byte) {
			b, err := bundle.Open(artifacts["own/hero"])
			if err != nil {
				t.Fatal(err)
			}
			b.Module = bytes.Clone(b.Module)
			change(b)
			if artifacts["own/hero"], err = bundle.Seal(b.Manifest, b.Parts); err != nil {
				t.Fatal(err)
			}
			r.Scorers[0].Module, _ = hex.DecodeString(b.Manifest.Module)
		}
	}
	var refusal *meter.Refusal
	for name, c := range map[string]struct {
		forge func(*registry.Release, map[string][]byte)
		want  any
	}{
		"a module of other bytes": {seal(func(b *bundle.Bundle) { b.Module[len(b.Module)-1] ^= 1 }), compile.ErrModule},
		"a module without its meter": {seal(func(b *bundle.Bundle) {
			b.Module[bytes.LastIndex(b.Module, []byte{0x6b, 0x24, 0})] = 0x6a // adds where it should subtract
			b.Manifest.Module = compile.Digest(b.Module)
		}), &refusal},
		"other golden vectors": {seal(func(b *bundle.Bundle) {
			b.Golden[0].Output = bytes.Clone(b.Golden[0].Output)
			b.Golden[0].Output[0] ^= 1
		}), host.ErrGolden},
		"a column nobody declared":   {seal(func(b *bundle.Bundle) { b.Manifest.Columns[1].Name = "age" }), features.ErrColumns},
		"a column of another source": {seal(func(b *bundle.Bundle) { b.Manifest.Columns[1].Source = "item.margin" }), features.ErrColumns},
		"another scorer":             {func(r *registry.Release, _ map[string][]byte) { r.Scorers[0].Module = make([]byte, 32) }, release.ErrRelease},
		"a scorer of a model":        {func(r *registry.Release, _ map[string][]byte) { r.Scorers = nil }, release.ErrRelease},
		"a broken bundle":            {func(_ *registry.Release, artifacts map[string][]byte) { artifacts["own/hero"] = []byte("AISLEBN") }, bundle.ErrBundle},
	} {
		t.Run(name, func(t *testing.T) {
			n := enrolled(t)
			n.release(assemble(t, 1, folderOf(t, ownBundle(t))), nil)
			if err := n.update(); err != nil {
				t.Fatal(err)
			}
			r := assemble(t, 2, folderOf(t, ownBundle(t)))
			n.release(r, func(artifacts map[string][]byte) { c.forge(r, artifacts) })
			err := n.update()
			is := errors.Is(err, release.ErrRelease)
			if want, ok := c.want.(error); ok {
				is = is && errors.Is(err, want)
			} else {
				is = is && errors.As(err, c.want)
			}
			if !is {
				t.Errorf("got %v", err)
			}
			n.runs(1)
			decideOwn(t, n.Node, scoring.Link{})
		})
	}
}
