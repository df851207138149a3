package release

import (
	"errors"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
)

// withOwn is the folder with a second slot, whose model was made elsewhere.
func withOwn(t *testing.T) map[string][]byte {
	f := with("features.yaml", "features:\n", "features:\n  - {name: price, scope: item, kind: dense, source: item.price}\n")
	f["slots.yaml"] = append(f["slots.yaml"], strings.Replace(slots[strings.Index(slots, "  - id: hero"):], "hero", "till", 1)...)
	f["till.wasm"] = bundletest.File(t, bundletest.Own(t, bundletest.Column("item", "price")))
	return f
}

// TestOwnModelsAreNotLearned: refreshes and rollbacks carry them over unchanged,
// also of a maker that was opened again, and nothing is learned for them.
func TestOwnModelsAreNotLearned(t *testing.T) {
	w := newWorld(t)
	w.propose(withOwn(t))
	full := w.publish(0)
	if own := digest(full, "own/till"); own == [32]byte{} || len(full.Lineage) != 1 || full.Lineage[0].Model != "hero" {
		t.Fatalf("published is %+v", full)
	}
	w.start()
	w.learn(10, 0.5)
	refreshed, err := w.maker.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := w.installed(); c.Release.Counter != refreshed.Counter {
		t.Errorf("the node installs %d", c.Release.Counter)
	}
	back, err := w.maker.Rollback(t.Context(), "test", full.Counter, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]Made{"refreshed": refreshed, "rolled back": back} {
		if digest(m, "own/till") != digest(full, "own/till") || digest(m, "model/till") != [32]byte{} {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if digest(refreshed, "model/hero") == digest(full, "model/hero") {
		t.Error("what is learned stood still")
	}
}

// TestNothingToRefreshWhereNothingIsLearned: a folder of own models alone is not
// published again and again.
func TestNothingToRefreshWhereNothingIsLearned(t *testing.T) {
	w := newWorld(t)
	files := withOwn(t)
	files["slots.yaml"] = []byte(strings.Replace(slots, "hero", "till", 1))
	w.propose(files)
	w.publish(0)
	w.learned = &training.Snapshot{Stats: training.Stats{File: 3, Decisions: 40}, Rankings: map[string][]string{"till": {"a"}}}
	m, err := w.maker.Refresh(t.Context())
	if err != nil || digest(m, rankings) == [32]byte{} {
		t.Errorf("new rankings: %+v, %v", m, err)
	}
	w.learned.Stats.Decisions++
	if m, err := w.maker.Refresh(t.Context()); !errors.Is(err, ErrNothing) {
		t.Errorf("refreshed %+v, %v", m, err)
	}
}

// TestOwnModelIsTooLarge: what agents take is bounded, whoever made it.
func TestOwnModelIsTooLarge(t *testing.T) {
	w := newWorld(t)
	w.maxModel = 1000
	w.start()
	files := withOwn(t)
	files["slots.yaml"] = []byte(strings.Replace(slots, "hero", "till", 1))
	if _, err := w.maker.Propose(t.Context(), "test", "", files); !errors.Is(err, ErrPreflight) || !strings.Contains(err.Error(), "own/till has") {
		t.Errorf("got %v", err)
	}
}
