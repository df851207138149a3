package training

import "testing"

// TestSlotWithoutAModelToLearn: where a model was made elsewhere nothing is
// learned, yet its arms are measured and its items ranked.
func TestSlotWithoutAModelToLearn(t *testing.T) {
	b := newBooks(t)
	cfg := config()
	cfg.Models = nil
	b.write("a", 1000, decide(1, "hero", "learned", "milk"))
	b.write("a", 1001, told(1, purchase, "milk", 1))
	b.tick("a", 1000+waitMs+5000)
	b.commit()
	tr := b.trainer(cfg)
	b.study(tr)
	if n, sum := earned(tr, 0); n != 1 || !near(sum, 1) {
		t.Errorf("%d decisions earned %v", n, sum)
	}
	s := tr.Snapshot()
	if len(s.Models) > 0 || s.Stats.Learned > 0 || s.Stats.Otherwise > 0 || s.Stats.Decisions != 1 {
		t.Errorf("learned %+v", s.Stats)
	}
}
