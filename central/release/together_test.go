package release

import (
	"crypto/sha256"
	"testing"

	"github.com/aisle-edge/aisle/modules/together"
	"github.com/aisle-edge/aisle/sync/trust"
)

// TestWhatGoesTogetherIsReleased: a folder whose features ask for it carries what
// the baskets say, a refresh brings the newer, nodes take it, and while the ledger
// is learned again what was released stands. Too few baskets tell nothing.
func TestWhatGoesTogetherIsReleased(t *testing.T) {
	w := newWorld(t)
	w.propose(with("features.yaml", "bits: 8", "  - {name: fit, scope: item, kind: dense, source: pair.basket_fit}\nbits: 8"))
	first := w.publish(0)
	if empty := (&together.Pairs{}).Append(nil); digest(first, goods) != sha256.Sum256(empty) {
		t.Error("nothing is known, and the release says otherwise")
	}
	w.learn(10, 0.5)
	for i := range 6 {
		w.learned.Baskets = append(w.learned.Baskets, []uint64{1, 2})
		if i < 4 {
			w.learned.Baskets = append(w.learned.Baskets, []uint64{1, 3})
		}
	}
	m, err := w.maker.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.maker.cfg.Registry.Read(m.Entry)
	if err != nil {
		t.Fatal(err)
	}
	p, err := together.Parse(files[goods])
	if err != nil {
		t.Fatal(err)
	}
	if near, _, _ := p.Near(1); len(near) != 1 || near[0] != 2 {
		t.Errorf("with 1 goes %v", near)
	}
	if c := w.installed(); c.Release.Counter != m.Counter || c.Role != trust.RefreshRole {
		t.Errorf("the node installs %d of %s", c.Release.Counter, c.Role)
	}
	w.learned = nil
	again := w.propose(with("features.yaml", "bits: 8", "  - {name: fit, scope: item, kind: dense, source: pair.basket_fit}\nbits: 9"))
	if digest(again, goods) != digest(m, goods) {
		t.Error("what was known is forgotten while the ledger is learned again")
	}
	if digest(w.propose(folder()), goods) != [32]byte{} {
		t.Error("a folder that does not ask for it has it")
	}
}

// TestImportedBasketsAreReleased: from the first release on, together with those that
// training sees later, and only where a folder asks.
func TestImportedBasketsAreReleased(t *testing.T) {
	w := newWorld(t)
	var before [][]uint64
	for range 4 {
		before = append(before, []uint64{1, 2})
	}
	w.maker.cfg.Imported = func() [][]uint64 { return before }
	near := func(m Made) int {
		t.Helper()
		files, err := w.maker.cfg.Registry.Read(m.Entry)
		if err != nil {
			t.Fatal(err)
		}
		p, err := together.Parse(files[goods])
		if err != nil {
			t.Fatal(err)
		}
		items, _, _ := p.Near(1)
		return len(items)
	}
	asks := with("features.yaml", "bits: 8", "  - {name: fit, scope: item, kind: dense, source: pair.basket_fit}\nbits: 8")
	w.propose(asks)
	if n := near(w.publish(0)); n != 0 {
		t.Errorf("four baskets tell of %d items: fewer than five would tell of somebody's", n)
	}
	w.learn(10, 0.5)
	w.learned.Baskets = [][]uint64{{1, 3}, {2, 1}}
	m, err := w.maker.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := near(m); n != 1 {
		t.Errorf("four imported and one seen: %d items go with 1, want 1", n)
	}
}
