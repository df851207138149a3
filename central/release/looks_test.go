package release

import (
	"bytes"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/central/registry"
)

// TestNewLooksAreTold: a proposal says which features the folder in force does not
// have, or has of another source or for another purpose; a check says all.
func TestNewLooksAreTold(t *testing.T) {
	w := newWorld(t)
	times := "  - {name: times, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers}\n"
	item := registry.Look{Feature: "item", Source: "item.id"}
	if made := w.propose(folder()); !slices.Equal(made.Looks, []registry.Look{item}) {
		t.Errorf("of the first folder %v", made.Looks)
	}
	w.publish(0)
	if made := w.propose(folder()); made.Looks != nil {
		t.Errorf("of the same again %v", made.Looks)
	}
	fresh := registry.Look{Feature: "times", Source: "pair.times_bought", Purpose: "personalised_offers"}
	if made := w.propose(with("features.yaml", "bits: 8", times+"bits: 8")); !slices.Equal(made.Looks, []registry.Look{fresh}) {
		t.Errorf("of another feature %v", made.Looks)
	}
	w.publish(0)
	other := fresh
	other.Purpose, other.Was = "audience_statistics", "pair.times_bought for personalised_offers"
	files := with("features.yaml", "bits: 8", times+"bits: 8")
	files["features.yaml"] = bytes.Replace(files["features.yaml"], []byte("personalised_offers"), []byte("audience_statistics"), 1)
	if made := w.propose(files); !slices.Equal(made.Looks, []registry.Look{other}) {
		t.Errorf("of another purpose %v", made.Looks)
	}
}
