package world

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

var rewrite = flag.Bool("rewrite", false, "write the generated files of the release anew")

const release = "../../store/release"

func rules(t *testing.T) *rulebook.Rulebook {
	t.Helper()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(release, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	book, err := rulebook.Parse(rulebook.Files{
		Slots: read("slots.yaml"), Rules: read("rules.yaml"), Features: read("features.yaml"),
		Purpose: func(s string) bool { return wire.Purpose(s).Valid() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// TestReleaseFitsTheWorld keeps the folder that people are shown in step with
// the goods, and its offers readable.
func TestReleaseFitsTheWorld(t *testing.T) {
	book := rules(t)
	var offers bytes.Buffer
	if err := WriteOffers(&offers, "home_hero", "home_hero_unruled", "page_hero", "pickup"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(release, "offers.csv")
	if *rewrite {
		if err := os.WriteFile(file, offers.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, offers.Bytes()) {
		t.Errorf("%s is not what WriteOffers gives; run this test with -rewrite", file)
	}
	w := New(1)
	for offer, err := range item.Offers(bytes.NewReader(committed), item.Options{Scheme: item.GTIN}) {
		if err != nil {
			t.Fatal(err)
		}
		if book.Slot(offer.Slot) == nil {
			t.Errorf("offer %s is for the slot %s, which is not there", offer.Id, offer.Slot)
		}
		for _, id := range item.Targets(offer) {
			if _, ok := w.Item(id); !ok {
				t.Errorf("offer %s is for %s, which nobody sells", offer.Id, id)
			}
		}
	}
	ruled, off := book.Slot("home_hero"), book.Slot("home_hero_unruled")
	if len(off.Rules) != 0 || len(ruled.Rules) != len(book.Rules) {
		t.Errorf("rules %v with, %v without", ruled.Rules, off.Rules)
	}
	if off.Model != ruled.ID || off.Experiment.Seed != ruled.Experiment.Seed {
		t.Error("the slot without rules differs from the other by more than the rules")
	}
}
