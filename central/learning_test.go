package central

import (
	"path/filepath"
	"testing"

	"github.com/aisle-edge/aisle/central/internal/nodetest"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/sync/item"
)

// TestLessThanWasKnownIsNotReleased: while the ledger is being learned from
// again, or for another folder, there is nothing to release.
func TestLessThanWasKnownIsNotReleased(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(dir, nil, ledger.Schema, training.Schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	books, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger"), db)
	if err != nil {
		t.Fatal(err)
	}
	shop := func() *registry.Folder {
		files := make(map[string][]byte)
		for name, text := range nodetest.Files() {
			files[name] = []byte(text)
		}
		f, err := registry.CheckFiles(files, item.Own)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := shop()
	trainer, err := training.Open(t.Context(), db, books, training.Config{Slots: f.Rulebook.Slots})
	if err != nil {
		t.Fatal(err)
	}
	l := new(learning)
	if l.learned(f) != nil {
		t.Error("learned without a trainer")
	}
	l.set(f, trainer, 1)
	if l.learned(f) != nil {
		t.Error("learned less than the ledger held when the trainer began")
	}
	l.set(f, trainer, 0)
	if l.learned(f) == nil {
		t.Error("nothing learned by a trainer that is up to date")
	}
	if l.learned(shop()) != nil {
		t.Error("learned for a folder that is not trained for")
	}
}

// TestOwnModelsAreNotTrained: the trainer learns for slots whose model it makes;
// of the others it counts what decisions earned.
func TestOwnModelsAreNotTrained(t *testing.T) {
	files := make(map[string][]byte)
	for name, text := range nodetest.Files() {
		files[name] = []byte(text)
	}
	l := new(learning)
	config := func() training.Config {
		f, err := registry.CheckFiles(files, item.Own)
		if err != nil {
			t.Fatal(err)
		}
		return l.config(f)
	}
	if c := config(); len(c.Models) != 1 || len(c.Slots) != 1 {
		t.Errorf("trains %v for %d slots", c.Models, len(c.Slots))
	}
	files["hero.wasm"] = bundletest.File(t, bundletest.Own(t))
	if c := config(); len(c.Models) != 0 || len(c.Slots) != 1 {
		t.Errorf("trains %v for %d slots", c.Models, len(c.Slots))
	}
}
