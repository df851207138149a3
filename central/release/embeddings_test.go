package release

import (
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/together"
)

// TestVectorsAreRefreshedAndCarriedOver: what is bought together makes the vectors and
// pairs of the next refresh, and while the ledger is learned from again a proposal has
// those of the newest release.
func TestVectorsAreRefreshedAndCarriedOver(t *testing.T) {
	w := newWorld(t)
	varied := with("slots.yaml", "kind: content", "kind: content\n    diversity: {mmr: 0.7}")
	varied["features.yaml"] = []byte(strings.Replace(features, "bits:", "  - {name: fit, scope: item, kind: dense, source: pair.basket_fit}\nbits:", 1))
	w.propose(varied)
	full := w.publish(0)
	w.learn(10, 0.5)
	for range 10 {
		w.learned.Baskets = append(w.learned.Baskets, []uint64{1, 2, 3}, []uint64{7, 8})
	}
	m, err := w.maker.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{embeddings, goods} {
		if digest(m, name) == digest(full, name) || digest(full, name) == [32]byte{} {
			t.Errorf("the refresh has the %s of the full release, or that has none", name)
		}
	}
	artifacts, err := w.maker.cfg.Registry.Read(m.Entry)
	if err != nil {
		t.Fatal(err)
	}
	if table, err := embedding.Parse(artifacts[embeddings]); err != nil || table.Len() != 5 || table.Row(8) == embedding.Nowhere {
		t.Errorf("%d vectors; %v", table.Len(), err)
	}
	if p, err := together.Parse(artifacts[goods]); err != nil {
		t.Error(err)
	} else if near, _, _ := p.Near(7); len(near) != 1 || near[0] != 8 {
		t.Errorf("with 7 goes %v", near)
	}
	w.learned = nil
	if again := w.propose(varied); digest(again, embeddings) != digest(m, embeddings) || digest(again, goods) != digest(m, goods) {
		t.Error("a proposal lost what is bought together while the ledger is learned from again")
	}
	if plain := w.propose(folder()); digest(plain, embeddings) != [32]byte{} || digest(plain, goods) != [32]byte{} {
		t.Error("a folder that needs none of it has some")
	}
}
